"""Where a file comes from: by hand, from a mirror, from its publisher."""

from __future__ import annotations

import pytest

from bgbias_core.download import MIRROR, choose_source
from bgbias_core.download.sources import beside

URL = "https://example.org/records/1/files/birds.tgz?download=1"


def test_the_publisher_where_nobody_says_otherwise(monkeypatch):
    monkeypatch.delenv(MIRROR, raising=False)
    source = choose_source(URL)
    assert (source.address, source.by_hand, source.path) == (URL, False, None)


@pytest.mark.parametrize("mirror", ["http://10.0.0.1/course", "http://10.0.0.1/course/"])
def test_a_mirror_holds_files_of_the_same_names(monkeypatch, mirror):
    monkeypatch.setenv(MIRROR, mirror)
    assert choose_source(URL).address == "http://10.0.0.1/course/birds.tgz"
    assert choose_source(URL).by_hand
    assert choose_source(URL, "https://example.org/other.tgz").address == "https://example.org/other.tgz"


def test_a_folder_is_a_mirror_too(monkeypatch, tmp_path):
    monkeypatch.setenv(MIRROR, str(tmp_path))
    assert choose_source(URL).path == tmp_path / "birds.tgz"
    assert choose_source(URL, str(tmp_path / "own.tgz")).path == tmp_path / "own.tgz"
    assert choose_source(URL, tmp_path.as_uri()).path == tmp_path / "birds.tgz"


def test_a_second_file_lies_beside_the_first(tmp_path):
    assert beside("http://10.0.0.1/course/a.tar", "b.tar") == "http://10.0.0.1/course/b.tar"
    assert beside("http://10.0.0.1/course/", "b.tar") == "http://10.0.0.1/course/b.tar"
    assert beside(str(tmp_path / "a.tar"), "b.tar") == str(tmp_path / "b.tar")
    assert beside(str(tmp_path), "b.tar") == str(tmp_path / "b.tar")
