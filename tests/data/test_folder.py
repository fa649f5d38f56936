"""A folder of one's own: classes, splits, masks, and what is passed over or refused."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import folder as module
from bgbias_core.data import open_folder
from bgbias_core.errors import ConfigError
from tests.data.made_up import make_folder, picture, put


def counts(root: Path, label: str) -> dict[str, int]:
    return dict(Counter(entry.split for entry in open_folder(root).entries if entry.label == label))


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, {"train": 1}),
        (2, {"train": 1, "test": 1}),
        (3, {"train": 1, "validation": 1, "test": 1}),
        (5, {"train": 3, "validation": 1, "test": 1}),
        (20, {"train": 12, "validation": 3, "test": 5}),
        (100, {"train": 60, "validation": 15, "test": 25}),
    ],
)
def test_each_class_is_split_by_itself(tmp_path: Path, n: int, expected: dict[str, int]) -> None:
    make_folder(tmp_path, {"few": n, "others": 8})
    assert counts(tmp_path, "few") == expected
    assert sum(counts(tmp_path, "others").values()) == 8


def test_a_class_splits_the_same_whatever_else_is_there(tmp_path: Path) -> None:
    make_folder(tmp_path / "one", {"a": 20, "b": 3})
    make_folder(tmp_path / "two", {"a": 20, "c": 9, "d": 2})
    ours = [{e for e in open_folder(tmp_path / name).entries if e.label == "a"} for name in ("one", "two")]
    assert ours[0] == ours[1]


def test_folders_for_the_splits_are_kept(tmp_path: Path) -> None:
    make_folder(tmp_path, {"train/kite": 4, "train/kestrel": 4, "val/kite": 2, "test/kite": 3, "train/rook": 1})
    data = open_folder(tmp_path)
    assert data.classes == ("kestrel", "kite", "rook")
    for entry in data.entries:
        split, label, *_ = entry.name.split("/")
        assert (entry.split, entry.label) == ({"val": "validation"}.get(split, split), label)


def test_validation_is_taken_from_training_where_it_has_no_folder(tmp_path: Path) -> None:
    make_folder(tmp_path, {"train/kite": 12, "train/kestrel": 18, "test/kite": 12})
    assert counts(tmp_path, "kite") == {"train": 10, "validation": 2, "test": 12}
    assert counts(tmp_path, "kestrel") == {"train": 15, "validation": 3}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    make_folder(tmp_path, {"train": 3, "bus": 3})
    assert open_folder(tmp_path).classes == ("bus", "train")


def test_a_stranger_beside_the_splits_is_named(tmp_path: Path) -> None:
    make_folder(tmp_path, {"train/a": 2, "train/b": 2, "test/a": 1, "masks/a": 1})
    with pytest.raises(ConfigError, match="'masks', which is no split"):
        open_folder(tmp_path)


def test_masks_are_taken_as_they_are(tmp_path: Path) -> None:
    make_folder(tmp_path / "photos", {"a": 3, "b": 3}, tmp_path / "masks")
    data = open_folder(tmp_path / "photos", tmp_path / "masks")
    mask = data.read(data.entries[0]).mask
    assert mask is not None
    assert np.unique(mask).tolist() == [0, np.float32(40 / 255), 1]


def test_masks_may_lie_inside_and_are_no_class(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 3, "b": 3}, tmp_path / "masks")
    assert open_folder(tmp_path, tmp_path / "masks").classes == ("a", "b")


def test_a_photograph_without_its_mask_is_named(tmp_path: Path) -> None:
    make_folder(tmp_path / "photos", {"a": 3, "b": 3}, tmp_path / "masks")
    (tmp_path / "masks" / "b" / "2.png").unlink()
    with pytest.raises(ConfigError, match=r"1 photograph has no mask \('b/2\.jpg'\)"):
        open_folder(tmp_path / "photos", tmp_path / "masks")


def test_hidden_files_links_and_other_files_are_passed_over(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 3, "b": 3})
    expected = open_folder(tmp_path).entries
    for name in (".hidden/1.jpg", "a/.git/1.jpg", "a/.1.jpg", "a/notes.txt", "a/1.jpg.part"):
        put(tmp_path / name, picture(1))
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "c").symlink_to(tmp_path / "b")
    assert open_folder(tmp_path).entries == expected


def test_classes_without_photographs_are_named_together(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 3, "b": 3})
    put(tmp_path / "rook" / "IMG_1.heic", b"of a kind that is not read")
    (tmp_path / "wren").mkdir()
    with pytest.raises(ConfigError, match=r"2 classes have no photographs \('rook', 'wren'\)"):
        open_folder(tmp_path)
    assert open_folder(tmp_path, check=False).classes == ("a", "b")


def test_classes_without_training_photographs_are_named(tmp_path: Path) -> None:
    make_folder(tmp_path, {"train/kite": 4, "train/kestrel": 4, "test/kite": 2, "test/rook": 1})
    with pytest.raises(ConfigError, match=r"1 class has no photographs to train on \('rook'\)"):
        open_folder(tmp_path)


def test_a_set_to_test_on_needs_no_training_photographs(tmp_path: Path) -> None:
    make_folder(tmp_path, {"test/kite": 2, "test/rook": 1})
    assert open_folder(tmp_path).classes == ("kite", "rook")


@pytest.mark.parametrize("beside", ["masks", "segmentations"])
@pytest.mark.parametrize("named", [False, True])
def test_images_and_masks_may_lie_beside_each_other(tmp_path: Path, beside: str, named: bool) -> None:
    make_folder(tmp_path / "images", {"a": 3, "b": 3}, tmp_path / beside)
    data = open_folder(tmp_path, tmp_path / beside if named else None)
    assert (data.classes, data.has_masks, data.folder) == (("a", "b"), True, tmp_path)
    assert data.entries == open_folder(tmp_path / "images").entries
    assert data.read(data.entries[0]).mask is not None


def test_a_class_may_be_called_images(tmp_path: Path) -> None:
    make_folder(tmp_path, {"images": 3, "masks": 3, "c": 3})
    assert open_folder(tmp_path).classes == ("c", "images", "masks")


def test_endings_are_those_of_pictures(tmp_path: Path) -> None:
    for name in ("a/1.JPG", "a/two words.webp", "b/ünï.png", "b/3.TIFF"):
        put(tmp_path / name, picture(1))
    data = open_folder(tmp_path)
    assert [entry.name for entry in data.entries] == ["a/1.JPG", "a/two words.webp", "b/3.TIFF", "b/ünï.png"]
    assert all(data.read(entry).image.shape == (12, 16, 3) for entry in data.entries)


@pytest.mark.parametrize("place", ["empty", "file.jpg", "absent", "one class", "x" * 300])
def test_nothing_to_learn_from_is_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path / "file.jpg", picture(1))
    put(tmp_path / "one class" / "a" / "1.jpg", picture(1))
    with pytest.raises(ConfigError, match=r"at least two classes|There is no folder"):
        open_folder(tmp_path / place)


def test_the_home_of_nobody_is_no_folder() -> None:
    with pytest.raises(ConfigError, match="There is no folder '~nobody-at-all/photos'"):
        open_folder("~nobody-at-all/photos")


def test_masks_that_are_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folder of the masks"):
        open_folder(make_folder(tmp_path, {"a": 2, "b": 2}), tmp_path / "absent")


def test_a_whole_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path, {"a": 4, "b": 4})
    monkeypatch.setattr(module, "MAX_FILES", 7)
    with pytest.raises(ConfigError, match="more than 7 files"):
        open_folder(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_a_name_that_no_table_can_hold_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 2, "b": 2})
    put(Path(os.fsdecode(bytes(tmp_path / "a") + b"/\xff.jpg")), picture(1))
    with pytest.raises(ConfigError, match="not UTF-8"):
        open_folder(tmp_path)
