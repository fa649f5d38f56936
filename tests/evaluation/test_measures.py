"""Measures and comparisons of tables whose figures are known by hand."""

from __future__ import annotations

import dataclasses

import pytest

from bgbias_core.errors import EvaluationError, UnknownNameError
from bgbias_core.evaluation import compare_pair, summarise, wilson
from bgbias_core.evaluation.paired import paired_score
from tests.evaluation.tables import make_evaluation, make_row

WRONG = {"predicted": "jay", "right": False}


def places(sample: int, flipped: list[bool | None], **changes) -> list[dict]:
    """One row for each place: changed, kept, or no object found."""
    rows = []
    for number, flip in enumerate(flipped):
        lost = 0.75 if flip else 0.25
        kept = {"flipped": flip, "found": flip is not None, "kept_probability": None if flip is None else 1 - lost}
        rows.append(make_row(sample, "all places", place=f"place {number}", **kept, **changes))
    return rows


def test_accuracies_gap_flips_and_losses_by_hand() -> None:
    rows = [make_row(bird, "ID") for bird in range(4)]
    rows += [make_row(bird, "OOD", **(WRONG if bird else {})) for bird in range(4)]
    rows += places(0, [True, False]) + places(1, [False, None]) + places(2, [None, None]) + places(3, [True, True])
    [row] = summarise(make_evaluation(rows))
    measures = row.measures
    assert (row.checkpoint, row.title, row.strategy, row.n) == ("plain", "Plain", "unmasked", 4)
    assert (measures["accuracy ID"].value, measures["accuracy OOD"].value) == (1, 0.25)
    assert measures["ID–OOD gap"].value == 0.75
    ood = measures["accuracy OOD"]
    assert (ood.low, ood.high, ood.n) == (*dataclasses.astuple(wilson(1, 4)), 4)
    # Five pairs have a name before and after: of birds 0 (2), 1 (1) and 3 (2).
    flips = measures["flip rate"]
    assert (flips.value, flips.n, flips.note) == (3 / 5, 3, "5 pairs; 3 left out, no object found before or after")
    assert measures["probability lost"].value == pytest.approx((3 * 0.75 + 2 * 0.25) / 5)
    assert flips.low <= flips.value <= flips.high
    assert "--shapley" in row.absent["Shapley background share"]


def test_the_shapley_share_leaves_out_what_is_not_defined() -> None:
    values = [(1.0, 3.0), (-1.0, 1.0), (0.05, -0.09), (None, None)]
    rows = [make_row(bird, "ID", phi_background=b, phi_foreground=f) for bird, (b, f) in enumerate(values)]
    rows += [make_row(0, "OOD", phi_background=3.0, phi_foreground=1.0)]
    [row] = summarise(make_evaluation(rows))
    share = row.measures["Shapley background share"]
    assert share.value == pytest.approx((0.25 + 0.5 + 0.75) / 3)
    assert (share.n, share.note) == (2, "of 4 pictures, 3 with a defined share")


def group(label: str, place: str, right: int, n: int, first: int) -> list[dict]:
    return [
        make_row(first + number, "OOD", label=label, place_group=place, right=number < right) for number in range(n)
    ]


def test_the_worst_group_is_the_lowest_of_those_that_are_large_enough() -> None:
    rows = group("ibis", "water", 19, 20, 0) + group("ibis", "land", 10, 25, 100) + group("jay", "land", 0, 19, 200)
    [row] = summarise(make_evaluation(rows))
    worst = row.measures["worst-group accuracy"]
    assert (worst.value, worst.n) == (0.4, 25)
    assert (worst.low, worst.high) == dataclasses.astuple(wilson(10, 25))
    assert worst.note == "ibis at land, chosen as the lowest of 2 groups with at least 20 samples"


def test_where_no_group_is_large_enough_there_is_no_worst() -> None:
    [row] = summarise(make_evaluation(group("ibis", "water", 3, 19, 0)))
    assert "has 20 samples" in row.absent["worst-group accuracy"]


