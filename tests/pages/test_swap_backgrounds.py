"""The page from photograph to verdict; what is wrong is one sentence and the page goes on with what it had."""

from __future__ import annotations

import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.aviary import SPECIES
from bgbias_core.data.pictures import find_pictures, read_picture
from bgbias_core.images import digest, encode_mask_png, encode_png
from pages.components.mask_canvas import DrawnBox, Stroke
from pages.components.mask_editor import Mending
from tests.pages import opening
from tests.pages.opening import checked, sentences, visit, widget

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import MakeCheckpoint

PHOTO = {
    "photo": "Sample picture",
    "sample": "Running cheetah",
    "places": ["Ocean"],
    "photo_models": ["photo-unmasked"],
}
UPLOAD = {**PHOTO, "photo": "Upload"}

open_page = partial(opening.open_page, "swap_backgrounds")


def headers(app: AppTest) -> list[str]:
    return [header.value for header in app.header]


@pytest.fixture
def three(make_checkpoint: MakeCheckpoint) -> None:
    for strategy in ("unmasked", "early", "late"):
        make_checkpoint(f"aviary-convnext-{strategy}")


def big_header() -> bytes:
    """A PNG that says it is 30,000 × 30,000 and holds next to nothing."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


BAD = {
    "text renamed": b"This is no picture at all.",
    "truncated": encode_png(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))[:2000],
    "huge header": big_header(),
    "nothing": b"",
}


@pytest.mark.usefixtures("three")
class TestBird:
    def test_opens_with_a_bird_its_given_mask_and_a_verdict(self) -> None:
        app = open_page()
        assert headers(app) == [
            "1 · Photograph", "2 · Object", "3 · Backgrounds", "4 · Verdict", "5 · Fade the background",
        ]  # fmt: skip
        text = sentences(app)
        assert "Sees the same pixels on every background" in text, "early with given masks"
        assert "-badge[given]" in text
        assert text.count("name changed on 0 of 4 backgrounds") == 2, "unmasked and late name one species always"
        assert not app.error
        assert not app.warning

    def test_the_address_fixes_what_is_shown(self) -> None:
        species = list(SPECIES)[4]
        app = open_page(
            bird_species=species.capitalize(), bird_number="3", places=["Lake", "Snow"], size="60", right="20",
            bird_models=["aviary-convnext-late"], bird_mask="GrabCut",
        )  # fmt: skip
        assert widget(app, "selectbox", "bird_species").value == species
        assert widget(app, "number_input", "bird_number").value == 3
        assert widget(app, "slider", "size").value == 60
        assert "**2 chosen:** Snow, Lake" in sentences(app) or "**2 chosen:** Lake, Snow" in sentences(app)
        assert "-badge[predicted by grabcut]" in sentences(app)
        assert widget(app, "multiselect", "bird_models").value == ["aviary-convnext-late"]

    def test_nonsense_in_the_address_is_passed_over(self) -> None:
        app = open_page(
            photo="Television", bird_species="dodo", bird_number="-7", places=["Atlantis"], size="1e9", fade="x",
            bird_models=["gpt"], bird_mask="../../etc/passwd",
        )  # fmt: skip
        assert widget(app, "selectbox", "bird_species").value == next(iter(SPECIES))
        assert "4 · Verdict" in headers(app)

    def test_a_tampered_card_is_named_and_the_others_answer(self, shipped: Path) -> None:
        card = shipped / "aviary-convnext-late.json"
        card.write_text(card.read_text().replace("Always", "Never"))
        app = open_page()
        assert "aviary-convnext-late" in app.warning[0].value
        assert "Sees the same pixels" in sentences(app)

    def test_damaged_weights_are_named_and_the_others_answer(self, shipped: Path) -> None:
        (shipped / "aviary-convnext-late.safetensors").write_bytes(b"damaged")
        app = open_page()
        assert "'aviary-convnext-late'" in app.error[0].value
        assert "Sees the same pixels" in sentences(app)

    def test_no_scene_is_asked_for(self) -> None:
        app = open_page(places="")
        assert any("at least one scene" in info.value for info in app.info)
        assert "5 · Fade the background" not in headers(app)


@pytest.mark.usefixtures("shipped")
def test_without_classifiers_the_rest_still_works() -> None:
    app = open_page()
    assert "There is no classifier of drawn birds here" in app.warning[0].value
    assert "4 · Verdict" in headers(app)


class TestPhotograph:
    def test_a_sample_picture_goes_to_the_photo_classifiers(self) -> None:
        app = open_page(**PHOTO)
        text = sentences(app)
        assert "-badge[predicted by segmenter-photo]" in text
        assert "Unmasked: **cheetah**" in text
        assert "name changed on" in text

    def test_each_picture_has_words(self) -> None:
        app = open_page(**PHOTO)
        pictures = [picture for element in app.get("image") for picture in element.proto.imgs]
        assert len(pictures) >= 4
        assert all(picture.alt for picture in pictures)

    def test_painting_makes_the_mask_given(self) -> None:
        app = opening.page_file("swap_backgrounds")
        key = digest(read_picture("cheetah"))
        app.session_state["mendings"] = {key: Mending((Stroke(((0.4, 0.5), (0.6, 0.5)), 0.2, keep=True),), 1)}
        visit(app, **{**PHOTO, "photo_models": ["photo-early"]})
        assert "-badge[given by segmenter-photo, mended by hand]" in sentences(app)
        assert "Sees the same pixels on every background" in sentences(app)
        checked(widget(app, "button", "undo_edit").click().run())
        assert "-badge[predicted by segmenter-photo]" in sentences(app)

    def test_a_box_is_a_given_box(self) -> None:
        app = opening.page_file("swap_backgrounds")
        app.session_state["mendings"] = {digest(read_picture("cheetah")): Mending((DrawnBox(0.1, 0.2, 0.9, 0.8),), 1)}
        visit(app, **PHOTO)
        assert "-badge[given box by segmenter-photo]" in sentences(app)

    def test_growing_and_moving(self) -> None:
        app = open_page(**PHOTO, grow="6", feather="3", size="50", down="-20")
        assert "mended by hand" in sentences(app)
        checked(widget(app, "button", "put_back").click().run())
        assert [widget(app, "slider", key).value for key in ("size", "right", "down")] == [100, 0, 0]


class TestUpload:
    def test_a_photograph(self) -> None:
        app = open_page(**UPLOAD)
        assert headers(app) == ["1 · Photograph"]
        content = find_pictures()["chelsea"].read_bytes()
        checked(widget(app, "file_uploader", "photo_upload").set_value(("cat.png", content, "image/png")).run())
        assert "4 · Verdict" in headers(app)
        assert "Unmasked:" in sentences(app)

    @pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
    def test_what_is_no_picture_is_one_sentence_and_the_photograph_stays(self, content: bytes) -> None:
        app = open_page(**UPLOAD)
        uploader = widget(app, "file_uploader", "photo_upload")
        checked(uploader.set_value(("bad.jpg", content, "image/jpeg")).run())
        assert len(app.error) == 1
        assert app.error[0].value.startswith("This picture cannot be used.")
        assert headers(app) == ["1 · Photograph"]
        good = find_pictures()["cheetah"].read_bytes()
        checked(widget(app, "file_uploader", "photo_upload").set_value(("good.jpg", good, "image/jpeg")).run())
        assert not app.error
        checked(widget(app, "file_uploader", "photo_upload").set_value(("bad.jpg", content, "image/jpeg")).run())
        assert len(app.error) == 1
        assert "The photograph before it is still shown." in sentences(app)
        assert "4 · Verdict" in headers(app)

    def test_a_picture_without_an_object_asks_for_one(self) -> None:
        app = open_page(**UPLOAD)
        flat = encode_png(np.full((60, 80, 3), 120, np.uint8))
        checked(widget(app, "file_uploader", "photo_upload").set_value(("flat.png", flat, "image/png")).run())
        assert "No clear object found" in app.warning[0].value
        assert "4 · Verdict" in headers(app)
        assert not app.error

    def test_a_mask_from_a_file(self) -> None:
        app = open_page(**PHOTO, mask="From a file")
        assert "No clear object found" in app.warning[0].value
        mask = np.zeros(read_picture("cheetah").shape[:2], np.float32)
        mask[100:250, 100:400] = 1
        file = ("mask.png", encode_mask_png(mask), "image/png")
        checked(widget(app, "file_uploader", "mask_file").set_value(file).run())
        assert "-badge[given by file]" in sentences(app)

    def test_a_mask_of_another_size_is_one_sentence(self) -> None:
        app = open_page(**PHOTO, mask="From a file")
        file = ("mask.png", encode_mask_png(np.ones((10, 10), np.float32)), "image/png")
        checked(widget(app, "file_uploader", "mask_file").set_value(file).run())
        assert "This mask cannot be used. The mask is 10×10" in app.error[0].value
        assert "4 · Verdict" in headers(app)


class TestScenes:
    def test_a_folder_of_places(self, tmp_path: Path) -> None:
        (tmp_path / "k" / "kitchen").mkdir(parents=True)
        (tmp_path / "k" / "kitchen" / "1.png").write_bytes(encode_png(read_picture("coffee")))
        (tmp_path / "ocean").mkdir()
        (tmp_path / "ocean" / "broken.jpg").write_bytes(b"no picture")
        app = open_page(**{**PHOTO, "places": ""})
        checked(widget(app, "text_input", "scene_folder").set_value(str(tmp_path)).run())
        assert "**1 chosen:** Kitchen (photograph)" in sentences(app)
        assert "broken.jpg cannot be used" in app.error[0].value

    def test_a_folder_that_is_not_there_is_one_sentence(self) -> None:
        app = open_page(**PHOTO)
        checked(widget(app, "text_input", "scene_folder").set_value("/no/such/folder").run())
        assert "There is no folder '/no/such/folder'" in app.error[0].value
        assert "**1 chosen:** Ocean" in sentences(app)

    def test_uploads_good_and_bad(self) -> None:
        app = open_page(**{**PHOTO, "places": ""})
        files = [("a.png", encode_png(read_picture("brick")), "image/png"), ("b.png", BAD["truncated"], "image/png")]
        checked(widget(app, "file_uploader", "scene_uploads").set_value(files).run())
        assert len(app.error) == 1
        assert "**1 chosen:** Upload 1" in sentences(app)

    def test_pictures_that_packages_carry(self) -> None:
        app = open_page(**{**PHOTO, "places": ""}, pictures=["Deep space", "Grass"])
        assert "**2 chosen:** Deep space, Grass" in sentences(app)
        assert "NASA, public domain" in sentences(app)
