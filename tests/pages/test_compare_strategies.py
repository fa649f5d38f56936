"""Both views: what each classifier sees of one picture, and an evaluation as table, verdict, CSV and a new job."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bgbias_core import jobs
from bgbias_core.aviary import SPECIES
from bgbias_core.data import DATA_SETS
from bgbias_core.errors import BgBiasError
from bgbias_core.evaluation.matrices import condition_matrix
from bgbias_core.paths import own_evaluations
from pages.components.evaluation_form import Asked, start_evaluation
from tests.pages import opening
from tests.pages.made_up_evaluations import BIRDS, CHECKPOINTS, NAMES, save_evaluation
from tests.pages.opening import checked, sentences, widget
from tests.pages.tables import Table
from tests.pages.turned_evaluations import save_turned

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import MakeCheckpoint

WHOLE = "Whole data set"


@pytest.fixture
def three(make_checkpoint: MakeCheckpoint) -> None:
    for strategy in ("unmasked", "early", "late"):
        make_checkpoint(f"aviary-convnext-{strategy}")


@pytest.fixture(autouse=True)
def nothing_shipped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr("bgbias_core.evaluation.results.SHIPPED_EVALUATIONS", home / "none")


open_page = partial(opening.open_page, "compare_strategies")


def charts(app: AppTest) -> dict[str, Any]:
    """Figures by their keys."""
    return {element.proto.id.rpartition("-")[2]: json.loads(element.proto.spec) for element in app.get("plotly_chart")}


def tables(app: AppTest) -> list[list[list[str]]]:
    """Rows of the tables of measures."""
    bodies = [element.proto.body for element in app.get("html")]
    return [Table(body).rows for body in bodies if 'class="measured compared"' in body]


def html(app: AppTest, mark: str) -> str:
    [found] = [element.proto.body for element in app.get("html") if f'class="{mark}' in element.proto.body]
    return str(found)


@pytest.mark.usefixtures("three")
class TestOnePicture:
    def test_a_row_for_each_strategy_and_a_column_for_each_background(self) -> None:
        app = open_page(places=["Ocean", "Snow"])
        table = Table(html(app, "seen"))
        head, *rows = table.rows
        assert [set(head[1:]), head[1]] == [{"Original", "Ocean", "Snow"}, "Original"]
        assert [len(row) for row in rows] == [4, 4, 4]
        species = next(iter(SPECIES))
        assert "sees the whole picture" in rows[0][0]
        assert "given mask" in rows[1][0]
        assert "same pixels on every background" in rows[1][0]
        assert "6×6 grid of features" in rows[2][0]
        assert rows[0][1].startswith(species)
        assert rows[0][1].endswith("%right"), "the original is compared with nothing"
        assert rows[0][2].endswith("%✓ same · right")
        assert len(table.pictures) == 9
        assert all(picture["alt"] and "as Always" in picture["alt"] for picture in table.pictures)
        assert "Early" in sentences(app)

    def test_early_shows_one_and_the_same_picture_and_unmasked_does_not(self) -> None:
        pictures = Table(html(open_page(places=["Ocean", "Snow"]), "seen")).pictures
        urls = [picture["src"] for picture in pictures]
        assert len(set(urls[:3])) == 3, "unmasked"
        assert len(set(urls[3:6])) == 1, "early, given masks"
        assert len(set(urls[6:])) == 3, "late"

    def test_a_predicted_mask_is_said_and_sees_other_pixels(self) -> None:
        table = Table(html(open_page(places=["Ocean"], bird_source="Predicted (Trained network for Aviary)"), "seen"))
        assert "predicted mask (Trained network for Aviary)" in table.rows[2][0]
        assert "same pixels" not in table.rows[2][0]

    def test_nonsense_in_the_address_is_passed_over(self) -> None:
        app = open_page(view="Sideways", bird_models=["gpt"], bird_source="magic", places=["Atlantis"])
        assert 'class="seen' in html(app, "seen")

    def test_the_address_names_classifiers_as_on_other_pages(self) -> None:
        app = open_page(places=["Ocean"], bird_models=["aviary-convnext-late"])
        assert len(Table(html(app, "seen")).rows) == 2

    def test_a_case_that_is_gone_is_said_and_the_page_goes_on(self) -> None:
        app = open_page(case="gone:3", places=["Ocean"])
        assert "cannot be made again" in sentences(app)
        assert len(Table(html(app, "seen")).rows) == 4

    def test_damaged_weights_are_named_and_the_others_answer(self, shipped: Path) -> None:
        (shipped / "aviary-convnext-late.safetensors").write_bytes(b"damaged")
        app = open_page(places=["Ocean"])
        assert "'aviary-convnext-late'" in app.error[0].value
        assert len(Table(html(app, "seen")).rows) == 3

    def test_the_buttons_choose_a_family(self, make_checkpoint: MakeCheckpoint) -> None:
        make_checkpoint("aviary-vit-unmasked")
        app = open_page(places=["Ocean"])
        assert len(widget(app, "multiselect", "bird_models").value) == 3
        checked(widget(app, "button", "bird_models_ViT").click().run())
        assert widget(app, "multiselect", "bird_models").value == ["aviary-vit-unmasked"]
        checked(widget(app, "button", "bird_models_All").click().run())
        assert len(widget(app, "multiselect", "bird_models").value) == 4


@pytest.mark.usefixtures("shipped")
def test_without_classifiers_it_says_what_to_do() -> None:
    assert "checkpoints rebuild" in open_page().warning[0].value


def test_who_is_not_here_any_more_is_named(make_checkpoint: MakeCheckpoint) -> None:
    make_checkpoint("aviary-convnext-unmasked")
    save_evaluation()
    text = sentences(open_page(view=WHOLE, evaluation="made-up"))
    assert "Not on this machine: Small early. Their figures stand as they were computed." in text
    assert "Made again since then: Small unmasked. The figures are of the former ones." in text


@pytest.mark.usefixtures("three")
class TestWholeDataSet:
    def test_the_numbers_on_the_page_are_those_of_the_evaluation(self) -> None:
        evaluation = save_evaluation()
        app = open_page(view=WHOLE, evaluation="made-up")
        _, unmasked, early = Table(html(app, "measured compared conditions")).rows
        [first, second] = condition_matrix(evaluation)
        assert unmasked[1].startswith(f"100.0% {100 * (first.cells['ID'].low or 0):.1f}–100.0, n = {BIRDS}")
        assert unmasked[2].startswith("0.0%")
        assert early[2].startswith(f"100.0% {100 * (second.cells['OOD'].low or 0):.1f}–100.0, n = {BIRDS}")
        assert early[2].endswith("the same pixels"), "an identity"
        reliance, _ = tables(app)
        assert reliance[1][1].startswith("100.0 points")
        assert "– 1" in reliance[2][1], "0 by construction"
        text = sentences(app)
        assert f"n = {BIRDS} birds · seed 0 · predicted masks by GrabCut · computed 2026-01-02" in text
        assert "Made again since then: Small unmasked, Small early" in text, "the seals are made up"
        assert app.code[0].value == "python -m bgbias_core evaluate --data aviary"

    def test_the_finding_is_one_sentence(self) -> None:
        save_evaluation()
        [found] = [info.value for info in open_page(view=WHOLE).info if "it loses" in info.value]
        assert found.startswith("Small unmasked names 100")
        assert "it loses 100\\.0 points" in found

    def test_groups_and_classes_of_a_chosen_one(self) -> None:
        save_turned("turned")
        app = open_page(view=WHOLE, closer="Groups and classes")
        drawn = charts(app)
        lost, kept = (note["text"] for note in drawn["class_chart"]["layout"]["annotations"])
        assert lost.startswith(f"<b>{NAMES[1]}</b>  −100.0 points"), "the largest loss comes first"
        assert kept.startswith(f"<b>{NAMES[0]}</b>  0.0 points")
        assert drawn["group_chart"]["data"][0]["z"] == [[1.0], [0.0]]
        assert "selected for being the lowest of 2 groups with at least 20 birds" in sentences(app)
        checked(widget(app, "selectbox", "taken_apart").select_index(1).run())
        assert charts(app)["group_chart"]["data"][0]["z"] == [[1.0], [1.0]]
        assert "No group is called the worst" in sentences(app)

    def test_dials_are_curves_and_those_that_are_missing_have_their_command(self) -> None:
        save_evaluation("plain")
        save_turned("turned")
        app = open_page(view=WHOLE, evaluation="plain", closer="Dials")
        assert not charts(app).keys() & {"dial_grow", "dial_object_size"}
        commands = [code.value for code in app.code]
        assert "python -m bgbias_core evaluate --data aviary --dial mask-quality" in commands
        assert any("dials train" in command for command in commands)
        app = open_page(view=WHOLE, evaluation="turned", closer="Dials")
        given = next(one for one in charts(app)["dial_grow"]["data"] if one["name"] == "Small early, given mask")
        assert (given["x"], given["y"]) == ([0, 0.1, 0.4], [1.0, 0.5, 0.0])
        level = next(
            one for one in charts(app)["dial_grow"]["data"] if one["name"] == "Small unmasked, looks at no mask"
        )
        assert (level["x"], level["y"]) == ([0, 0.4], [0.5, 0.5])

    def test_the_verdict_is_neutral_where_nothing_is_clear(self) -> None:
        save_evaluation()
        app = open_page(view=WHOLE, closer="Two compared")
        clear = [info.value for info in app.info if "On the same 40 birds" in info.value]
        assert len(clear) == 1
        assert "100\\.0 points" in clear[0]
        [measure] = [found for found in app.selectbox if found.label == "Measure"]
        checked(measure.select("accuracy ID").run())
        assert not [info for info in app.info if "the same 40 birds" in info.value]
        assert "No clear difference" in sentences(app)

    def test_the_address_chooses_and_an_unknown_name_is_said(self) -> None:
        save_evaluation("a")
        save_evaluation("b", n=7)
        assert "n = 7 birds" in sentences(open_page(evaluation="b"))
        app = open_page(view=WHOLE, evaluation="../c")
        assert "There is no evaluation" in app.info[0].value
        assert f"n = {BIRDS} birds" in sentences(app)
        checked(widget(app, "selectbox", "chosen_evaluation").select("b").run())
        assert "n = 7 birds" in sentences(app)
        assert app.query_params["evaluation"] == "b"

    def test_none_is_there(self) -> None:
        app = open_page(view=WHOLE)
        assert "compute one below" in app.info[0].value
        assert [button.label for button in app.button] == ["Compute"]

    def test_a_damaged_one_is_named_and_the_others_are_shown(self) -> None:
        save_evaluation()
        (own_evaluations() / "broken.parquet").write_bytes(b"no parquet")
        app = open_page(view=WHOLE)
        assert "broken" in app.warning[0].value
        assert Table(html(app, "measured compared conditions")).rows

    @pytest.mark.parametrize("kind", ["cub", "folder"])
    def test_a_folder_that_is_none_is_refused_before_a_job_starts(self, kind: str) -> None:
        app = open_page(view=WHOLE)
        checked(widget(app, "button_group", "new_data").set_value(kind).run())
        checked(widget(app, "text_input", "new_root").set_value("/nowhere").run())
        checked(widget(app, "button", "compute").click().run())
        assert "/nowhere" in app.error[0].value
        assert not jobs.list_jobs()


class TestJob:
    def test_it_runs_the_command_that_was_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bgbias_core.jobs.queue._wake", lambda _device: None)
        asked = Asked(DATA_SETS["aviary"], CHECKPOINTS, {"n": "40", "n-predicted": "5", "seed": ""})
        name = start_evaluation(asked)
        [job] = jobs.list_jobs()
        assert job.command == (
            "evaluate", "--data", "aviary", "--checkpoint", CHECKPOINTS[0], "--checkpoint", CHECKPOINTS[1],
            "--n", "40", "--n-predicted", "5", "--name", name,
        )  # fmt: skip
        assert job.about == {"kind": "evaluate", "evaluation": name}
        with pytest.raises(BgBiasError, match="being computed already"):
            start_evaluation(asked)

    def test_nothing_to_evaluate_is_refused(self) -> None:
        with pytest.raises(BgBiasError, match="choose at least one"):
            start_evaluation(Asked(DATA_SETS["aviary"], (), {}))
        with pytest.raises(BgBiasError, match="give its path"):
            start_evaluation(Asked(DATA_SETS["cub"], CHECKPOINTS, {"root": ""}))