def test_where_no_object_was_ever_found_nothing_flips_and_all_is_wrong() -> None:
    never = {"found": False, "predicted": None, "probability": None, "right": False, "original_predicted": None}
    never |= {"original_probability": None, "kept_probability": None, "flipped": None}
    never |= {"checkpoint": "masked", "mask_source": "predicted", "masker": "grabcut"}
    rows = [make_row(bird, condition, **never) for bird in range(3) for condition in ("ID", "OOD", "all places")]
    [row] = summarise(make_evaluation(rows))
    assert (row.checkpoint, row.mask_source, row.masker) == ("masked", "predicted", "grabcut")
    assert row.measures["accuracy OOD"].value == 0
    assert "no object was found" in row.absent["flip rate"]
    assert "no object was found" in row.absent["probability lost"]


GIVEN = {"checkpoint": "masked", "mask_source": "given"}


def birds(right: int, n: int, condition: str = "OOD", **changes) -> list[dict]:
    return [make_row(bird, condition, **({} if bird < right else WRONG), **changes) for bird in range(n)]


def test_a_clear_difference_is_told_with_its_interval() -> None:
    made = make_evaluation(birds(20, 100) + birds(90, 100, **GIVEN))
    found = compare_pair(made, ("masked", "given"), ("plain", "none"), "accuracy OOD")
    assert (found.difference, found.n, found.clear) == (pytest.approx(0.7), 100, True)
    assert found.low == pytest.approx(0.7 - 0.09, abs=0.015)
    low, high = (f"{100 * end:.1f}" for end in (found.low, found.high))
    assert found.sentence == (
        "On the same 100 birds OOD, Masked (given mask) is right 70.0 points more often than Plain "
        f"(95% interval {low} to {high}; exact McNemar test, p < 0.001)."
    )
    mirrored = compare_pair(made, ("plain", "none"), ("masked", "given"), "accuracy OOD")
    assert mirrored.difference == -found.difference
    assert "is right 70.0 points less often than Masked (given mask)" in mirrored.sentence


def test_no_clear_difference_is_called_so() -> None:
    made = make_evaluation(birds(50, 100) + birds(50, 98, **GIVEN) + birds(52, 100, "ID"))
    found = compare_pair(made, ("masked", "given"), ("plain", "none"), "accuracy OOD")
    assert (found.difference, found.n, found.clear) == (0, 98, False)
    assert found.sentence.startswith("No clear difference: on the same 98 birds OOD, Masked (given mask) is right 0.0")
    assert "−" in found.sentence.split("interval")[1]


def test_flips_are_compared_pair_by_pair_and_an_identity_is_named() -> None:
    mine = [True, True, None, False]
    rows = [row for bird in range(3) for row in places(bird, mine) + places(bird, [False, False, False, None], **GIVEN)]
    made = make_evaluation(rows)
    found = compare_pair(made, ("plain", "none"), ("masked", "given"), "flip rate")
    assert (found.difference, found.n) == (1, 3), "the two pairs that both answered differ in all birds"
    assert "(Given masks show Masked the same pixels on every background.)" in found.sentence
    lost = compare_pair(made, ("plain", "none"), ("masked", "given"), "probability lost")
    assert lost.difference == pytest.approx(0.5)
    assert "loses 50.0 points more of its first answer’s probability" in lost.sentence


def test_the_test_is_mcnemars_where_each_bird_counts_once() -> None:
    """Of 100 birds 14 were won and 4 lost: exact p = 0.031; of 12 and 4 it is 0.077, which is called not clear."""
    both = birds(50, 100)
    won, lost = range(50, 64), range(4)
    other = [
        make_row(bird, "OOD", right=(bird < 50 and bird not in lost) or bird in won, **GIVEN) for bird in range(100)
    ]
    found = compare_pair(make_evaluation(both + other), ("masked", "given"), ("plain", "none"), "accuracy OOD")
    interval = paired_score(14, 4, 100)
    assert (found.difference, found.low, found.high) == (pytest.approx(0.1), interval.low, interval.high)
    assert (round(found.p_value, 3), found.clear) == (0.031, True)
    assert "exact McNemar test, p = 0.031)" in found.sentence
    fewer = [dict(row, right=False) if row["sample"] in ("test-00062", "test-00063") else row for row in other]
    found = compare_pair(make_evaluation(both + fewer), ("masked", "given"), ("plain", "none"), "accuracy OOD")
    interval = paired_score(12, 4, 100)
    assert interval.low > 0, "the interval alone would call it clear"
    assert (round(found.p_value, 3), found.clear) == (0.077, False)
    assert found.sentence.startswith("No clear difference")


