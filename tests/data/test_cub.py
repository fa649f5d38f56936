"""CUB's own layout: gaps, order, splits, and index files that cannot be used."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import open_cub
from bgbias_core.errors import ConfigError
from tests.data.made_up import CUB_CLASSES, make_cub, put


def test_classes_are_readable_and_in_the_order_of_their_ids(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    assert data.classes == ("Sooty Albatross", "Parakeet Auklet", "Yellow breasted Chat")
    labels = {entry.name.split("/")[0]: entry.label for entry in data.entries}
    assert labels == dict(
        zip(CUB_CLASSES.values(), ("Sooty Albatross", "Yellow breasted Chat", "Parakeet Auklet"), strict=True)
    )
    assert all(entry.place is None for entry in data.entries)
    assert data.licence == "research and education only (CUB-200-2011)"


def test_its_test_photographs_stay_and_one_in_six_of_the_others_validates(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    for label in data.classes:
        counts = Counter(entry.split for entry in data.entries if entry.label == label)
        assert counts == {"test": 2, "train": 10, "validation": 2}
    assert {entry.name[-8:-4] for entry in data.entries if entry.split == "test"} == {"0000", "0007"}


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    one, two = open_cub(make_cub(tmp_path / "one")), open_cub(make_cub(tmp_path / "two", backwards=True))
    assert one.entries == two.entries
    assert one.fingerprint == two.fingerprint


def test_a_class_splits_the_same_whatever_else_is_there(tmp_path: Path) -> None:
    whole = open_cub(make_cub(tmp_path))
    rows = [line for line in (tmp_path / "images.txt").read_text().splitlines() if "Chat" not in line]
    put(tmp_path / "images.txt", "\n".join(rows))
    part = open_cub(tmp_path)
    assert part.classes == ("Sooty Albatross", "Parakeet Auklet"), "a class without photographs is left out"
    assert set(part.entries) == {entry for entry in whole.entries if "Chat" not in entry.name}


def test_masks_above_zero_are_foreground(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    mask = data.read(data.entries[0]).mask
    assert mask is not None
    assert mask.dtype == np.float32
    assert not mask[:, :8].any()
    assert (mask[:, 8:] == 1).all()


def test_without_segmentations_there_are_no_masks(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path, masks=False))
    assert not data.has_masks
    assert data.read(data.entries[0]).mask is None


def test_names_may_hold_spaces_and_lines_may_be_empty(tmp_path: Path) -> None:
    make_cub(tmp_path, 2)
    (tmp_path / "images" / CUB_CLASSES[3] / "Bird_0000.jpg").rename(tmp_path / "images" / CUB_CLASSES[3] / "a bird.jpg")
    index = tmp_path / "images.txt"
    put(index, "\ufeff" + index.read_text().replace("Bird_0000.jpg", "a bird.jpg", 1).replace("\n", "\r\n\r\n"))
    data = open_cub(tmp_path)
    assert data.entries[1].name == "003.Sooty_Albatross/a bird.jpg"
    assert data.entries[1].label == "Sooty Albatross"


@pytest.mark.parametrize("name", ["images.txt", "classes.txt", "image_class_labels.txt", "train_test_split.txt"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_an_index_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = make_cub(tmp_path, 2) / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        open_cub(tmp_path)


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("images.txt", "abc", "an id, a space and a value"),
        ("images.txt", "9000", "an id, a space and a value"),
        ("images.txt", "-1 003.Sooty_Albatross/x.jpg", "an id, a space and a value"),
        ("images.txt", "300 003.Sooty_Albatross/x.jpg", "the id 300 a second time"),
        ("images.txt", "9000 003.Sooty_Albatross/Bird_0000.jpg", "a second time"),
        ("images.txt", "9000 ../../secret.jpg", "below images/"),
        ("images.txt", "9000 /etc/secret.jpg", "below images/"),
        ("image_class_labels.txt", "300 4", "an id of a class in classes.txt"),
        ("train_test_split.txt", "300 2", "1 (training) or 0 (test)"),
        ("classes.txt", "3 003.Another", "a new id"),
        ("classes.txt", "4 004.Sooty_Albatross", "a new name"),
        ("classes.txt", "4 004.", "a new name"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, name: str, line: str, said: str) -> None:
    path = make_cub(tmp_path, 2) / name
    before = path.read_text()
    put(path, f"{before}{line}\n")
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        open_cub(tmp_path)
    assert f"{name}, line {before.count(chr(10)) + 1}" in str(caught.value)


@pytest.mark.parametrize("name", ["image_class_labels.txt", "train_test_split.txt"])
def test_an_image_that_an_index_passes_over_is_named(tmp_path: Path, name: str) -> None:
    make_cub(tmp_path, 2)
    index = tmp_path / "images.txt"
    put(index, index.read_text() + "9000 003.Sooty_Albatross/new.jpg\n")
    with pytest.raises(ConfigError, match=re.escape("image 9000, '003.Sooty_Albatross/new.jpg'")):
        open_cub(tmp_path)
    put(tmp_path / "image_class_labels.txt", (tmp_path / "image_class_labels.txt").read_text() + "9000 3\n")
    with pytest.raises(ConfigError, match=r"train_test_split\.txt says nothing of image 9000"):
        open_cub(tmp_path)


def test_one_class_is_refused(tmp_path: Path) -> None:
    make_cub(tmp_path, 2)
    index = tmp_path / "images.txt"
    put(index, "\n".join(line for line in index.read_text().splitlines() if "Sooty" in line))
    with pytest.raises(ConfigError, match="only the class 'Sooty Albatross'"):
        open_cub(tmp_path)
    put(index, "")
    with pytest.raises(ConfigError, match="no class"):
        open_cub(tmp_path)


def test_missing_photographs_are_only_missed_when_read(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    (tmp_path / "images" / data.entries[0].name).unlink()
    again = open_cub(tmp_path)
    assert again.entries == data.entries
    assert again.fingerprint != data.fingerprint


@pytest.mark.real_data
def test_the_real_ones(real_data: Path) -> None:
    data = open_cub(real_data / "cub")
    assert len(data.entries) == 1038
    assert len(data.classes) == 18
    assert data.classes[0] == "Black footed Albatross"
    assert Counter(entry.split for entry in data.entries)["test"] == 498
    mask = data.read(data.entries[0]).mask
    assert mask is not None
    assert set(np.unique(mask)) == {0, 1}
