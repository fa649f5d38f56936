"""A row made again is the very picture that was judged; what is gone since is one sentence."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from bgbias_core.data import open_folder
from bgbias_core.errors import ConfigError, EvaluationError, ImageError, UnknownNameError
from bgbias_core.evaluation import Evaluation, evaluate_on_aviary, evaluate_on_photographs, judge
from bgbias_core.evaluation.cases import Cases, remake
from bgbias_core.masks import MASKERS, MaskerSpec
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import SIZE, Bright, make_checkpoint, make_folders

CHECKPOINTS = {
    name: make_checkpoint(Strategy(name=strategy), region="foreground" if strategy == "late" else "all", name=name)
    for name, strategy in (("one", "unmasked"), ("two", "early"), ("three", "late"))
}


@pytest.fixture
def bright(monkeypatch):
    monkeypatch.setitem(MASKERS, "bright", MaskerSpec("bright", "Bright pixels", ("photograph", "aviary"), Bright))


@pytest.fixture
def aviary(bright) -> Evaluation:
    return evaluate_on_aviary(list(CHECKPOINTS.values()), n=3, n_predicted=1, masker="bright", seed=3, shapley=1)


@pytest.fixture
def folders(tmp_path, bright):
    return make_folders(tmp_path, 4, 3)


def photographs(folders, *, masks: bool = True) -> Evaluation:
    data = open_folder(folders / "images", folders / "masks" if masks else None)
    return evaluate_on_photographs(list(CHECKPOINTS.values()), data, scenes=folders / "scenes", masker="bright")


def assert_every_row_is_what_was_judged(evaluation: Evaluation) -> None:
    cases = Cases(evaluation)
    for number, row in evaluation.table.iterrows():
        case = cases.remake(number, size=SIZE)
        assert (case.row.sample, case.row.condition, case.sample.name) == (
            row["sample"],
            row["condition"],
            row["sample"],
        )
        verdict = judge(CHECKPOINTS[row["checkpoint"]], [case.shown])[0]
        assert verdict.found == row["found"]
        if verdict.found:
            assert verdict.name == row["predicted"]
            assert verdict.probabilities[0] == pytest.approx(row["probability"], abs=1e-5)
        if row["mask_source"] != "none":
            assert case.shown.mask.source == row["mask_source"]
        np.testing.assert_array_equal(cases.picture(number, size=SIZE), case.shown.image)


def test_every_row_of_aviary(aviary) -> None:
    assert_every_row_is_what_was_judged(aviary)


@pytest.mark.parametrize("masks", [True, False])
def test_every_row_of_photographs(folders, masks) -> None:
    assert_every_row_is_what_was_judged(photographs(folders, masks=masks))


@pytest.mark.parametrize("scenes", [False, True])
def test_every_row_of_every_condition_on_aviary(folders, scenes) -> None:
    where = folders / "scenes" if scenes else None
    checkpoints = list(CHECKPOINTS.values())
    assert_every_row_is_what_was_judged(
        evaluate_on_aviary(checkpoints, n=2, n_predicted=1, masker="bright", seed=3, conditions=["all"], scenes=where)
    )


@pytest.mark.parametrize("masks", [True, False])
def test_every_row_of_every_condition_on_photographs(folders, masks) -> None:
    data = open_folder(folders / "images", folders / "masks" if masks else None)
    assert_every_row_is_what_was_judged(
        evaluate_on_photographs(
            list(CHECKPOINTS.values()), data, scenes=folders / "scenes", masker="bright", conditions=["all"]
        )
    )


def test_the_reference_comes_with_its_case(aviary, folders) -> None:
    table = aviary.table
    moved = remake(aviary, int(np.flatnonzero(table["condition"] == "all places")[0]), size=SIZE)
    at_home = table[(table["condition"] == "ID") & (table["sample"] == moved.row.sample)].iloc[0]
    assert moved.scene.place == moved.recipe.place == moved.row.place != at_home["place"]
    assert moved.sample_recipe.place == moved.sample.place == at_home["place"]
    assert moved.recipe.bird_seed == moved.sample_recipe.bird_seed
    np.testing.assert_array_equal(moved.sample.mask, moved.shown.mask.mask)
    assert not np.array_equal(moved.sample.scene, moved.scene.image)

    evaluation = photographs(folders)
    swapped = remake(evaluation, int(np.flatnonzero(evaluation.table["condition"] == "foreign scene")[0]))
    assert swapped.scene.name == swapped.row.scene == f"{swapped.row.place}/view.png"
    assert (swapped.recipe, swapped.sample_recipe) == (None, None)
    assert not np.array_equal(swapped.sample.image, swapped.shown.image)
    original = remake(evaluation, 0)
    assert original.scene is None
    np.testing.assert_array_equal(original.sample.image, original.shown.image)


def test_a_row_says_what_the_table_says(aviary) -> None:
    cases = Cases(aviary)
    number = int(np.flatnonzero(aviary.table["flipped"].fillna(value=False))[0])
    row, values = cases.row(number), aviary.table.iloc[number]
    assert row.flipped is True
    assert row.lost == pytest.approx(values["original_probability"] - values["kept_probability"])
    assert cases.row(0).flipped is None
    background, foreground = (abs(aviary.table.iloc[0][f"phi_{side}"]) for side in ("background", "foreground"))
    assert cases.row(0).share == pytest.approx(background / (background + foreground))
    assert np.isnan(cases.row(2).share), "Shapley values were asked for the first bird only"


@pytest.mark.parametrize("row", [-1, 10**8])
def test_no_such_row(aviary, row) -> None:
    with pytest.raises(EvaluationError, match=f"no row {row}"):
        remake(aviary, row, size=SIZE)


def test_without_a_size_the_checkpoint_must_be_there(aviary) -> None:
    with pytest.raises(UnknownNameError, match="one"):
        remake(aviary, 0)


def test_folders_may_be_named_by_environment_variables(folders, monkeypatch) -> None:
    evaluation = photographs(folders)
    header = evaluation.header
    named = {"folder": "$BGBIAS_BIRDS/images", "masks": header.data.masks, "scenes": "$BGBIAS_BIRDS/scenes"}
    moved = replace(evaluation, header=header.model_copy(update={"data": header.data.model_copy(update=named)}))
    swapped = int(np.flatnonzero(evaluation.table["condition"] == "foreign scene")[0])
    with pytest.raises(ConfigError, match=r"the environment variable \$BGBIAS_BIRDS is not set"):
        remake(moved, swapped)
    monkeypatch.setenv("BGBIAS_BIRDS", str(folders))
    found, expected = (remake(one, swapped).shown.image for one in (moved, evaluation))
    assert np.array_equal(found, expected)


def test_what_is_gone_is_one_sentence(folders) -> None:
    evaluation = photographs(folders)
    sample = str(evaluation.table["sample"].iloc[0])
    swapped = int(np.flatnonzero(evaluation.table["condition"] == "foreign scene")[0])
    shutil.rmtree(folders / "scenes")
    with pytest.raises(ImageError):
        remake(evaluation, swapped)
    (folders / "images" / sample).unlink()
    with pytest.raises(EvaluationError, match="any more"):
        remake(evaluation, 0)
    shutil.rmtree(folders / "images")
    with pytest.raises(ConfigError, match="folder"):
        remake(evaluation, 0)