def test_rates_on_shared_scenes_are_compared_for_scenes_in_general() -> None:
    rows = [
        make_row(
            number, "foreign scene", scene=f"{scene}.jpg", lifted_by="given", flipped=(number * scene) % 4 < most, **who
        )
        for who, most in ((GIVEN, 1), ({}, 3))
        for number in range(40)
        for scene in range(8)
    ]
    data = {"kind": "cub", "title": "", "fingerprint": "", "parameters": {}}
    made = make_evaluation(rows, data=data)
    found = compare_pair(made, ("plain", "none"), ("masked", "given"), "flip rate")
    assert found.p_value is None
    assert "for such scenes in general, of which 8 were shown)" in found.sentence
    assert found.low < found.difference < found.high


def test_gaps_are_compared_bird_by_bird() -> None:
    rows = birds(100, 100, "ID") + birds(20, 100) + birds(90, 100, "ID", **GIVEN) + birds(90, 100, **GIVEN)
    found = compare_pair(make_evaluation(rows), ("plain", "none"), ("masked", "given"), "ID–OOD gap")
    assert (found.difference, found.n, found.clear) == (pytest.approx(0.8), 100, True)
    assert "the ID–OOD gap of Plain is 80.0 points wider than that of Masked (given mask)" in found.sentence


def test_what_cannot_be_compared_is_refused() -> None:
    made = make_evaluation(birds(1, 2) + birds(1, 2, "ID", **GIVEN))
    with pytest.raises(EvaluationError, match="no picture in common whose accuracy OOD is known"):
        compare_pair(made, ("plain", "none"), ("masked", "given"), "accuracy OOD")
    with pytest.raises(UnknownNameError, match="checkpoint of this evaluation named 'plan'; did you mean plain"):
        compare_pair(made, ("plan", "none"), ("masked", "given"), "accuracy OOD")
    with pytest.raises(UnknownNameError, match="mask source of plain named 'given'"):
        compare_pair(made, ("plain", "given"), ("masked", "given"), "accuracy OOD")
    with pytest.raises(UnknownNameError, match="measure that can be compared"):
        compare_pair(made, ("plain", "none"), ("masked", "given"), "beauty")
    others = [one.model_copy(update={"same_classes": False}) for one in made.header.checkpoints]
    other = make_evaluation(birds(1, 2), checkpoints=tuple(others))
    with pytest.raises(EvaluationError, match="neither right nor wrong; compare the flip rate"):
        compare_pair(other, ("plain", "none"), ("plain", "none"), "accuracy OOD")


def test_differences_under_several_draws_are_means_of_each_photograph() -> None:
    rows = [make_row(bird, "original") for bird in range(2)]
    for condition, right in (
        ("Mixed-Same", [[True, True], [True, False]]),
        ("Mixed-Rand", [[True, False], [False, False]]),
        ("foreign scene", [[False, False], [False, True]]),
    ):
        for bird, answers in enumerate(right):
            rows += [
                make_row(bird, condition, right=answer, scene=f"{draw}.jpg", lifted_by="given")
                for draw, answer in enumerate(answers)
            ]
    made = make_evaluation(rows, data={"kind": "cub", "title": "", "fingerprint": "", "parameters": {}})
    [row] = summarise(made)
    values = {name: (found.value, found.n, found.interval) for name, found in row.measures.items()}
    assert values["accuracy"] == (1, 2, "wilson")
    assert values["accuracy Mixed-Same"] == (0.75, 2, "score")
    assert values["accuracy Mixed-Rand"] == (0.25, 2, "score")
    assert values["BG-Gap"] == (0.5, 2, "score")
    assert values["foreign-scene drop"] == (0.75, 2, "score")


def test_without_other_backgrounds_the_gap_says_how_to_get_it() -> None:
    made = make_evaluation(
        [make_row(0, "original")], data={"kind": "cub", "title": "", "fingerprint": "", "parameters": {}}
    )
    [row] = summarise(made)
    assert "--condition mixed_same" in row.absent["BG-Gap"]
    assert "no object was put on other backgrounds" in row.absent["foreign-scene drop"]
