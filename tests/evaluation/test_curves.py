"""Dials of tables whose figures are known by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bgbias_core.evaluation import dial_curves, wilson
from tests.evaluation.tables import make_evaluation, make_header, make_row

GIVEN = {"checkpoint": "masked", "mask_source": "given"}
PREDICTED = {"checkpoint": "masked", "mask_source": "predicted", "masker": "grabcut"}


def answers(right: int, n: int = 20, condition: str = "OOD", **changes) -> list[dict]:
    return [make_row(number, condition, right=number < right, **changes) for number in range(n)]


def told(curve) -> list[tuple[float, float | None]]:
    return [(point.level, point.cell.value) for point in curve.points]


def test_a_worse_mask_starts_from_the_ordinary_row_and_others_are_what_it_is_compared_with() -> None:
    rows = answers(4) + answers(18, **GIVEN) + answers(14, **PREDICTED) + answers(20, condition="ID", **GIVEN)
    rows += answers(6, dial="grow", level=0.4, **GIVEN) + answers(12, dial="grow", level=0.1, **GIVEN)
    rows += answers(9, dial="holes", level=0.2, **GIVEN)
    plain, grow, predicted, *holes = dial_curves(make_evaluation(rows))
    assert (grow.dial, grow.checkpoint, grow.title, grow.strategy) == ("grow", "masked", "Masked", "early")
    assert (grow.mask_source, grow.condition) == ("given", "OOD")
    assert told(grow) == [(0, 0.9), (0.1, 0.6), (0.4, 0.3)]
    last = grow.points[-1].cell
    assert (last.low, last.high, last.n) == (*dataclasses.astuple(wilson(6, 20)), 20)
    assert (plain.strategy, told(plain), predicted.mask_source, told(predicted)) == (
        "unmasked", [(0, 0.2)], "predicted", [(0, 0.7)],
    )  # fmt: skip
    assert [(one.dial, told(one)) for one in holes][1] == ("holes", [(0, 0.9), (0.2, 0.45)])


def test_the_ordinary_rows_are_those_of_the_very_same_pictures() -> None:
    """Of several scenes only the one that the dial was turned on; of 30 samples only the 20 that it was turned for."""
    cut = {"lifted_by": "given", "condition": "foreign scene"}
    rows = answers(20, 30, "original")
    rows += answers(15, 30, scene="a.jpg", **cut) + answers(0, 30, scene="b.jpg", **cut)
    rows += answers(10, 20, scene="a.jpg", dial="object size", level=0.5, **cut)
    data = {"kind": "cub", "title": "", "fingerprint": "", "parameters": {}}
    [curve] = dial_curves(make_evaluation(rows, data=data))
    assert (curve.dial, curve.condition, told(curve)) == ("object size", "foreign scene", [(0.5, 0.5), (1, 0.75)])
    assert [point.cell.n for point in curve.points] == [20, 20]


def test_of_two_ways_to_cut_objects_out_the_given_mask_is_followed() -> None:
    scene = {"condition": "foreign scene", "scene": "a.jpg"}
    rows = answers(20, 30, "original")
    for mask, (before, after) in {"predicted": (12, 3), "given": (15, 10)}.items():
        rows += answers(before, 30, lifted_by=mask, **scene)
        rows += answers(after, 30, lifted_by=mask, dial="object size", level=0.5, **scene)
    data = {"kind": "cub", "title": "", "fingerprint": "", "parameters": {}}
    [curve] = dial_curves(make_evaluation(rows, data=data))
    assert told(curve) == [(0.5, pytest.approx(1 / 3)), (1, 0.5)]


def test_who_has_no_object_of_another_size_has_no_curve_of_it() -> None:
    rows = answers(4) + answers(18, **GIVEN) + answers(10, dial="object size", level=0.5, **GIVEN)
    [curve] = dial_curves(make_evaluation(rows))
    assert curve.checkpoint == "masked"


def test_few_samples_are_too_few() -> None:
    [curve] = dial_curves(make_evaluation(answers(5, 5, **GIVEN) + answers(5, 5, dial="shift", level=0.2, **GIVEN)))
    assert [point.cell.note for point in curve.points] == ["too few to say (n = 5)"] * 2


def trained(*points: tuple[str, str, float, int | None, int]) -> Any:
    """Checkpoints by name, strategy, correlation and depth, and how many of 20 they have right OOD."""
    base = make_header().checkpoints[0].model_dump()
    checkpoints = [
        base | {"name": name, "title": name, "strategy": strategy, "correlation": c, "depth": depth}
        for name, strategy, c, depth, _ in points
    ]
    rows = [
        row
        for name, strategy, _, _, right in points
        for row in answers(right, checkpoint=name, mask_source="none" if strategy == "unmasked" else "given")
    ]
    return make_evaluation(rows, checkpoints=tuple(checkpoints))


def test_correlation_is_a_curve_for_each_strategy_and_depth_one_for_each_correlation() -> None:
    made = trained(
        ("u-0", "unmasked", 0.0, None, 18),
        ("u-1", "unmasked", 1.0, None, 2),
        ("e-1", "early", 1.0, 0, 16),
        ("e-0", "early", 0.0, 0, 17),
        ("l-0", "late", 0.0, 4, 15),
        ("l-1", "late", 1.0, 4, 5),
        ("l-1-2", "late", 1.0, 2, 9),
    )
    curves = dial_curves(made)
    assert [(one.dial, one.checkpoint, one.strategy, told(one)) for one in curves] == [
        ("correlation", "aviary-convnext", "unmasked", [(0, 0.9), (1, 0.1)]),
        ("correlation", "aviary-convnext", "early", [(0, 0.85), (1, 0.8)]),
        ("correlation", "aviary-convnext", "late", [(0, 0.75), (1, 0.25)]),
        ("depth", "aviary-convnext", "late", [(0, 0.8), (2, 0.45), (4, 0.25)]),
    ]
    assert curves[-1].title == "Small ConvNeXt, 96 px, c = 1"
    assert {one.condition for one in curves} == {"OOD"}


def test_one_early_model_is_what_the_curves_of_its_backbone_are_compared_with() -> None:
    points = [("u-0", "unmasked", 0.0, None, 18), ("u-1", "unmasked", 1.0, None, 2), ("e", "early", 0.95, 0, 16)]
    assert [(one.strategy, told(one)) for one in dial_curves(trained(*points))] == [
        ("unmasked", [(0, 0.9), (1, 0.1)]),
        ("early", [(0.95, 0.8)]),
    ]
    # A late model at a single correlation says nothing of the others.
    points[-1] = ("l", "late", 0.95, 4, 16)
    assert [one.strategy for one in dial_curves(trained(*points))] == ["unmasked"]


def test_backbones_are_never_joined_and_one_level_is_no_dial() -> None:
    made = trained(("u", "unmasked", 0.95, None, 5), ("e", "early", 0.95, 0, 15), ("l", "late", 0.95, 4, 6))
    assert dial_curves(made) == []
    others = [
        one.model_copy(update={"backbone": one.name, "correlation": float(i)})
        for i, one in enumerate(made.header.checkpoints)
    ]
    assert dial_curves(make_evaluation(answers(5, checkpoint="u"), checkpoints=tuple(others))) == []


def test_without_dials_there_are_no_curves() -> None:
    assert dial_curves(make_evaluation(answers(4) + answers(18, **GIVEN))) == []


@pytest.mark.parametrize("c", [0.1, 0.35])
def test_levels_are_told_as_they_were_set(c) -> None:
    rows = answers(18, **GIVEN) + answers(6, dial="shift", level=c, **GIVEN)
    [curve] = dial_curves(make_evaluation(rows))
    assert [point.level for point in curve.points] == [0, c]
