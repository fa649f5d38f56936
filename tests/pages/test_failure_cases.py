"""Failure cases: counts, filters, pages and attractions of a small evaluation; what is wrong is one sentence."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.evaluation import Evaluation, evaluate_on_aviary
from bgbias_core.evaluation.failures import attraction
from bgbias_core.models import load_checkpoint
from bgbias_core.paths import own_evaluations
from pages.components.attraction import attraction_html, strongest_sentence
from pages.failure_cases import cases_csv
from tests.pages import opening
from tests.pages.opening import checked, sentences, widget

if TYPE_CHECKING:
    from tests.pages.conftest import MakeCheckpoint

N, FIRST = 36, 2
MODEL = "Always spike-crested jay · looks at no mask"


@pytest.fixture
def evaluation(make_checkpoint: MakeCheckpoint, no_shipped: None) -> Evaluation:
    """36 birds, and two checkpoints that always answer with one species each."""
    make_checkpoint("aviary-convnext-unmasked", "spike-crested jay")
    make_checkpoint("aviary-convnext-early", "fan-crested jay")
    names = ("aviary-convnext-unmasked", "aviary-convnext-early")
    made = evaluate_on_aviary([load_checkpoint(name, "cpu") for name in names], n=N, n_predicted=FIRST, name="small")
    made.save(own_evaluations() / "small.parquet")
    return made


@pytest.fixture
def no_shipped(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """No evaluations but those of the test."""
    monkeypatch.setattr("bgbias_core.evaluation.results.SHIPPED_EVALUATIONS", home / "none")


open_page = partial(opening.open_page, "failure_cases")


def cards(app: AppTest) -> list[str]:
    return [str(html.proto.body) for html in app.get("html") if 'class="case"' in str(html.proto.body)]


def test_without_an_evaluation_the_page_says_what_to_do(no_shipped: None) -> None:
    assert "compute one in Compare strategies" in sentences(open_page())


@pytest.mark.usefixtures("evaluation")
class TestPage:
    def test_it_opens_with_the_wrong_answers_of_the_model_without_masks(self) -> None:
        app = open_page()
        assert widget(app, "selectbox", "model").value == MODEL
        assert widget(app, "selectbox", "condition").value == "OOD"
        # One bird in twelve is a spike-crested jay.
        assert "33 of 36 wrong: 91.7% (78.2–97.1)" in sentences(app)
        assert "n = 36 birds" in sentences(app)
        assert len(cards(app)) == 24
        assert all("✗ spike-crested jay" in card and "data:image/jpeg" in card for card in cards(app))

    def test_right_answers_and_a_class(self) -> None:
        app = open_page(answers="Right")
        assert len(cards(app)) == 3
        checked(widget(app, "multiselect", "species").set_value(["dagger-billed ibis"]).run())
        assert "0 of 3" not in sentences(app)
        assert "3 of 3 wrong: 100.0%" in sentences(app)
        assert cards(app) == []
        assert "without “Answers\\: Right”: 3 cases" in sentences(app)
        assert "without “Class\\: dagger\\-billed ibis”: 3 cases" in sentences(app)

    def test_all_places_count_pictures_and_birds_apart(self) -> None:
        app = open_page(condition="All other places", answers="All")
        assert f"14 of {7 * FIRST} wrong" in sentences(app)
        assert f"n = {FIRST} birds in {7 * FIRST} pictures" in sentences(app)
        assert len(cards(app)) == 14

    def test_models_that_disagree(self) -> None:
        rival = "Always fan-crested jay · given mask"
        app = open_page(answers="All", rival=rival)
        assert "**36 cases** below" in sentences(app), "two constants never agree"
        checked(widget(app, "selectbox", "model").set_value(rival).run())
        assert widget(app, "selectbox", "rival").value is None, "no model disagrees with itself"

    def test_a_new_filter_goes_back_to_the_first_page(self) -> None:
        app = open_page(page="2")
        assert len(cards(app)) == 9
        checked(widget(app, "segmented_control", "answers").set_value("All").run())
        assert len(cards(app)) == 24

    def test_the_strongest_attraction_is_a_sentence(self) -> None:
        text = sentences(open_page(condition="ID: usual places"))
        assert "attracts" not in text or "95% interval" in text


def test_photographs_that_are_gone_are_one_sentence_and_the_answers_stay(evaluation: Evaluation) -> None:
    data = evaluation.header.data.model_copy(update={"kind": "folder", "folder": "/no/such/folder"})
    gone = Evaluation(evaluation.header.model_copy(update={"data": data}), evaluation.table)
    gone.save(own_evaluations() / "small.parquet")
    app = open_page()
    assert len(cards(app)) == 24
    assert [warning.value for warning in app.warning if "/no/such/folder" in warning.value] == [app.warning[-1].value]


class TestAttraction:
    def test_every_count_stands_with_its_share(self, evaluation: Evaluation) -> None:
        rows = evaluation.table.query("checkpoint == 'aviary-convnext-unmasked' and condition == 'OOD'")
        found = attraction(rows, "right")
        html = attraction_html(found, "wrong")
        for place, count, pictures in zip(found.places, found.counts[:, 0], found.pictures, strict=True):
            assert f"n = {pictures}" in html, place
            assert not count or f"{count}<small>{count / pictures:.0%}</small>" in html
        assert html.count("⌂") == ("bamboo_forest" in found.places), "the jay's home is marked"
        assert strongest_sentence(found, "wrong", "a model").startswith("No place has 20 pictures")

    def test_names_of_strangers_are_escaped(self, evaluation: Evaluation) -> None:
        rows = evaluation.table.query("checkpoint == 'aviary-convnext-unmasked' and condition == 'OOD'")
        rows = rows.assign(predicted=pd.Categorical(["<b>bold</b>"] * len(rows)))
        assert "<b>" not in attraction_html(attraction(rows, "right"), "wrong")


def test_csv_names_every_row(evaluation: Evaluation) -> None:
    rows = evaluation.table.iloc[[5, 3]]
    read = pd.read_csv(io.BytesIO(cases_csv(rows)))
    assert list(read["row"]) == [5, 3]
    assert list(read["predicted"]) == list(rows["predicted"])
    np.testing.assert_allclose(read["probability"], rows["probability"], rtol=1e-5)
