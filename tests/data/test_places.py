"""Scenes by place: official layouts, any folder of folders, limits, and lists that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import places as module
from bgbias_core.data.places import find_scenes, place_name
from bgbias_core.errors import ConfigError
from bgbias_core.images import read_image
from tests.data.made_up import put
from tests.data.making import make_scenes


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


class TestFindScenes:
    def test_places_are_folders_nested_ones_too(self, tmp_path: Path) -> None:
        ocean = _touch(tmp_path / "ocean" / "b.JPG")
        first = _touch(tmp_path / "ocean" / "a.png")
        forest = _touch(tmp_path / "f" / "forest" / "broadleaf" / "1.jpg")
        _touch(tmp_path / "ocean" / "notes.txt")
        _touch(tmp_path / ".hidden" / "secret.jpg")
        assert find_scenes(tmp_path) == {"forest/broadleaf": (forest,), "ocean": (first, ocean)}

    def test_a_flat_folder_is_one_place(self, tmp_path: Path) -> None:
        scene = _touch(tmp_path / "kitchen" / "1.jpg")
        assert find_scenes(tmp_path / "kitchen") == {"kitchen": (scene,)}

    def test_the_list_is_bounded(self, tmp_path: Path) -> None:
        for index in range(10):
            _touch(tmp_path / "ocean" / f"{index}.jpg")
        assert [path.name for path in find_scenes(tmp_path, per_place=3)["ocean"]] == ["0.jpg", "1.jpg", "2.jpg"]

    def test_too_deep_is_passed_over(self, tmp_path: Path) -> None:
        _touch(tmp_path / "a" / "b" / "c" / "d" / "e" / "1.jpg")
        _touch(tmp_path / "a" / "1.jpg")
        assert list(find_scenes(tmp_path)) == ["a"]

    def test_links_to_folders_cannot_lead_in_circles(self, tmp_path: Path) -> None:
        _touch(tmp_path / "a" / "1.jpg")
        (tmp_path / "a" / "again").symlink_to(tmp_path)
        assert list(find_scenes(tmp_path)) == ["a"]

    @pytest.mark.parametrize("name", ["absent", "empty", "file.jpg"])
    def test_nothing_to_list_is_one_sentence(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "empty").mkdir()
        _touch(tmp_path / "file.jpg")
        with pytest.raises(ConfigError, match="give"):
            find_scenes(tmp_path / name)

    @pytest.mark.real_data
    def test_real_scenes(self, real_data: Path) -> None:
        found = find_scenes(real_data / "scenes", per_place=2)
        assert "ocean" in found
        assert all(len(paths) == 2 for paths in found.values())
        assert np.ptp(read_image(found["ocean"][0])) > 50


OFFICIAL = {
    "small": [
        "places365_standard/train/forest-broadleaf",
        "places365_standard/val/ocean",
        "places365_standard/train/ocean",
    ],
    "small, its train folder": ["train/forest-broadleaf", "train/ocean"],
    "large": ["data_large/f/forest/broadleaf", "data_large/o/ocean"],
    "256 px": ["data_256/f/forest/broadleaf", "data_256/o/ocean"],
    "letters": ["f/forest/broadleaf", "o/ocean"],
    "any folders": ["forest/broadleaf", "ocean"],
}


class TestPlaces365:
    @pytest.mark.parametrize("folders", OFFICIAL.values(), ids=OFFICIAL)
    def test_places_have_one_name_in_every_layout(self, tmp_path: Path, folders: list[str]) -> None:
        make_scenes(tmp_path, dict.fromkeys(folders, 2))
        found = find_scenes(tmp_path)
        assert list(found) == ["forest/broadleaf", "ocean"]
        assert sum(map(len, found.values())) == 2 * len(folders), "train and val are looked through both"

    @pytest.mark.parametrize("inside", ["places365_standard/train", "places365_standard", "data_large", "data_256"])
    def test_the_folder_inside_may_be_named_itself(self, tmp_path: Path, inside: str) -> None:
        category = "forest-broadleaf" if "standard" in inside else "f/forest/broadleaf"
        make_scenes(tmp_path / inside, {category: 1})
        assert list(find_scenes(tmp_path / inside)) == ["forest/broadleaf"]

    @pytest.mark.parametrize("below", ["val_large", "val_256"])
    @pytest.mark.parametrize("lists", [".", "filelist_places365-standard", "{below}"])
    @pytest.mark.parametrize("named", [".", "{below}"])
    def test_the_flat_validation_folder_is_sorted_by_its_lists(
        self, tmp_path: Path, below: str, lists: str, named: str
    ) -> None:
        self._flat(tmp_path, below, lists.format(below=below))
        found = find_scenes(tmp_path / named.format(below=below))
        assert {place: [path.name[-5] for path in paths] for place, paths in found.items()} == {
            "forest/broadleaf": ["1", "3"],
            "ocean": ["2"],
        }

    def test_without_its_lists_it_is_one_place(self, tmp_path: Path) -> None:
        self._flat(tmp_path, "val_large", ".")
        (tmp_path / "places365_val.txt").unlink()
        assert {place: len(paths) for place, paths in find_scenes(tmp_path).items()} == {"val_large": 3}

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("places365_val.txt", b"Places365_val_00000001.jpg 77\n", "names the category 77"),
            ("places365_val.txt", b"Places365_val_00000001.jpg\n", "expected a name and a number"),
            ("places365_val.txt", b"\xff\xfe", "it is not text"),
            ("categories_places365.txt", None, "No such file"),
        ],
    )
    def test_a_list_that_cannot_be_used_is_named(
        self, tmp_path: Path, name: str, content: bytes | None, said: str
    ) -> None:
        self._flat(tmp_path, "val_large", ".")
        (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match=said) as caught:
            find_scenes(tmp_path)
        assert name in str(caught.value)

    def test_only_some_places_are_looked_through(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_scenes(
            tmp_path / "data_large", {"a/airfield": 9, "f/forest/broadleaf": 2, "f/forest_road": 9, "o/ocean": 2}
        )
        monkeypatch.setattr(module, "MAX_FILES", 4)
        assert list(find_scenes(tmp_path)) == ["airfield"], "the limit is met before the others"
        assert list(find_scenes(tmp_path, only={"forest/broadleaf", "ocean"})) == ["forest/broadleaf", "ocean"]
        with pytest.raises(ConfigError, match="No photograph of lake/natural lies in"):
            find_scenes(tmp_path, only={"lake/natural"})

    @staticmethod
    def _flat(root: Path, below: str, lists: str) -> None:
        for number in (1, 2, 3):
            _touch(root / below / f"Places365_val_{number:08d}.jpg")
        put(root / lists / "places365_val.txt", "".join(f"Places365_val_{n:08d}.jpg {n % 2}\n" for n in (1, 2, 3)))
        put(root / lists / "categories_places365.txt", "\ufeff/o/ocean 0\n/f/forest/broadleaf 1\n")


@pytest.mark.parametrize(
    ("folders", "place"),
    [
        (["train"], "train"),
        (["train", "station"], "station"),
        (["x", "kitchen"], "x/kitchen"),
        (["k", "kitchen"], "kitchen"),
        (["my-kitchen"], "my-kitchen"),
        (["kitchen", "k", "old"], "kitchen/k/old"),
        ([], ""),
    ],
)
def test_names_of_ones_own_stay_as_they_are(folders: list[str], place: str) -> None:
    assert place_name(folders) == place
