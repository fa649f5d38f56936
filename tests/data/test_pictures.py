"""Pictures that packages carry, and scenes from a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import pictures
from bgbias_core.data.pictures import PICTURES, Picture, find_pictures, read_picture
from bgbias_core.data.places import find_scenes
from bgbias_core.errors import ConfigError, ImageError, UnknownNameError
from bgbias_core.images import check_image


class TestPictures:
    def test_every_picture_is_carried_by_the_requirements(self) -> None:
        assert set(find_pictures()) == set(PICTURES)

    @pytest.mark.parametrize("name", PICTURES)
    def test_every_picture_can_be_read(self, name: str) -> None:
        image = read_picture(name)
        check_image(image)
        assert image.std() > 10, "a picture shows something"

    @pytest.mark.parametrize("picture", PICTURES.values(), ids=lambda picture: picture.name)
    def test_each_says_what_it_shows_and_whose_it_is(self, picture: Picture) -> None:
        assert len(picture.description) > len(picture.title) > 2
        assert "CC0" in picture.source or "public domain" in picture.source or "Apache-2.0" in picture.source

    def test_photographs_and_scenes_are_both_there(self) -> None:
        roles = [picture.role for picture in PICTURES.values()]
        assert roles.count("photograph") >= 6
        assert roles.count("scene") >= 3

    def test_finding_imports_none_of_the_packages(self) -> None:
        code = (
            "import sys; from bgbias_core.data.pictures import find_pictures; assert find_pictures(); "
            "print({'skimage', 'gradio'} & set(sys.modules))"
        )
        finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert finished.stdout.strip() == "set()"

    def test_unknown_name(self) -> None:
        with pytest.raises(UnknownNameError, match="chelsea"):
            read_picture("chelsee")

    def test_missing_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lost = Picture("lost", "Lost", "Nothing at all", "scene", "no_such_package_here", "lost.png", "CC0")
        monkeypatch.setitem(pictures.PICTURES, "lost", lost)
        assert "lost" not in find_pictures()
        with pytest.raises(ImageError, match="no_such_package_here"):
            read_picture("lost")


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
        assert find_scenes(tmp_path) == {"f/forest/broadleaf": (forest,), "ocean": (first, ocean)}

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
        from bgbias_core.images import read_image

        found = find_scenes(real_data / "scenes", per_place=2)
        assert "ocean" in found
        assert all(len(paths) == 2 for paths in found.values())
        assert np.ptp(read_image(found["ocean"][0])) > 50
