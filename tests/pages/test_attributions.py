"""Attributions: the grid, its shares, what is kept, what is added, refused and taken away."""

from __future__ import annotations

import io
import shlex
import tempfile
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import bgbias_core.attribution as library
from bgbias_core.attribution import METHODS, Attribution
from bgbias_core.data.pictures import PICTURES
from bgbias_core.images import decode, decode_mask, digest
from bgbias_core.masks import MaskResult, given
from pages.components.attributing import METHOD_TITLES, NAMED, NOBODY, SECOND, Subject, ask, attribution, in_order
from pages.components.attribution_files import maps_zip, sheet_png, twin
from pages.components.attribution_grid import columns, figures_html
from pages.components.mask_canvas import Stroke
from pages.components.mask_editor import Lifted, Mending
from pages.components.pickers import Photograph, _drawn, _test_bird, installed_scene
from tests.pages.conftest import SPECIES_NAMES
from tests.pages.opening import checked, open_page, page_file, sentences, visit, widget

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from bgbias_core.models import Card
    from tests.pages.conftest import MakeCheckpoint

FIRST, SECOND_SPECIES = SPECIES_NAMES[:2]


def htmls(app: AppTest, part: str) -> list[str]:
    return [str(html.proto.body) for html in app.get("html") if part in str(html.proto.body)]


