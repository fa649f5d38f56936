"""One classifier taken apart: the frame marks the worst group that is large enough, marks stand where values are."""

from __future__ import annotations

import pytest

from bgbias_core.evaluation.matrices import Cell, ClassChange, GroupMatrix
from bgbias_core.plots import class_change_figure, group_figure, worst_group
from tests.plots.cells import FEW, cell

GROUPS = GroupMatrix(
    ("001.Black_footed_Albatross", "wren"),
    ("land", "open_water"),
    {
        ("001.Black_footed_Albatross", "land"): cell(0.75),
        ("001.Black_footed_Albatross", "open_water"): cell(0.5, 20),
        ("wren", "land"): cell(0.25, 19),
        ("wren", "open_water"): FEW,
    },
    "OOD",
)


def test_the_worst_group_has_enough_samples_to_be_called_so() -> None:
    assert worst_group(GROUPS) == ("001.Black_footed_Albatross", "open_water")
    [frame] = group_figure(GROUPS).layout.shapes
    assert ((frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2) == (1, 0)


@pytest.mark.parametrize("n", [19, 300])
def test_there_is_no_worst_where_groups_are_small_or_alike(n: int) -> None:
    alike = GroupMatrix(
        ("wren", "jay"), ("land",), {("wren", "land"): cell(0.25, n), ("jay", "land"): cell(0.25)}, "OOD"
    )
    assert worst_group(alike) is None
    assert not group_figure(alike).layout.shapes


def test_groups_stand_in_their_cells_with_interval_and_n() -> None:
    figure = group_figure(GROUPS)
    field, said, silent = figure.data
    assert [list(line) for line in field.z] == [[0.75, 0.5], [0.25, None]]
    assert list(figure.layout.yaxis.ticktext) == ["Black footed Albatross", "wren"]
    assert list(figure.layout.xaxis.ticktext) == ["land", "open water"]
    assert "62–88" in said.text[0]
    assert "n = 300" in said.text[0]
    assert silent.text[0] == "too few<br>to say"


def test_a_class_goes_from_before_to_after_and_its_difference_stands_above() -> None:
    lost = ClassChange("wren", cell(0.75), cell(0.25), Cell(-0.5, -0.625, -0.375, 300))
    few = ClassChange("jay", FEW, FEW, FEW)
    figure = class_change_figure([lost, few])
    line, before, after, *keys = figure.data
    assert (list(line.x), list(line.y)) == ([0.75, 0.25], [0, 0])
    assert (before.x[0], before.marker.symbol) == (0.75, "circle-open")
    assert (after.x[0], after.marker.symbol) == (0.25, "circle")
    assert "25.0% (12.5–37.5), n = 300" in after.hovertemplate
    assert [key.name for key in keys] == ["before", "after"], "a class of too few samples has no marks"
    assert [note.text for note in figure.layout.annotations] == [
        "<b>wren</b>  −50.0 points (−62.5 to −37.5), n = 300",
        "<b>jay</b>  too few to say (n = 3)",
    ]
