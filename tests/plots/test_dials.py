"""Dials: every point with its interval, masks told apart, and who does not change as a level line."""

from __future__ import annotations

import pytest

from bgbias_core.plots import STRATEGY_COLOURS, dial_figure
from tests.plots.cells import FEW, cell, curve

LEVELS = {0.0: cell(0.75), 0.1: cell(0.5), 0.4: cell(0.25)}


def test_every_point_has_its_interval_and_n() -> None:
    [drawn] = dial_figure([curve("given", LEVELS)]).data
    assert (list(drawn.x), list(drawn.y)) == ([0, 0.1, 0.4], [0.75, 0.5, 0.25])
    assert list(drawn.error_y.array) == list(drawn.error_y.arrayminus) == pytest.approx([0.125] * 3)
    assert drawn.text[2] == "25.0% (12.5–37.5), n = 300"
    assert drawn.name == "Title of a, given mask"
    assert drawn.line.color == STRATEGY_COLOURS["early"]


def test_what_cannot_be_said_is_left_out() -> None:
    [drawn] = dial_figure([curve("given", {**LEVELS, 0.4: FEW})]).data
    assert list(drawn.x) == [0, 0.1]


def test_who_does_not_change_is_a_level_line_whose_end_bears_the_interval() -> None:
    _, level = dial_figure([curve("given", LEVELS), curve("none", {0.0: cell(0.375)}, strategy="unmasked")]).data
    assert (list(level.x), list(level.y)) == ([0, 0.4], [0.375, 0.375])
    assert level.mode == "lines"
    assert list(level.error_y.array) == pytest.approx([0, 0.125])


def test_masks_differ_in_their_marks_and_backbones_in_their_dashes() -> None:
    curves = [curve("given", LEVELS), curve("predicted", LEVELS), curve("given", LEVELS, name="b")]
    given, predicted, other = dial_figure(curves).data
    assert predicted.marker.symbol == f"{given.marker.symbol}-open"
    assert other.line.dash != given.line.dash == predicted.line.dash


def test_levels_are_the_axis_and_say_what_they_count() -> None:
    axis = dial_figure([curve("given", LEVELS)]).layout.xaxis
    assert list(axis.ticktext) == ["0", "0.1", "0.4"]
    assert "diameter" in axis.title.text


def test_labels_that_would_run_into_each_other_are_left_out_and_their_points_are_not() -> None:
    figure = dial_figure([curve("given", {level: cell(0.5) for level in (0, 0.5, 0.8, 0.9, 0.95, 1)})])
    assert list(figure.layout.xaxis.ticktext) == ["0", "0.5", "0.8", "0.9", "", "1"]
    assert list(figure.data[0].x) == [0, 0.5, 0.8, 0.9, 0.95, 1]