def bird(source: str = "given") -> Subject:
    """A drawn bird; as predicted, with a mask that marks the left half."""
    sample = _drawn(FIRST, 1)
    photograph = Photograph(sample, "A bird", "A drawn bird", _test_bird(FIRST, 1))
    assert sample.mask is not None
    if source == "given":
        return Subject(photograph, Lifted(given(sample.image, sample.mask), None, None, 0.0), {})
    half = np.zeros_like(sample.mask)
    half[:, : half.shape[1] // 2] = 1
    return Subject(photograph, Lifted(MaskResult(half, "predicted", "grabcut"), "grabcut", None, 0.0), {})


def ignore(done: int, total: int) -> None:
    assert 0 <= done <= total


class TestPage:
    def test_it_opens_with_a_grid_of_maps_and_their_shares(self, make_checkpoint: MakeCheckpoint) -> None:
        for strategy in ("unmasked", "early"):
            make_checkpoint(f"aviary-convnext-{strategy}")
        app = open_page("attributions", methods=["Grad-CAM", "Saliency"])
        assert len(htmls(app, 'class="map-label"')) == 2
        assert len(htmls(app, 'class="map-head"')) == 2
        cells = htmls(app, 'class="map"')
        assert len(cells) == 4
        assert all("data:image/jpeg" in cell and "background share" in cell for cell in cells)
        assert len(htmls(app, 'class="scale"')) == 1
        remarks = htmls(app, 'class="remarks"')[0]
        assert remarks.count("<li>") == 2, "early: no pixel can earn anything, and its cells hold fill"
        text = sentences(app)
        assert "n = 1" in text
        assert "no interval" in text
        assert "The given mask marks" in text

    def test_opacity_and_outline_compute_nothing_anew(
        self, make_checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_checkpoint("aviary-convnext-unmasked")
        app = open_page("attributions", methods=["Saliency"])
        before = htmls(app, 'class="map"')

        def refuse(*_: object, **__: object) -> None:
            pytest.fail("computed again")

        monkeypatch.setattr(library, "attribute", refuse)
        checked(widget(app, "slider", "opacity").set_value(20).run())
        thinner = htmls(app, 'class="map"')
        checked(widget(app, "toggle", "outline").set_value(False).run())
        assert len({*before, *thinner, *htmls(app, 'class="map"')}) == 3

    def test_a_class_against_itself_is_refused_in_its_cell(self, make_checkpoint: MakeCheckpoint) -> None:
        make_checkpoint("aviary-convnext-unmasked")
        app = open_page("attributions", methods=["Saliency"], target=FIRST, contrast=FIRST)
        assert "Target and contrast are both" in htmls(app, 'class="map"')[0]

    def test_a_photograph_is_explained_with_the_mask_that_was_mended_before(
        self, make_checkpoint: MakeCheckpoint
    ) -> None:
        make_checkpoint("aviary-convnext-unmasked", "a", classes=("a", "b"))
        app = page_file("attributions")
        picture = installed_scene("chelsea")
        whole = Stroke(((0.0, 0.5), (1.0, 0.5)), 3.0, True)
        app.session_state["mendings"] = {digest(picture): Mending((whole,))}
        visit(app, photo="Sample picture", sample=PICTURES["chelsea"].title, photo_methods=["Saliency"])
        assert "The given mask marks 100% of the picture" in sentences(app)
        checked(widget(app, "toggle", "mended").set_value(False).run())
        assert "The predicted mask marks" in sentences(app)

    def test_without_methods_or_models_it_says_what_to_do(self, make_checkpoint: MakeCheckpoint) -> None:
        make_checkpoint("aviary-convnext-unmasked")
        app = open_page("attributions", methods=["Saliency"])
        checked(widget(app, "button_group", "methods").set_value([]).run())
        assert "Choose at least one method" in sentences(app)
        assert not htmls(app, 'class="map"')

    @pytest.mark.usefixtures("shipped")
    def test_without_any_model_it_names_the_command(self) -> None:
        assert "checkpoints rebuild" in sentences(open_page("attributions"))


class TestAsking:
    def test_targets_and_contrasts(self, make_checkpoint: MakeCheckpoint) -> None:
        card = make_checkpoint("aviary-convnext-unmasked", FIRST)
        plain = ask(card, bird(), NAMED, NOBODY, ["saliency"])
        assert (plain.target, plain.contrast) == (FIRST, None)
        second = ask(card, bird(), NAMED, SECOND, ["saliency"])
        assert second.contrast == second.verdict.names[1]
        other = ask(card, bird(), SECOND_SPECIES, SECOND, ["saliency"])
        assert (other.target, other.contrast) == (SECOND_SPECIES, FIRST)

    @pytest.mark.parametrize(
        ("strategy", "methods", "added"),
        [
            ("late", ["grad_cam"], "integrated_gradients"),
            ("late", ["grad_cam", "shapley"], "integrated_gradients"),
            ("late", ["grad_cam", "saliency"], ""),
            ("late", ["shapley"], ""),
            ("early", ["grad_cam"], ""),
        ],
    )
    def test_late_masking_never_shows_its_own_grid_alone(
        self, make_checkpoint: MakeCheckpoint, strategy: str, methods: list[str], added: str
    ) -> None:
        card = make_checkpoint(f"aviary-convnext-{strategy}")
        asked = ask(card, bird(), NAMED, NOBODY, methods)
        assert asked.added == added
        assert asked.methods == (*methods, *([added] if added else []))

    def test_what_takes_long_comes_last(self, make_checkpoint: MakeCheckpoint) -> None:
        cards = [make_checkpoint(f"aviary-convnext-{strategy}") for strategy in ("unmasked", "early")]
        asked = [ask(card, bird(), NAMED, NOBODY, list(METHODS)) for card in cards]
        order = [method for _, method in in_order(asked)]
        assert order[-2:] == ["integrated_gradients"] * 2
        assert sorted(order) == sorted([*METHODS, *METHODS])

    def test_the_page_names_the_methods_of_the_library(self) -> None:
        assert {name: spec.title for name, spec in METHODS.items()} == METHOD_TITLES


class TestComputing:
    @pytest.fixture
    def card(self, make_checkpoint: MakeCheckpoint) -> Card:
        return make_checkpoint("aviary-convnext-early")

    def test_the_share_of_a_predicted_mask_is_measured_against_the_given_one(self, card: Card) -> None:
        subject = bird("predicted")
        asked = ask(card, subject, NAMED, NOBODY, ["saliency"])
        found = attribution(subject, asked, "saliency", ignore)
        assert (found.mask_source, found.object_source) == ("predicted", "given")
        assert subject.photograph.mask is not None
        assert found.chance == pytest.approx(1 - subject.photograph.mask.mean(), abs=0.01)

    def test_a_rerun_cancels_and_leaves_the_model_free(self, card: Card) -> None:
        class Rerun(BaseException):
            pass

        def cancel(done: int, total: int) -> None:
            raise Rerun

        subject = bird()
        asked = ask(card, subject, NAMED, NOBODY, ["occlusion"])
        with pytest.raises(Rerun):
            attribution(subject, asked, "occlusion", cancel)
        found = attribution(subject, asked, "occlusion", ignore)
        assert attribution(subject, asked, "occlusion", cancel) is found, "kept, so nobody is asked again"

    def test_who_waits_for_a_busy_model_can_be_cancelled(self, card: Card) -> None:
        from pages.components.loaders import load_checkpoint_cached

        _, lock = load_checkpoint_cached(card.name)
        subject = bird()
        asked = ask(card, subject, NAMED, NOBODY, ["saliency"])
        calls: list[int] = []

        def second_time(done: int, total: int) -> None:
            calls.append(done)
            if len(calls) > 1:
                raise TimeoutError

        with lock, pytest.raises(TimeoutError):
            attribution(subject, asked, "saliency", second_time)
        assert isinstance(threading.Lock(), type(lock))
        assert lock.acquire(blocking=False)
        lock.release()

    def test_the_pictures_of_shapley_can_be_cancelled_and_are_made_once(self, card: Card) -> None:
        subject = bird("predicted")
        asked = ask(card, subject, NAMED, NOBODY, ["shapley"])
        seen: list[tuple[int, int]] = []

        def third_time(done: int, total: int) -> None:
            seen.append((done, total))
            if len(seen) == 3:
                raise TimeoutError

        with pytest.raises(TimeoutError):
            attribution(subject, asked, "shapley", third_time)
        assert seen == [(0, 1), (0, 18), (1, 18)]

    def test_shapley_of_a_bird_and_its_numbers(self, card: Card) -> None:
        subject = bird()
        asked = ask(card, subject, NAMED, NOBODY, ["shapley"])
        found = attribution(subject, asked, "shapley", ignore)
        # This model names one species whatever it sees: nobody earns anything.
        assert found.phi_background == pytest.approx(0, abs=1e-6)
        assert found.background_share is None
        text = figures_html(found)
        assert "not defined" in text
        assert "background +0.00" in text or "background -0.00" in text


class TestFiles:
    def test_archive_picture_and_command(self, make_checkpoint: MakeCheckpoint) -> None:
        card = make_checkpoint("aviary-convnext-early")
        subject = bird()
        asked = [ask(card, subject, NAMED, NOBODY, ["saliency", "grad_cam"])]
        found = {(card.name, "saliency"): attribution(subject, asked[0], "saliency", ignore)}

        archive = zipfile.ZipFile(io.BytesIO(maps_zip(subject, found)))
        assert set(archive.namelist()) == {"picture.png", "mask.png", "object.png", f"{card.name}-saliency.npz"}
        np.testing.assert_array_equal(decode(archive.read("picture.png")), subject.photograph.image)
        np.testing.assert_array_equal(decode_mask(archive.read("mask.png")), subject.mask.mask)
        with tempfile.TemporaryDirectory() as folder:
            read = Attribution.load(Path(archive.extract(f"{card.name}-saliency.npz", folder)))
        np.testing.assert_array_equal(read.values, found[card.name, "saliency"].values)

        specs = columns(asked, METHODS)
        assert [spec.name for spec in specs] == ["grad_cam", "saliency"]
        sheet = decode(sheet_png(subject, asked, specs, found, 0.7, outline=True))
        assert sheet.shape[1] > 2 * 320
        assert sheet.std() > 5

        command, _ = twin(subject, asked)
        words = shlex.split(command)
        number = int(words[words.index("--bird") + 1])
        from bgbias_core.aviary import draw_recipes

        assert draw_recipes("test", number)[-1] == subject.photograph.bird
        assert words[words.index("--mask-source") + 1] == "given"
        assert words.count("--method") == 2
        assert words[words.index("--target") + 1] == FIRST

    def test_the_command_of_a_photograph_reads_the_archive(self, make_checkpoint: MakeCheckpoint) -> None:
        card = make_checkpoint("aviary-convnext-early")
        drawn = bird("predicted")
        photograph = Photograph(drawn.photograph.sample, "A photograph", "A photograph")
        subject = Subject(photograph, drawn.lifted, {})
        command, note = twin(subject, [ask(card, subject, NAMED, NOBODY, ["saliency"])])
        assert "--image picture.png --masker grabcut" in command
        assert "archive" in note
        assert "given one" in note


def test_figures_are_escaped_and_complete() -> None:
    base = {
        "method": "integrated_gradients", "checkpoint": "c", "target": "t", "contrast": None, "level": "input",
        "values": np.zeros((2, 2), np.float32), "score": 1.0, "rule": "squash", "mask_source": "none", "masker": "",
        "object_source": "given",
    }  # fmt: skip
    found = Attribution(**base, background_share=0.634, chance=0.78, steps=1024, error=0.5, complete=False)
    assert "read with care<sup>2</sup>" in figures_html(found, "2")
    text = figures_html(replace(found, by_identity="Filled before."), "1")
    assert "<strong>63%</strong>" in text
    assert "the rim alone, no finding<sup>1</sup>" in text
    assert "0 by construction<sup>1</sup>" in figures_html(
        replace(found, by_identity="F.", background_share=0.001), "1"
    )
    assert "chance 78%" in text
    assert "width: 63.4%" in text
    assert "left: 78.0%" in text
    assert "1,024 steps, completeness error 0.500 logits, more than allowed" in text
    unknown = Attribution(**{**base, "object_source": "none"}, background_share=None, chance=None)
    assert "no object found" in figures_html(unknown)
