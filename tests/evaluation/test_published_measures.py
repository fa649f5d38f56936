"""Published measures against oracles written from the papers, and against answers that are known by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from bgbias_core.evaluation import MEASURES, summarise, wilson
from bgbias_core.evaluation.parts import AVIARY_MEASURES, PHOTOGRAPH_MEASURES
from tests.evaluation import oracles
from tests.evaluation.tables import make_evaluation, make_row

GIVEN = {"checkpoint": "masked", "mask_source": "given"}
CONDITIONS = ("Only-FG", "Only-BG-B", "Only-BG-T", "No-FG", "Noise-FG", "Noise-BG", "Mixed-Same", "Mixed-Rand")
GROUPS = [(label, place) for label in ("landbird", "waterbird") for place in ("land", "water")]
TRAIN = {"landbird|land": 3498, "landbird|water": 184, "waterbird|land": 56, "waterbird|water": 1057}


def photographs(rows: list[dict], **parameters):
    data = {"kind": "waterbirds", "title": "", "fingerprint": "", "parameters": {"options": {}, **parameters}}
    return make_evaluation(rows, data=data)


def answers(condition: str, right, **changes) -> list[dict]:
    """One row for each photograph."""
    return [make_row(number, condition, right=bool(hit), **changes) for number, hit in enumerate(right)]


def measured(made, name: str):
    [row] = summarise(made)
    return row.measures[name]


@pytest.mark.parametrize("seed", range(3))
def test_challenge_accuracy_is_imagenet9s(seed) -> None:
    random = np.random.default_rng(seed)
    hits = {f"test-{number:05d}": random.random(random.integers(1, 7)) < 0.8 for number in range(120)}
    rows = [make_row(number, "original") for number in range(120)] + [
        make_row(number, "foreign scene", scene=f"{scene}.jpg", right=bool(hit), lifted_by="given")
        for number, on_scenes in enumerate(hits.values())
        for scene, hit in enumerate(on_scenes)
    ]
    found = measured(photographs(rows), "challenge accuracy")
    right = round(120 * oracles.challenge_accuracy({name: list(values) for name, values in hits.items()}))
    assert (found.value, found.n, found.interval) == (right / 120, 120, "wilson")
    assert (found.low, found.high) == dataclasses.astuple(wilson(right, 120))
    assert "each on 1 to 6 backgrounds" in found.note


def test_one_background_is_enough_to_fail_the_challenge_and_pools_do_not_mix() -> None:
    rows = answers("original", [True] * 3)
    rows += [
        make_row(number, "foreign scene", scene=f"{scene}.jpg", right=(number, scene) != (1, 7), lifted_by="given")
        for number in range(3)
        for scene in range(9)
    ]
    rows += answers("Mixed-Rand", [False] * 3, lifted_by="given", scene="other.jpg")
    found = measured(photographs(rows), "challenge accuracy")
    assert (found.value, found.condition, found.note) == (2 / 3, "foreign scene", "each on 9 backgrounds")


@pytest.mark.parametrize(
    ("noise_fg", "noise_bg", "expected"),
    # ā = 0.7: (0.8 − 0.6) / 0.6; ā = 0.2: −0.2 / 0.4; nothing right, all right.
    [(0.6, 0.8, 1 / 3), (0.3, 0.1, -0.5), (0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 1.0)],
)
def test_rfs_is_rival10s(noise_fg, noise_bg, expected) -> None:
    first, second = np.arange(100) < 100 * noise_fg, np.arange(100) < 100 * noise_bg
    assert oracles.relative_foreground_sensitivity(list(first), list(second)) == pytest.approx(expected)
    rows = answers("original", first) + answers("Noise-FG", first, lifted_by="given")
    found = measured(photographs(rows + answers("Noise-BG", second, lifted_by="given")), "RFS")
    assert (found.value, found.n) == (pytest.approx(expected), 100)
    assert -1 <= found.low <= found.value <= found.high <= 1
    if noise_fg == noise_bg:
        assert (found.low, found.high) == (-1, 1), "where nothing varies nothing is known"


def test_rfs_interval_is_what_other_photographs_would_give() -> None:
    random = np.random.default_rng(0)
    first, second = random.random(400) < 0.5, random.random(400) < 0.7
    rows = answers("original", first) + answers("Noise-FG", first, lifted_by="given")
    found = measured(photographs(rows + answers("Noise-BG", second, lifted_by="given")), "RFS")
    again = [
        oracles.relative_foreground_sensitivity(list(random.random(400) < 0.5), list(random.random(400) < 0.7))
        for _ in range(400)
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    assert found.high - found.low == pytest.approx(high - low, rel=0.15)


def test_rfs_of_few_cannot_be_said() -> None:
    rows = [row for name in ("original", "Noise-FG", "Noise-BG") for row in answers(name, [True] * 49)]
    [row] = summarise(photographs(rows))
    assert "too few to say (n = 49)" in row.absent["RFS"]


def grouped(hits: dict[tuple[str, str], list[bool]]) -> list[dict]:
    members = [(group, hit) for group, some in hits.items() for hit in some]
    return [
        make_row(number, "original", label=label, place_group=place, right=bool(hit))
        for number, ((label, place), hit) in enumerate(members)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_three_averages_by_name(seed) -> None:
    random = np.random.default_rng(seed)
    hits = {
        group: list(random.random(size) < random.random()) for group, size in zip(GROUPS, (90, 60, 30, 45), strict=True)
    }
    of = ["|".join(group) for group, some in hits.items() for _ in some]
    right = [bool(hit) for some in hits.values() for hit in some]
    [row] = summarise(photographs(grouped(hits), train_groups=TRAIN))
    found = row.measures
    assert found["plain average"].value == sum(right) / len(right) == found["accuracy"].value
    adjusted = found["adjusted average accuracy (train-weighted)"]
    assert adjusted.value == pytest.approx(oracles.adjusted_average(of, right, TRAIN))
    unweighted = found["group average (unweighted)"]
    assert unweighted.value == pytest.approx(oracles.group_average(of, right))
    worst = min(sum(some) / len(some) for some in hits.values())
    assert found["worst-group accuracy"].value == worst
    assert "chosen as the lowest of 4 groups" in found["worst-group accuracy"].note
    for average in (adjusted, unweighted):
        assert average.low < average.value < average.high
        assert (average.n, average.interval) == (225, "stratified wilson")


def test_the_interval_of_a_weighted_average_is_the_normal_one_of_large_groups() -> None:
    hits = {
        group: [True] * right + [False] * (1000 - right)
        for group, right in zip(GROUPS, (500, 600, 400, 550), strict=True)
    }
    found = measured(photographs(grouped(hits)), "group average (unweighted)")
    variance = sum(p * (1 - p) / 1000 for p in (0.5, 0.6, 0.4, 0.55)) / 16
    half = 1.96 * math.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((0.5125 - half, 0.5125 + half), abs=1e-3)


def test_a_group_that_is_absent_counts_nowhere_and_is_never_taken_for_wrong() -> None:
    hits = {group: [True, False, True, True] * 10 for group in GROUPS[:3]}
    [row] = summarise(photographs(grouped(hits), train_groups=TRAIN))
    assert row.measures["group average (unweighted)"].value == pytest.approx(0.75)
    assert row.measures["group average (unweighted)"].note == "3 groups count alike"
    assert row.measures["worst-group accuracy"].value == 0.75
    assert row.absent["adjusted average accuracy (train-weighted)"] == (
        "no sample of waterbird at water was evaluated, which counts in the training split"
    )
    without = {name: size for name, size in TRAIN.items() if name != "waterbird|water"}
    [row] = summarise(photographs(grouped(hits), train_groups=without))
    assert row.measures["adjusted average accuracy (train-weighted)"].value == pytest.approx(0.75)
    [row] = summarise(photographs(grouped(hits)))
    assert "how large each group of the training split is" in row.absent["adjusted average accuracy (train-weighted)"]


def test_no_group_is_the_worst_of_those_that_are_alike() -> None:
    found = measured(photographs(grouped({group: [True, False] * 20 for group in GROUPS})), "worst-group accuracy")
    assert (found.value, found.note) == (0.5, "all 4 groups with at least 20 samples are alike")


def test_a_group_only_of_the_evaluated_split_has_no_weight() -> None:
    hits = {GROUPS[0]: [True] * 30, GROUPS[1]: [False] * 30}
    found = measured(
        photographs(grouped(hits), train_groups={"landbird|land": 5}), "adjusted average accuracy (train-weighted)"
    )
    assert found.value == 1


@pytest.mark.parametrize("seed", range(3))
def test_calibration_error_is_guos(seed) -> None:
    random = np.random.default_rng(seed)
    stated = random.choice(np.concatenate([random.random(200), np.arange(1, 16) / 15]), 300)
    right = random.random(300) < stated**2
    rows = [
        make_row(number, condition, probability=float(p), right=bool(hit))
        for condition in ("ID", "OOD")
        for number, (p, hit) in enumerate(zip(stated, right if condition == "ID" else ~right, strict=True))
    ]
    rows += [make_row(900, "ID", probability=None, right=False, found=False, predicted=None)]
    [row] = summarise(make_evaluation(rows))
    for name, hits in (("ECE ID", right), ("ECE OOD", ~right)):
        found = row.measures[name]
        expected = oracles.expected_calibration_error(list(stated), list(hits))
        assert (found.value, found.n) == (pytest.approx(expected, abs=1e-6), 300)
        assert found.low <= found.value <= found.high
    assert row.measures["ECE ID"].note == "300 pictures in 15 bins; 1 left out, no answer"
    assert row.measures["ECE ID"].condition == "ID"


def test_calibration_of_photographs_is_clustered_on_foreign_scenes() -> None:
    rows = answers("original", [True] * 60, probability=0.9)
    rows += [
        make_row(number, "foreign scene", scene=f"{scene}.jpg", probability=0.9, right=number < 30, lifted_by="given")
        for number in range(60)
        for scene in range(4)
    ]
    [row] = summarise(photographs(rows))
    assert row.measures["ECE original"].value == pytest.approx(0.1, abs=1e-6)
    foreign = row.measures["ECE foreign scene"]
    assert (foreign.value, foreign.n) == (pytest.approx(0.4, abs=1e-6), 60)
    half = 1.96 * 0.5 / math.sqrt(60)  # 60 photographs, not 240 pictures
    assert foreign.high - foreign.low == pytest.approx(2 * half, rel=0.1)


def test_every_condition_has_its_accuracy() -> None:
    rows = answers("original", [True] * 12)
    for right, condition in enumerate(CONDITIONS, start=1):
        rows += answers(condition, np.arange(12) < right, lifted_by="given", scene="other.jpg")
    [row] = summarise(photographs(rows))
    for right, condition in enumerate(CONDITIONS, start=1):
        found = row.measures[f"accuracy {condition}"]
        assert (found.value, found.condition, found.n) == (right / 12, condition, 12)
    assert row.measures["BG-Gap"].value == pytest.approx((7 - 8) / 12)
    [row] = summarise(photographs(answers("original", [True])))
    assert row.absent["accuracy Only-BG-T"] == "no picture was made for it; evaluate with --condition only_bg_t"
    assert row.absent["RFS"].endswith("--condition noise_fg --condition noise_bg")


def test_who_looks_at_a_given_mask_has_no_answer_where_the_object_is_gone() -> None:
    rows = answers("original", [True] * 12, **GIVEN)
    for condition in ("Only-BG-B", "Only-BG-T", "No-FG"):
        rows += answers(condition, [False] * 12, lifted_by="given", found=False, predicted=None, **GIVEN)
    [row] = summarise(photographs(rows))
    for condition in ("Only-BG-B", "Only-BG-T", "No-FG"):
        assert "no object to look at: no answer by construction" in row.absent[f"accuracy {condition}"]


def test_an_identity_is_said_of_the_challenge_and_of_noise() -> None:
    rows = answers("original", [True] * 60, **GIVEN)
    for condition in ("foreign scene", "Noise-FG", "Noise-BG"):
        rows += answers(condition, np.arange(60) < 40, lifted_by="given", scene="a.jpg", **GIVEN)
    [row] = summarise(photographs(rows))
    assert "sees the same pixels on each, so this is its accuracy" in row.measures["challenge accuracy"].note
    assert "does not see the noise on the background" in row.measures["RFS"].note
    assert "0 by construction" in row.absent["flip rate"]


def test_rows_of_dials_are_no_part_of_any_measure() -> None:
    rows = answers("ID", [True] * 20) + answers("OOD", [True] * 20)
    rows += answers("OOD", [False] * 20, dial="grow", level=0.4)
    found = measured(make_evaluation(rows), "accuracy OOD")
    assert (found.value, found.n, found.interval) == (1, 20, "wilson")


def test_scenes_in_general_are_resampled_with_the_photographs() -> None:
    """Half of the scenes turn every photograph: as many other scenes might turn many fewer, or more."""
    rows = answers("original", [True] * 60)
    rows += [
        make_row(number, "foreign scene", scene=f"{scene}.jpg", flipped=scene < 4, right=scene >= 4, lifted_by="given")
        for number in range(60)
        for scene in range(8)
    ]
    [row] = summarise(photographs(rows))
    for name in ("flip rate", "foreign-scene drop", "accuracy on foreign scenes"):
        found = row.measures[name]
        assert found.interval == "two-way bootstrap"
        assert "8 scenes resampled with the samples" in found.note
        assert found.high - found.low > 0.6
    drop, accuracy = row.measures["foreign-scene drop"], row.measures["accuracy on foreign scenes"]
    assert (drop.low, drop.high) == pytest.approx((1 - accuracy.high, 1 - accuracy.low))


def test_every_measure_is_defined_and_every_definition_measured() -> None:
    assert set(MEASURES) == {*AVIARY_MEASURES, *PHOTOGRAPH_MEASURES}
    for name, spec in MEASURES.items():
        assert spec.name == name
        assert spec.definition.endswith(".")
        assert spec.reference
        assert spec.low < spec.high


def test_what_is_measured_lies_within_what_its_definition_says() -> None:
    random = np.random.default_rng(0)
    rows = []
    for condition in ("original", "foreign scene", *CONDITIONS):
        cut = {} if condition == "original" else {"lifted_by": "given", "scene": "a.jpg"}
        rows += answers(condition, random.random(80) < 0.6, phi_background=0.5, phi_foreground=1.5, **cut)
    made = photographs(rows, train_groups={"ibis|water": 7})
    [row] = summarise(made)
    assert row.measures.keys() == set(PHOTOGRAPH_MEASURES)
    rows = [
        dict(one, condition={"original": "ID", "foreign scene": "all places"}.get(one["condition"], one["condition"]))
        for one in rows
    ]
    [birds] = summarise(
        make_evaluation(rows + answers("OOD", random.random(80) < 0.6) + answers("foreign scene", [True] * 80))
    )
    assert birds.measures.keys() == set(AVIARY_MEASURES)
    for name, found in {**row.measures, **birds.measures}.items():
        assert MEASURES[name].low <= found.low <= found.value <= found.high <= MEASURES[name].high


def test_where_nothing_ever_flips_scenes_in_general_are_no_better_known_than_photographs() -> None:
    rows = answers("original", [True] * 60)
    rows += [
        make_row(number, "foreign scene", scene=f"{scene}.jpg", lifted_by="given", flipped=False)
        for number in range(60)
        for scene in range(8)
    ]
    flips = measured(photographs(rows), "flip rate")
    assert (flips.low, flips.high) == dataclasses.astuple(wilson(0, 60))
