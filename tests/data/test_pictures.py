"""Pictures that packages carry, and scenes from a folder."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bgbias_core.data import pictures
from bgbias_core.data.pictures import PICTURES, Picture, find_pictures, read_picture
from bgbias_core.errors import ImageError, UnknownNameError
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
