"""A case that travels: Swap backgrounds opens with it; one that cannot be made again is one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgbias_core.errors import BgBiasError
from bgbias_core.evaluation import Evaluation, evaluate_on_aviary
from bgbias_core.models import load_checkpoint
from bgbias_core.paths import own_evaluations
from pages.components.cases import remade
from tests.pages.opening import sentences, widget
from tests.pages.test_swap_backgrounds import headers, open_page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import MakeCheckpoint


@pytest.fixture
def evaluation(make_checkpoint: MakeCheckpoint) -> Evaluation:
    """Two birds in all places, and two checkpoints."""
    names = ("aviary-convnext-unmasked", "aviary-convnext-early")
    for name in names:
        make_checkpoint(name)
    made = evaluate_on_aviary([load_checkpoint(name, "cpu") for name in names], n=2, n_predicted=1, name="small")
    made.save(own_evaluations() / "small.parquet")
    return made


def find(evaluation: Evaluation, **wanted: str) -> int:
    keep = np.ones(len(evaluation.table), dtype=bool)
    for column, value in wanted.items():
        keep &= (evaluation.table[column] == value).to_numpy()
    return int(np.flatnonzero(keep)[0])


def test_what_was_judged_and_its_reference(evaluation: Evaluation) -> None:
    row = find(evaluation, condition="all places", place="snow", checkpoint="aviary-convnext-unmasked")
    case = remade(f"small:{row}")
    assert case.key == f"small:{row}"
    assert (case.checkpoint, case.mask_source, case.predicted) == ("aviary-convnext-unmasked", "none", False)
    assert case.photograph.image.shape == (96, 96, 3)
    assert case.photograph.sample.place == case.photograph.bird.place == "snow" != case.original.sample.place
    assert case.photograph.label == case.original.label == evaluation.table["label"][row]
    assert case.scene[0] == "Snow (this case)"
    np.testing.assert_array_equal(case.photograph.sample.scene, case.scene[1])
    assert remade(f"small:{find(evaluation, condition='ID')}").scene is None


def test_swap_backgrounds_opens_with_the_case(evaluation: Evaluation) -> None:
    row = find(evaluation, condition="all places", place="snow", mask_source="predicted")
    app = open_page(case=f"small:{row}")
    assert not app.error
    assert "named it **dagger\\-billed ibis**" in sentences(app)
    assert widget(app, "segmented_control", "case_photo").value == "Chosen case"
    assert widget(app, "selectbox", "case_mask").value == "segmenter-aviary"
    assert widget(app, "toggle", "case_scene").value
    assert widget(app, "multiselect", "case_bird_models").value == ["aviary-convnext-unmasked", "aviary-convnext-early"]
    assert "**5 chosen:** Snow (this case), Ocean, Desert, Snow, City" in sentences(app)
    widget(app, "button", "leave_case").click().run()
    assert "case" not in app.query_params
    assert widget(app, "segmented_control", "photo").value == "Aviary bird"
    assert widget(app, "selectbox", "bird_mask").value == "given"


def test_another_photograph_beside_the_case_is_not_the_case(evaluation: Evaluation) -> None:
    app = open_page(case=f"small:{find(evaluation, condition='all places')}", case_photo="Aviary bird")
    assert not [toggle for toggle in app.toggle if toggle.key == "case_scene"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("small:99999", "no row 99999"),
        ("gone:3", "gone"),
        ("small", "names no case"),
        ("small:-1", "names no case"),
        ("small:٣", "names no case"),
        ("../../etc/passwd:1", "passwd"),
        (f"{'x' * 5000}:{'9' * 5000}", "names no case"),
    ],
)
def test_a_case_that_cannot_be_made_is_one_sentence(evaluation: Evaluation, key: str, said: str) -> None:
    with pytest.raises(BgBiasError, match=said):
        remade(key)


def test_the_page_goes_on_without_the_case(evaluation: Evaluation) -> None:
    app = open_page(case="small:99999")
    assert "This case cannot be made again" in sentences(app)
    assert headers(app)[-1] == "5 · Fade the background"
    assert widget(app, "segmented_control", "photo").value == "Aviary bird"


def test_a_retrained_checkpoint_is_named(evaluation: Evaluation, make_checkpoint: MakeCheckpoint) -> None:
    row = find(evaluation, condition="OOD", checkpoint="aviary-convnext-early")
    assert "trained anew" not in remade(f"small:{row}").sentence
    make_checkpoint("aviary-convnext-early", "fan-crested jay")
    assert "trained anew since" in remade(f"small:{row}").sentence


def test_without_its_checkpoint_a_bird_is_drawn_all_the_same(evaluation: Evaluation, shipped: Path) -> None:
    row = find(evaluation, condition="OOD", checkpoint="aviary-convnext-early")
    before = remade(f"small:{row}")
    assert "Made again to the pixel, 96×96." in before.sentence
    for file in shipped.glob("aviary-convnext-early.*"):
        file.unlink()
    case = remade(f"small:{row}")
    np.testing.assert_array_equal(case.photograph.image, before.photograph.image)
    assert case.sentence.endswith("Drawn again, 96×96. *The checkpoint is not on this machine.*")
