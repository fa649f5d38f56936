"""CUB's own layout: gaps, order, splits, and index files that cannot be used."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgbias_core.data import open_cub
from bgbias_core.errors import ConfigError
from tests.data import making
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
    make_cub(tmp_path, 3, masks=False)
    (tmp_path / "images" / CUB_CLASSES[3] / "Bird_0000.jpg").rename(tmp_path / "images" / CUB_CLASSES[3] / "a bird.jpg")
    index = tmp_path / "images.txt"
    put(index, "\ufeff" + index.read_text().replace("Bird_0000.jpg", "a bird.jpg", 1).replace("\n", "\r\n\r\n"))
    data = open_cub(tmp_path)
    assert data.entries[2].name == "003.Sooty_Albatross/a bird.jpg"
    assert data.entries[2].label == "Sooty Albatross"


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
        ("images.txt", "9000 003.Sooty_Albatross/../../../secret.jpg", "below images/"),
        ("images.txt", "9000 ..\\secret.jpg", "below images/"),
        ("images.txt", "9000 C:secret.jpg", "below images/"),
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
def test_photographs_that_an_index_passes_over_are_named_together(tmp_path: Path, name: str) -> None:
    make_cub(tmp_path, 7)
    lines = (tmp_path / name).read_text().splitlines()
    put(tmp_path / name, "\n".join(line for line in lines if line.split()[0] not in {"303", "706", "2000"}))
    with pytest.raises(ConfigError, match="3 photographs are listed without their class or split") as caught:
        open_cub(tmp_path)
    for photograph in (
        "003.Sooty_Albatross/Bird_0001",
        "007.Parakeet_Auklet/Bird_0002",
        "020.Yellow_breasted_Chat/Bird_0",
    ):
        assert photograph in str(caught.value)
    assert len(open_cub(tmp_path, check=False).entries) == 18


def test_boxes_lie_around_what_the_file_says(tmp_path: Path) -> None:
    make_cub(tmp_path)
    put(tmp_path / "bounding_boxes.txt", "300 1.5 2.0 7.2 8.0\n303 0.0 0.0 16.0 12.0\n12345 9 9 9 9\n")
    boxes = {entry.name: entry.box for entry in open_cub(tmp_path).entries}
    assert boxes.pop("003.Sooty_Albatross/Bird_0000.jpg") == (1, 2, 8, 8)
    assert boxes.pop("003.Sooty_Albatross/Bird_0001.jpg") == (0, 0, 16, 12)
    assert set(boxes.values()) == {None}
    data = open_cub(tmp_path)
    assert data.read(data.entries[0]).box == (1, 2, 8, 8)


@pytest.mark.parametrize("box", ["1 2 3", "1 2 3 4 5", "a b c d", "1 2 0 4", "1 2 3 -4", "nan 2 3 4", "1 2 inf 4"])
def test_a_box_that_is_none_is_named(tmp_path: Path, box: str) -> None:
    make_cub(tmp_path, 3)
    put(tmp_path / "bounding_boxes.txt", f"303 1 1 5 5\n300 {box}\n")
    with pytest.raises(ConfigError, match=r"bounding_boxes\.txt, line 2: .*left, top, width and height"):
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


def test_missing_photographs_are_missed_at_once(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    (tmp_path / "images" / data.entries[0].name).unlink()
    with pytest.raises(ConfigError, match=re.escape(f"1 photograph is missing ('{data.entries[0].name}')")):
        open_cub(tmp_path)
    again = open_cub(tmp_path, check=False)
    assert again.entries == data.entries
    assert again.fingerprint != data.fingerprint


def test_two_hundred_classes(tmp_path: Path) -> None:
    data = open_cub(making.make_cub(tmp_path))
    assert (len(data.classes), len(data.entries)) == (200, 800)
    assert Counter(entry.split for entry in data.entries) == {"test": 400, "train": 400}
    sample = data.read(data.entries[-1])
    assert sample.label == "Made up bird 200"
    assert sample.mask is not None
    assert sample.box == cv2.boundingRect(sample.mask.astype(np.uint8))


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
    left, top, width, height = data.entries[0].box or (0, 0, 0, 0)
    assert mask[top : top + height, left : left + width].sum() > 0.9 * mask.sum()
