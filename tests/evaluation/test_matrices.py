"""Cells of tables whose figures are known by hand."""

from __future__ import annotations

import dataclasses

import pytest

from bgbias_core.aviary import SPECIES
from bgbias_core.errors import EvaluationError, UnknownNameError
from bgbias_core.evaluation import Cell, class_changes, condition_matrix, group_matrix, wilson
from bgbias_core.evaluation.intervals import TOO_FEW
from bgbias_core.evaluation.paired import paired_score
from tests.evaluation.tables import make_evaluation, make_row

PLAIN, GIVEN = ("plain", "none"), {"checkpoint": "masked", "mask_source": "given"}
PHOTOGRAPHS = {"kind": "cub", "title": "", "fingerprint": "", "parameters": {}}


def answers(condition: str, right: int, n: int, first: int = 0, **changes) -> list[dict]:
    return [make_row(first + number, condition, right=number < right, **changes) for number in range(n)]


def cell(right: int, n: int) -> Cell:
    return Cell(right / n, *dataclasses.astuple(wilson(right, n)), n)


def test_conditions_stand_in_their_order_and_every_row_has_all() -> None:
    rows = answers("Only-FG", 10, 20, lifted_by="given") + answers("OOD", 5, 20) + answers("ID", 18, 20)
    rows += answers("ID", 20, 20, **GIVEN) + answers("No-FG", 0, 20, found=False, lifted_by="given", **GIVEN)
    rows += answers("OOD", 4, TOO_FEW - 1, **GIVEN)
    plain, masked = condition_matrix(make_evaluation(rows))
    assert (plain.checkpoint, plain.title, plain.mask_source, plain.lifted_by) == ("plain", "Plain", "none", "given")
    assert [*plain.cells] == [*masked.cells] == ["ID", "OOD", "Only-FG", "No-FG"]
    assert [plain.cells[name] for name in ("ID", "OOD", "Only-FG")] == [cell(18, 20), cell(5, 20), cell(10, 20)]
    assert plain.cells["No-FG"] == Cell(None, None, None, 0, "not shown")
    assert masked.cells["No-FG"].note == "its given mask is empty: no answer by construction"
    assert masked.cells["OOD"] == Cell(None, None, None, 9, "too few to say (n = 9)")


def test_rows_of_dials_and_classes_of_others_count_nowhere() -> None:
    rows = answers("OOD", 20, 20) + answers("OOD", 0, 20, dial="object size", level=0.5)
    made = make_evaluation(rows)
    [row] = condition_matrix(made)
    assert row.cells["OOD"] == cell(20, 20)
    others = tuple(one.model_copy(update={"same_classes": False}) for one in made.header.checkpoints)
    other = make_evaluation(rows, checkpoints=others)
    [row] = condition_matrix(other)
    assert row.cells["OOD"].note == "its classes are those of aviary"
    for ask in (group_matrix, class_changes):
        with pytest.raises(EvaluationError, match="neither right nor wrong"):
            ask(other, PLAIN)


def test_scenes_are_resampled_in_the_cell_of_foreign_scenes() -> None:
    rows = answers("original", 30, 40) + [
        make_row(number, "foreign scene", scene=f"{scene}.jpg", right=scene < 4, lifted_by="given")
        for number in range(40)
        for scene in range(6)
    ]
    [row] = condition_matrix(make_evaluation(rows, data=PHOTOGRAPHS))
    foreign = row.cells["foreign scene"]
    assert (foreign.value, foreign.n) == (pytest.approx(2 / 3), 40)
    assert foreign.note == "6 scenes resampled with the samples"


def test_groups_are_cells_of_label_and_place_group() -> None:
    rows = answers("OOD", 7, 30, label="ibis", place_group="water")
    rows += answers("OOD", 12, 12, 100, label="ibis", place_group="land")
    rows += answers("OOD", 2, 4, 200, label="jay", place_group="land")
    rows += answers("ID", 0, 50, 300, label="jay", place_group="water")
    found = group_matrix(make_evaluation(rows), PLAIN)
    assert (found.labels, found.place_groups, found.condition) == (("ibis", "jay"), ("land", "water"), "OOD")
    assert found.cells == {
        ("ibis", "land"): cell(12, 12),
        ("ibis", "water"): cell(7, 30),
        ("jay", "land"): Cell(None, None, None, 4, "too few to say (n = 4)"),
        ("jay", "water"): Cell(None, None, None, 0, "no sample"),
    }


def test_families_stand_for_species_whose_cells_are_too_small() -> None:
    jays = [name for name, species in SPECIES.items() if species.family == "jay"]
    rows = [row for i, name in enumerate(jays) for row in answers("OOD", i, 4, 100 * i, label=name, place_group="land")]
    found = group_matrix(make_evaluation(rows), PLAIN)
    assert found.labels == ("jay",)
    assert found.cells["jay", "land"] == cell(sum(range(len(jays))), 4 * len(jays))


def test_without_places_there_are_no_groups() -> None:
    made = make_evaluation(answers("original", 3, 30, place_group=None), data=PHOTOGRAPHS)
    with pytest.raises(EvaluationError, match="places of these samples are not known"):
        group_matrix(made, PLAIN)


def test_what_each_class_loses_is_paired_and_the_largest_loss_is_first() -> None:
    rows = answers("ID", 20, 20, label="ibis") + answers("OOD", 15, 20, label="ibis")
    rows += answers("ID", 18, 20, 100, label="jay") + answers("OOD", 3, 20, 100, label="jay")
    rows += answers("ID", 5, 5, 200, label="finch") + answers("OOD", 0, 5, 200, label="finch")
    rows += answers("ID", 0, 30, 300, label="ibis")  # never shown OOD, so not compared
    jay, ibis, finch = class_changes(make_evaluation(rows), PLAIN)
    assert (jay.label, jay.before, jay.after) == ("jay", cell(18, 20), cell(3, 20))
    assert jay.difference == Cell(-0.75, *dataclasses.astuple(paired_score(0, 15, 20)), 20)
    assert (ibis.before, ibis.difference.value) == (cell(20, 20), -0.25)
    assert finch.difference == Cell(None, None, None, 5, "too few to say (n = 5)")


def test_photographs_change_from_themselves_to_foreign_scenes_or_else_to_other_classes_backgrounds() -> None:
    rows = answers("original", 20, 20) + answers("Mixed-Rand", 10, 20, lifted_by="given", scene="other.jpg")
    [change] = class_changes(make_evaluation(rows, data=PHOTOGRAPHS), PLAIN)
    assert (change.before, change.after, change.difference.value) == (cell(20, 20), cell(10, 20), -0.5)
    rows += [row for scene in "ab" for row in answers("foreign scene", 5, 20, lifted_by="given", scene=scene)]
    [change] = class_changes(make_evaluation(rows, data=PHOTOGRAPHS), PLAIN)
    assert (change.after.value, change.after.n, change.difference.value) == (0.25, 20, -0.75)
    with pytest.raises(EvaluationError, match="no class can change"):
        class_changes(make_evaluation(answers("original", 20, 20), data=PHOTOGRAPHS), PLAIN)


def test_an_unknown_selector_is_refused() -> None:
    made = make_evaluation(answers("OOD", 1, 20))
    with pytest.raises(UnknownNameError, match="mask source of plain named 'given'"):
        group_matrix(made, ("plain", "given"))
