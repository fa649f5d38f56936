"""Heads for a few species: offered where the photo classifier sees a bird, never in the way where it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.models import Card
from bgbias_core.paths import SHIPPED_CHECKPOINTS
from tests.pages.conftest import MakeCheckpoint
from tests.pages.opening import checked, sentences, visit, widget

TWO = ("Painted Bunting", "Least_Auklet")
HEADS = ["species-small-unmasked", "species-small-early"]


def _page() -> None:
    import streamlit as st

    from bgbias_core.aviary import draw_recipes, render
    from bgbias_core.data import Sample
    from bgbias_core.data.pictures import read_picture
    from pages.components.checkpoint_picker import pick_checkpoints
    from pages.components.pickers import Photograph

    # To the photo classifier this drawing is an upload like any other, and a bird.
    image = read_picture("chelsea") if "cat" in st.query_params else render(draw_recipes("test", 7)[6], 384).image
    cards = pick_checkpoints(Photograph(Sample("upload", image), "Your photograph", "The photograph"), None)
    st.session_state["result"] = [card.name for card in cards]


def open_page(**address: str) -> AppTest:
    return visit(AppTest.from_function(_page, default_timeout=120), **address)


MakeHeads = Callable[..., list[Card]]


@pytest.fixture
def make_heads(make_checkpoint: MakeCheckpoint, shipped: Path) -> MakeHeads:
    """The photo classifier, heads that know two species, and one whose backbone is not on this machine."""

    def make(doubtful_below: float | None = None) -> list[Card]:
        shutil.copy(SHIPPED_CHECKPOINTS / "photo-unmasked.json", shipped)
        made = []
        for name in HEADS:
            like = make_checkpoint(f"aviary-convnext-{name.rpartition('-')[2]}", answer=TWO[0], classes=TWO)
            (shipped / f"{like.name}.json").unlink()
            made.append(like.model_copy(update={"name": name, "doubtful_below": doubtful_below}))
        architecture = made[0].architecture.model_copy(update={"backbone": "focus-vit-small"})
        weights = made[0].weights.model_copy(update={"source": "head"})
        waits = {"name": "species-vit-unmasked", "architecture": architecture, "backbone_sha256": "0" * 64}
        made.append(made[0].model_copy(update={**waits, "weights": weights}))
        for card in made:
            card.write(shipped / f"{card.name}.json")
        return made

    return make


def test_the_imagenet_classifier_answers_first_and_the_heads_are_offered(make_heads: MakeHeads) -> None:
    make_heads()
    app = open_page()
    assert app.session_state["result"] == ["photo-unmasked"]
    text = sentences(app)
    assert "sees a bird" in text
    assert "Painted Bunting, Least\\_Auklet" in text, "their names are in view"
    assert "They always name one of these, also where the bird is none of them." in text
    checked(widget(app, "button", "photo_models_species").click().run())
    assert app.session_state["result"] == ["photo-unmasked", *HEADS]
    assert "The chosen heads know 2 species, and no other bird" in sentences(app)
    assert not [button for button in app.button if button.key == "photo_models_species"]


def test_one_that_waits_is_named_with_its_command_and_cannot_be_chosen(
    make_heads: MakeHeads, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path / "nothing fetched"))
    make_heads()
    app = open_page()
    assert "species-vit-unmasked" not in widget(app, "multiselect", "photo_models").options
    [waiting] = [caption.value for caption in app.caption if "MB download" in caption.value]
    assert "species\\-vit\\-unmasked needs one 90 MB download" in waiting
    assert "`python -m bgbias_core backbones fetch focus-vit-small`" in waiting
    linked = open_page(photo_models="species-vit-unmasked")
    assert "species-vit-unmasked" not in linked.session_state["result"]


def test_where_there_is_no_bird_nothing_is_offered_and_a_chosen_head_is_warned_of(make_heads: MakeHeads) -> None:
    make_heads()
    app = open_page(cat="1")
    assert "sees a bird" not in sentences(app)
    assert not app.warning
    app = open_page(cat="1", photo_models=HEADS[0])
    assert app.session_state["result"] == [HEADS[0]]
    assert "sees no bird here" in app.warning[0].value


def test_without_the_photo_classifier_heads_are_there_and_nothing_fails(make_heads: MakeHeads, shipped: Path) -> None:
    make_heads()
    (shipped / "photo-unmasked.json").unlink()
    app = open_page()
    assert app.session_state["result"] == HEADS
    assert "sees a bird" not in sentences(app)


@pytest.mark.parametrize(("below", "doubted"), [(0.999, True), (0.01, False), (None, False)])
def test_an_unsure_answer_is_probably_none_of_these(make_heads: MakeHeads, below: float | None, doubted: bool) -> None:
    from tests.pages import opening

    make_heads(below)
    app = opening.open_page("swap_backgrounds", photo="Sample picture", photo_models=HEADS[0], places="Ocean")
    assert ("-badge[:material/question_mark: probably none of these]" in sentences(app)) is doubted
