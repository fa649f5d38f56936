"""What is known of published archives holds together."""

from __future__ import annotations

import pytest

from bgbias_core.data.archives import PUBLISHED, command_of, published
from bgbias_core.download.sums import kind_of
from bgbias_core.errors import UnknownNameError


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_says_all_that_must_be_said_before_it_comes(name):
    one = published(name)
    assert one.name == name
    assert one.licence
    assert one.archives[0].inside
    assert one.about_bytes < one.max_bytes
    for archive in one.archives:
        assert archive.url.startswith("https://")
        assert archive.name.endswith((".tgz", ".tar.gz", ".tar"))
        assert archive.checksum is None or kind_of(archive.checksum) == "md5"


def test_only_waterbirds_comes_without_a_published_sum():
    assert [name for name, one in PUBLISHED.items() if any(archive.checksum is None for archive in one.archives)] == [
        "waterbirds"
    ]


def test_a_name_that_is_not_known():
    with pytest.raises(UnknownNameError, match="cub"):
        published("cubs")


def test_the_command_for_each():
    assert {command_of(name) for name in PUBLISHED} == {
        "cub",
        "cub-masks",
        "waterbirds",
        "places --which val-256",
        "places --which train-256",
        "places --which train-large",
    }
