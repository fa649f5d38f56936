"""The whole comparison on drawn birds: it trains, measures, stops anywhere and goes on, and refuses in words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bgbias_core.benchmark import Arm, Plan, arms, make_table, make_verdicts, run_benchmark
from bgbias_core.errors import ConfigError, ModelError
from bgbias_core.masks import MASKERS, MaskerSpec, MaskResult
from bgbias_core.training import heads
from tests.cli.calling import refused, run, run_json
from tests.data.making import make_cub, make_scenes
from tests.evaluation.tables import make_evaluation, make_row


class Vivid:
    """Calls what is vivid the object."""

    name = "vivid"

    def __call__(self, image, *, box=None) -> MaskResult:  # noqa: ARG002  # a masker takes one
        spread = image.max(axis=2).astype(int) - image.min(axis=2)
        return MaskResult((spread > 120).astype(np.float32), "predicted", self.name)


@pytest.fixture(autouse=True)
def vivid(monkeypatch):
    monkeypatch.setitem(MASKERS, "vivid", MaskerSpec("vivid", "Vivid pixels", ("photograph",), Vivid))
    short = heads.HEAD_OPTIMISATION.model_copy(update={"epochs": 2})
    monkeypatch.setattr("bgbias_core.benchmark.plan.HEAD_OPTIMISATION", short)


@pytest.fixture
def plan(tmp_path) -> Plan:
    birds = make_cub(tmp_path / "birds", classes=3, per_class=10)
    scenes = make_scenes(tmp_path / "scenes", {"sea": 3, "wood": 2})
    return Plan(cub=str(birds), scenes=str(scenes), size=128, draws=1, masker="vivid")


def silent(_what: str):
    return lambda _done, _total: None


def test_every_strategy_is_measured_under_every_condition_and_what_is_done_is_kept(plan, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "out"
    one = run_benchmark(plan, folder, seeds=1, counter=silent)
    assert [(row.arm.strategy, row.mask_source) for row in one.rows] == [
        ("unmasked", "none"), ("early", "given"), ("early", "predicted"), ("late", "given"), ("late", "predicted"),
    ]  # fmt: skip
    table = one.evaluations[0].table
    assert table.groupby(["checkpoint", "mask_source"], observed=True)["condition"].nunique().tolist() == [4] * 5
    assert set(table["lifted_by"]) == {"", "given"}
    early = one.rows[1]
    assert "same pixels" in early.absent["BG-Gap"]
    assert {figure.n for figure in one.rows[0].measures.values()} == {15}
    assert (folder / "table.md").read_text().count("| efficientnet-lite0 |") == 5

    # The second call trains and evaluates the second seed alone.
    evaluated = []
    original = run_benchmark.__globals__["_evaluate"]
    monkeypatch.setitem(run_benchmark.__globals__, "_evaluate", lambda *a: evaluated.append(a[3]) or original(*a))
    first = (folder / "seed-0.parquet").read_bytes()
    two = run_benchmark(plan, folder, seeds=2, counter=silent)
    assert evaluated == [1]
    assert (folder / "seed-0.parquet").read_bytes() == first
    assert [row.seed for row in two.rows[:3]] == [None, 0, 1]
    donors = []
    for evaluation in two.evaluations.values():
        mixed = evaluation.table[evaluation.table["condition"] == "Mixed-Rand"]
        donors.append(set(zip(mixed["sample"], mixed["scene"], strict=True)))
    assert donors[0] != donors[1], "another seed draws other donors"
    with pytest.raises(ConfigError, match="holds a benchmark with other options"):
        run_benchmark(plan.model_copy(update={"draws": 2}), folder, seeds=1, counter=silent)


def test_interrupted_while_evaluating_it_goes_on_and_ends_the_same(plan, tmp_path) -> None:
    class StopError(Exception):
        pass

    def stops(what: str):
        def show(done: int, _total: int) -> None:
            if "evaluating" in what and done > 20:
                raise StopError

        return show

    folder = tmp_path / "out"
    with pytest.raises(StopError):
        run_benchmark(plan, folder, seeds=1, counter=stops)
    resumed = run_benchmark(plan, folder, seeds=1, counter=silent)
    whole = run_benchmark(plan, tmp_path / "other", seeds=1, counter=silent)
    assert resumed.rows == whole.rows


def test_without_masks_objects_are_cut_out_with_predicted_ones(tmp_path) -> None:
    birds = make_cub(tmp_path / "birds", classes=2, per_class=8, masks=False)
    scenes = make_scenes(tmp_path / "scenes", {"sea": 3})
    plan = Plan(cub=str(birds), scenes=str(scenes), size=128, draws=1, masker="vivid")
    result = run_benchmark(plan, tmp_path / "out", seeds=1, counter=silent)
    assert {(row.mask_source, row.lifted_by) for row in result.rows} == {
        ("none", "predicted"),
        ("predicted", "predicted"),
    }


UNMASKED, EARLY = Arm("net", "unmasked", "gap"), Arm("net", "early", "gap")


def hand_made(seed: int, wrong_on_foreign: int) -> object:
    """Ten photographs: unmasked is wrong on Mixed-Rand for 6 and on so many foreign scenes; early is always right."""
    rows = []
    for arm, source in ((UNMASKED, "none"), (EARLY, "predicted")):
        for bird in range(10):
            for condition in ("original", "Mixed-Same", "Mixed-Rand", "foreign scene"):
                wrong = {"Mixed-Rand": 6, "foreign scene": wrong_on_foreign}.get(condition, 0)
                right = arm is EARLY or bird >= wrong
                lifted = {"lifted_by": "" if condition == "original" else "given", "scene": condition}
                rows.append(
                    make_row(bird, condition, checkpoint=arm.name(seed), mask_source=source, right=right, **lifted)
                )
    made = make_evaluation(rows, data={"kind": "cub", "title": "", "fingerprint": "", "parameters": {}})
    about = [
        made.header.checkpoints[0].model_copy(update={"name": arm.name(seed), "strategy": arm.strategy})
        for arm in (UNMASKED, EARLY)
    ]
    return replace(made, header=made.header.model_copy(update={"checkpoints": tuple(about)}))


def test_seeds_are_pooled_by_photograph() -> None:
    made = {0: hand_made(0, 8), 1: hand_made(1, 4)}
    mean, first, second, *_ = make_table(made, (UNMASKED, EARLY))
    assert (first.measures["foreign-scene drop"].value, second.measures["foreign-scene drop"].value) == (0.8, 0.4)
    drop = mean.measures["foreign-scene drop"]
    assert (drop.value, drop.n) == (pytest.approx(0.6), 10), "20 differences, 10 photographs"
    assert mean.measures["BG-Gap"].value == pytest.approx(0.6)
    # All of a photograph's seeds are drawn together: the same gap twice is no narrower.
    assert mean.measures["BG-Gap"].low == pytest.approx(first.measures["BG-Gap"].low, abs=0.05)
    gap, foreign, early = make_verdicts(made, (UNMASKED, EARLY))
    assert all(verdict.holds for verdict in (gap, foreign, early))
    assert early.figure.value == pytest.approx(0.6)
    assert [one.value for one in early.by_seed] == pytest.approx([0.8, 0.4])
    assert "on 2 of 2 seeds alone" in early.sentence
    [alone] = make_table({0: made[0]}, (UNMASKED,))
    assert (alone.measures["accuracy"], alone.measures["BG-Gap"]) == tuple(
        first.measures[name] for name in ("accuracy", "BG-Gap")
    ), "a single seed is told as it stands, with Wilson's interval where a photograph counts once"


def test_nothing_is_claimed_where_nothing_differs() -> None:
    gap, foreign, early = make_verdicts({0: hand_made(0, 0)}, (UNMASKED, EARLY))
    assert gap.holds
    assert not foreign.holds
    assert foreign.sentence.startswith("Does not hold")
    assert not early.holds


def test_combinations_that_mean_nothing_are_left_out(plan) -> None:
    vit = plan.model_copy(update={"backbones": ("timm/vit_tiny_patch16_224",), "size": 64})
    assert {(arm.strategy, arm.pooling) for arm in arms(vit)} == {
        ("unmasked", "gap"), ("early", "gap"), ("late", "gap"), ("unmasked", "cls"), ("early", "cls"),
        ("unmasked", "cls+gap"), ("early", "cls+gap"), ("late", "cls+gap"),
    }  # fmt: skip
    with pytest.raises(ModelError, match="choose 'gap'"):
        arms(plan.model_copy(update={"poolings": ("cls",)}))


def test_the_command_prints_one_document_and_tries_every_network(plan, tmp_path) -> None:
    common = ("benchmark", "cub", "--cub", plan.cub, "--scenes", plan.scenes, "--masker", "vivid")
    found = run_json(*common, "--size", 128, "--seeds", 1, "--draws", 1, "--n", 4, "--out", tmp_path / "out")
    assert json.loads(json.dumps(found))["seeds"] == 1
    assert found["rows"][0]["measures"]["accuracy"]["n"] == 4
    assert len(found["verdicts"]) == 3
    tried = run_json(*common, "--finetune", "--weights", "random", "--try")
    assert {(one["arm"]["strategy"], one["size"]) for one in tried} == {
        ("unmasked", 128), ("early", 128), ("late", 128),
    }  # fmt: skip
    assert all(one["trained"] == one["parameters"] for one in tried)


def test_what_cannot_be_run_is_refused_in_words(plan, tmp_path) -> None:
    start = ("benchmark", "cub", "--scenes", plan.scenes, "--masker", "vivid")
    assert "There is no folder" in refused(run(*start, "--cub", tmp_path / "none"))
    assert "never learns to see" in refused(run(*start, "--cub", plan.cub, "--weights", "random"))
    assert "no backbone named 'resnet'" in refused(run(*start, "--cub", plan.cub, "--backbone", "resnet"))
    assert "There is no folder" in refused(run(*start[:2], "--cub", plan.cub, "--scenes", tmp_path / "none"))
    assert "no masker named" in refused(run(*start[:4], "--cub", plan.cub, "--masker", "oracle"))
