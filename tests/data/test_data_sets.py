"""What every reader promises: the same list every time, splits that share nothing, and samples that are sound."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.aviary import render
from bgbias_core.data import (
    DATA_SETS,
    AviaryQuery,
    AviarySamples,
    DataSet,
    Entry,
    open_cub,
    open_data,
    open_folder,
    open_waterbirds,
    recognise,
)
from bgbias_core.errors import BgBiasError, ConfigError, ImageError, MaskError, UnknownNameError
from bgbias_core.images import check_image, check_pair
from tests.data import making
from tests.data.made_up import make_cub, make_folder, picture, put


@dataclass(frozen=True)
class Case:
    """A data set, how to open it again, and how to change it."""

    open: Callable[[], DataSet]
    changed: Callable[[], DataSet]


def _aviary(_: Path) -> Case:
    query = AviaryQuery("test", 26, size=48)
    return Case(lambda: AviarySamples(query), lambda: AviarySamples(replace(query, seed=1)))


def _cub(folder: Path) -> Case:
    make_cub(folder)
    return Case(lambda: open_cub(folder), lambda: _shortened(folder / "images") and open_cub(folder))


def _folder(folder: Path) -> Case:
    make_folder(folder / "photos", {"red kite": 9, "black kite": 4, "kestrel": 1})
    return Case(lambda: open_folder(folder / "photos"), lambda: _shortened(folder) and open_folder(folder / "photos"))


def _folder_with_masks(folder: Path) -> Case:
    masks = folder / "masks"
    make_folder(folder, {"train/kite": 9, "train/kestrel": 6, "test/kite": 2, "test/kestrel": 2}, masks)
    return Case(lambda: open_folder(folder, masks), lambda: _shortened(masks) and open_folder(folder, masks))


def _many_classes(folder: Path) -> Case:
    making.make_cub(folder, 200, 3)
    return Case(lambda: open_cub(folder), lambda: _shortened(folder / "segmentations") and open_cub(folder))


def _waterbirds(folder: Path) -> Case:
    making.make_waterbirds(folder, masks=True)
    return Case(lambda: open_waterbirds(folder), lambda: _shortened(folder) and open_waterbirds(folder))


def _waterbirds_in_cub(folder: Path) -> Case:
    making.make_waterbirds_in_cub(folder)
    return Case(
        lambda: open_waterbirds(folder), lambda: _shortened(folder / "segmentations") and open_waterbirds(folder)
    )


def _real_cub(folder: Path) -> Case:
    return Case(lambda: open_cub(folder), lambda: open_folder(folder / "images"))


def _shortened(folder: Path) -> Path:
    """Take a byte off the last file of a folder."""
    path = max(found for found in folder.rglob("*.*") if found.is_file())
    path.write_bytes(path.read_bytes()[:-1])
    return path


CASES = {
    "aviary": _aviary,
    "cub": _cub,
    "cub of 200 classes": _many_classes,
    "waterbirds": _waterbirds,
    "waterbirds in cub": _waterbirds_in_cub,
    "folder": _folder,
    "folder with masks": _folder_with_masks,
}


class TestEveryDataSet:
    @pytest.fixture(params=[*CASES, pytest.param("real CUB", marks=pytest.mark.real_data)])
    def case(self, request: pytest.FixtureRequest, tmp_path: Path) -> Case:
        if request.param == "real CUB":
            return _real_cub(request.getfixturevalue("real_data") / "cub")
        return CASES[request.param](tmp_path)

    def test_names_are_unique_and_labels_are_classes(self, case: Case) -> None:
        data = case.open()
        assert len({entry.name for entry in data.entries}) == len(data.entries) > 10
        assert {entry.label for entry in data.entries} <= set(data.classes)
        assert len(set(data.classes)) == len(data.classes) >= 2
        assert data.name in DATA_SETS
        assert data.title
        assert data.licence

    def test_the_list_is_the_same_every_time(self, case: Case) -> None:
        one, two = case.open(), case.open()
        assert list(one.entries) == list(two.entries)
        assert (one.classes, one.fingerprint) == (two.classes, two.fingerprint)

    def test_samples_are_sound_and_the_same_every_time(self, case: Case) -> None:
        data = case.open()
        for entry in [*data.entries[:3], data.entries[-1]]:
            sample, again = data.read(entry), case.open().read(entry)
            assert (sample.name, sample.label, sample.place) == (entry.name, entry.label, entry.place)
            assert (sample.place_group, sample.box) == (entry.place_group, entry.box)
            check_image(sample.image)
            assert np.array_equal(sample.image, again.image)
            assert (sample.mask is not None) == data.has_masks
            if sample.mask is not None and again.mask is not None:
                check_pair(sample.image, sample.mask)
                assert 0 < sample.mask.mean() < 1
                assert np.array_equal(sample.mask, again.mask)

    def test_the_fingerprint_tells_when_something_changed(self, case: Case) -> None:
        before = case.open().fingerprint
        assert len(before) == 64
        assert case.changed().fingerprint != before

    def test_every_part_has_samples_of_its_own(self, case: Case) -> None:
        entries = case.open().entries
        splits = {split: {e.name for e in entries if e.split == split} for split in ("train", "validation", "test")}
        assert sum(map(len, splits.values())) == len(entries)
        assert splits["test"]
        assert splits["train"] or entries[0].name.startswith("test-")


@pytest.mark.parametrize("make", [_cub, _folder_with_masks, _waterbirds], ids=["cub", "folder", "waterbirds"])
class TestDamage:
    @pytest.mark.parametrize(
        ("content", "said"), [(b"", "empty"), (b"no picture", "not a picture"), (None, "no such file")]
    )
    def test_a_damaged_photograph_is_named(
        self, make: Callable[[Path], Case], tmp_path: Path, content: bytes | None, said: str
    ) -> None:
        data, entry, path = self._first(make, tmp_path, ".jpg")
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(ImageError, match=said) as caught:
            data.read(entry)
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"no mask", "not a picture"), (None, "no such file"), (picture(0, 5, 5), "5×5")],
    )
    def test_a_damaged_mask_is_named(
        self, make: Callable[[Path], Case], tmp_path: Path, content: bytes | None, said: str
    ) -> None:
        data, entry, path = self._first(make, tmp_path, ".png")
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(MaskError, match=said) as caught:
            data.read(entry)
        assert str(path) in str(caught.value)

    @staticmethod
    def _first(make: Callable[[Path], Case], root: Path, suffix: str) -> tuple[DataSet, Entry, Path]:
        data = make(root).open()
        entry = data.entries[0]
        name = entry.name.replace(".jpg", suffix)
        (path,) = (found for found in root.rglob(f"*{suffix}") if found.as_posix().endswith(f"/{name}"))
        return data, entry, path


class TestOpenData:
    def test_opens_each_kind_as_its_reader_does(self, tmp_path: Path) -> None:
        cub, own = make_cub(tmp_path / "cub"), make_folder(tmp_path / "own", {"a": 3, "b": 3}, tmp_path / "masks")
        assert open_data("cub", cub).fingerprint == open_cub(cub).fingerprint
        assert open_data("folder", str(own), tmp_path / "masks").fingerprint == (
            open_folder(own, tmp_path / "masks").fingerprint
        )
        assert (recognise(cub), recognise(own)) == ("cub", "folder")
        birds = making.make_waterbirds(tmp_path / "birds")
        assert open_data("waterbirds", birds).fingerprint == open_waterbirds(birds).fingerprint
        assert recognise(birds) == "waterbirds"
        assert recognise(making.make_waterbirds_in_cub(tmp_path / "both")) == "cub", "a folder inside changes nothing"
        put(own / "metadata.csv", "file_name,label\na.jpg,1\n")
        assert recognise(own) == "folder", "somebody else's metadata.csv"
        shutil.rmtree(tmp_path / "masks")
        assert not open_data("folder", own).has_masks

    @pytest.mark.parametrize(
        ("name", "folder", "masks", "said"),
        [
            ("aviary", "x", None, "is drawn"),
            ("cub", None, None, "none was given"),
            ("folder", None, None, "none was given"),
            ("cub", "x", "y", "leave the folder of masks out"),
            ("cub", "x", None, "There is no folder"),
            ("folder", "x", None, "There is no folder"),
            ("waterbirds", "x", None, "There is no folder"),
            ("waterbirds", ".", "y", "There is no folder"),
        ],
    )
    def test_what_cannot_be_opened_is_said(
        self, tmp_path: Path, name: str, folder: str | None, masks: str | None, said: str
    ) -> None:
        with pytest.raises(ConfigError, match=said):
            open_data(name, folder and tmp_path / folder, masks)

    def test_an_unknown_kind(self) -> None:
        with pytest.raises(UnknownNameError, match="cub"):
            open_data("cup", "x")

    def test_the_kinds_say_what_they_need(self) -> None:
        assert {name: spec.needs_folder for name, spec in DATA_SETS.items()} == {
            "aviary": False,
            "cub": True,
            "waterbirds": True,
            "folder": True,
        }


def test_an_aviary_sample_is_its_recipe() -> None:
    data = AviarySamples(AviaryQuery("test", 20, condition="OOD", size=32))
    entry = data.entries[17]
    sample = data.read(entry)
    recipe = data.query.recipes()[17]
    assert entry.name == "test-OOD-00017"
    assert (entry.label, entry.place, data.recipe(entry)) == (recipe.species, recipe.place, recipe)
    rendering = render(recipe, 32)
    for got, expected in (
        (sample.image, rendering.image),
        (sample.mask, rendering.mask),
        (sample.scene, rendering.scene),
    ):
        assert got is not None
        assert np.array_equal(got, expected)
    with pytest.raises(BgBiasError, match="sample"):
        data.read(Entry("test-ID-00017", recipe.species, "test"))


def test_photographs_that_lie_above_the_classes_are_no_samples(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a": 3, "b": 3})
    put(tmp_path / "cover.jpg", picture(1))
    assert len(open_folder(tmp_path).entries) == 6
