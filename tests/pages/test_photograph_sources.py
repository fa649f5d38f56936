"""Where a photograph comes from: what the page knows of it, a folder of data, and a case of another page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.aviary import SPECIES, render
from bgbias_core.data import open_cub, open_folder
from bgbias_core.paths import REPOSITORY
from pages.components import pickers
from pages.components.pickers import AVIARY_SIZE, Photograph
from tests.data.made_up import CUB_CLASSES, make_cub, make_folder
from tests.pages.opening import checked, visit, widget

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import MakeCheckpoint

FOLDER = {"photo": "CUB or own folder"}


def _page() -> None:
    import numpy as np
    import streamlit as st

    from bgbias_core.data import Sample
    from pages.components.pickers import Photograph, pick_photograph

    shown = Photograph(Sample("test 7", np.full((8, 8, 3), 9, np.uint8), "kite"), "Kite *7*", "A kite")
    st.session_state["result"] = pick_photograph(shown if "case" in st.query_params else None)


def open_page(**address: str) -> AppTest:
    return visit(AppTest.from_function(_page, default_timeout=60), **address)


def picked(app: AppTest) -> Photograph:
    photograph = app.session_state["result"]
    assert photograph is not None
    return photograph


def give(app: AppTest, key: str, path: Path | str) -> AppTest:
    return checked(widget(app, "text_input", key).set_value(str(path)).run())


def test_a_bird_knows_its_place_its_mask_and_its_empty_scene() -> None:
    photograph = picked(open_page(bird_number="3"))
    assert photograph.bird is not None
    rendering = render(photograph.bird, AVIARY_SIZE)
    assert photograph.task == "species"
    assert photograph.sample.place == SPECIES[photograph.label or ""].home == photograph.bird.place
    for got, expected in (
        (photograph.image, rendering.image),
        (photograph.mask, rendering.mask),
        (photograph.sample.scene, rendering.scene),
    ):
        assert got is not None
        assert np.array_equal(got, expected)


class TestFolder:
    def test_it_is_asked_for(self) -> None:
        app = open_page(**FOLDER)
        assert app.session_state["result"] is None
        assert "CUB-200-2011" in app.caption[0].value

    def test_cub_is_recognised_and_its_masks_are_given(self, tmp_path: Path) -> None:
        app = give(open_page(**FOLDER), "photo_folder", make_cub(tmp_path))
        photograph = picked(app)
        data = open_cub(tmp_path)
        assert (photograph.label, photograph.task, photograph.bird) == (data.classes[0], "imagenet", None)
        assert photograph.sample.name == f"{CUB_CLASSES[3]}/Bird_0000.jpg", "test photographs come first"
        assert "test part; its mask is **given**. Licence of use: research" in app.caption[0].value
        first = data.read(data.entries[0])
        assert photograph.mask is not None
        assert first.mask is not None
        assert np.array_equal(photograph.image, first.image)
        assert np.array_equal(photograph.mask, first.mask)

    def test_class_and_number_are_chosen(self, tmp_path: Path) -> None:
        app = give(open_page(**FOLDER), "photo_folder", make_cub(tmp_path))
        checked(widget(app, "number_input", "photo_number").set_value(14).run())
        assert "train part" in app.caption[0].value
        checked(widget(app, "selectbox", "photo_class").set_value("Parakeet Auklet").run())
        assert picked(app).label == "Parakeet Auklet"
        names = set()
        for number in range(1, 15):
            checked(widget(app, "number_input", "photo_number").set_value(number).run())
            names.add(picked(app).sample.name)
        assert names == {entry.name for entry in open_cub(tmp_path).entries if entry.label == "Parakeet Auklet"}

    def test_an_own_folder_has_masks_where_they_are_named(self, tmp_path: Path) -> None:
        photos, masks = tmp_path / "photos", tmp_path / "masks"
        make_folder(photos, {"red kite": 4, "kestrel": 1}, masks)
        app = give(open_page(**FOLDER), "photo_folder", photos)
        assert (picked(app).label, picked(app).mask) == ("kestrel", None)
        assert "no given mask" in app.caption[0].value
        give(app, "photo_masks", masks)
        data = open_folder(photos, masks)
        expected = data.read(data.entries[0]).mask
        found = picked(app).mask
        assert found is not None
        assert expected is not None
        assert np.array_equal(found, expected)

    def test_another_folder_may_have_other_classes(self, tmp_path: Path) -> None:
        app = give(open_page(**FOLDER), "photo_folder", make_cub(tmp_path / "cub"))
        checked(widget(app, "number_input", "photo_number").set_value(14).run())
        checked(widget(app, "selectbox", "photo_class").set_value("Yellow breasted Chat").run())
        give(app, "photo_folder", make_folder(tmp_path / "own", {"bus": 2, "cup": 1}))
        assert picked(app).label == "bus"

    @pytest.mark.parametrize("content", [None, b"no picture"])
    def test_what_cannot_be_read_is_one_sentence(self, tmp_path: Path, content: bytes | None) -> None:
        make_cub(tmp_path)
        path = tmp_path / "images" / CUB_CLASSES[3] / "Bird_0000.jpg"
        path.unlink() if content is None else path.write_bytes(content)
        app = give(open_page(**FOLDER), "photo_folder", tmp_path)
        assert str(path) in app.error[0].value
        checked(widget(app, "number_input", "photo_number").set_value(2).run())
        assert picked(app).label == "Sooty Albatross"
        assert not app.error

    @pytest.mark.parametrize("path", ["/nowhere/at all", "~nobody-at-all", "x" * 300, "\x00", "{tmp}"])
    def test_no_data_is_one_sentence(self, tmp_path: Path, path: str) -> None:
        app = give(open_page(**FOLDER), "photo_folder", path.replace("{tmp}", str(tmp_path)))
        assert len(app.error) == 1
        assert app.session_state["result"] is None


@pytest.mark.parametrize(("label", "said"), [("kite", ", right"), ("kestrel", ", wrong"), ("bus", "")])
def test_a_name_is_right_or_wrong_only_where_it_could_be_right(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, label: str, said: str
) -> None:
    make_checkpoint("aviary-convnext-unmasked", answer="kite", classes=("kestrel", "kite"))
    make_folder(tmp_path / "photos", {label: 1, "zebra": 1}, tmp_path / "masks")
    app = AppTest.from_file(str(REPOSITORY / "pages" / "swap_backgrounds.py"), default_timeout=120)
    app.query_params["photo"] = FOLDER["photo"]
    app.query_params["places"] = ["Ocean"]
    give(checked(app.run()), "photo_folder", tmp_path / "photos")
    give(app, "photo_masks", tmp_path / "masks")
    answers = [shown.value for shown in app.markdown if shown.value.startswith("On the original")]
    assert [answer.partition("%")[2] for answer in answers] == [said]
    assert widget(app, "selectbox", "bird_mask").value == "given"


class TestCase:
    def test_it_comes_first_and_is_chosen(self) -> None:
        app = open_page(case="x:1", photo="Upload")
        assert picked(app).sample.name == "test 7"
        assert [text.value for text in app.text] == ["Kite *7*", "test 7"]

    def test_every_other_source_is_still_there(self) -> None:
        app = open_page(case="x:1", case_photo="Sample picture")
        assert picked(app).sample.name in pickers.find_pictures()

    def test_without_one_there_is_no_such_choice(self) -> None:
        assert picked(open_page(photo="Chosen case")).bird is not None
