"""The dot figure: every number with its interval, colour and mark of its strategy, rows in their order."""

from __future__ import annotations

import pytest

from bgbias_core.evaluation import Measured
from bgbias_core.plots import STRATEGY_COLOURS, Dots, comparison_figure

MEASURES = {"accuracy ID": "ID", "accuracy OOD": "OOD"}


def measured(value: float, low: float, high: float) -> Measured:
    return Measured("accuracy", "ID", "none", "", value, low, high, 300, "wilson")


ROWS = [
    Dots("first", "unmasked", {"accuracy ID": measured(0.9, 0.85, 0.93), "accuracy OOD": measured(0.2, 0.15, 0.28)}),
    Dots("second", "early", {"accuracy OOD": measured(0.8, 0.75, 0.83)}),
]


def test_every_number_is_a_mark_with_its_interval() -> None:
    figure = comparison_figure(ROWS, MEASURES)
    marks = [trace for trace in figure.data if trace.mode == "markers" and trace.y[0] is not None]
    drawn = {(trace.y[0], trace.x[0]): trace for trace in marks}
    assert set(drawn) == {("first", 0.9), ("first", 0.2), ("second", 0.8)}
    interval = drawn["first", 0.2].error_x
    assert 0.2 + interval.array[0] == pytest.approx(0.28)
    assert 0.2 - interval.arrayminus[0] == pytest.approx(0.15)
    assert "n = 300" in drawn["second", 0.8].hovertemplate


def test_strategies_keep_their_colour_and_measures_differ_in_open_and_full_marks() -> None:
    figure = comparison_figure(ROWS, MEASURES)
    marks = {(trace.y[0], trace.x[0]): trace.marker for trace in figure.data if trace.mode == "markers" and trace.y[0]}
    assert marks["first", 0.9].color == marks["first", 0.2].color == STRATEGY_COLOURS["unmasked"]
    assert marks["second", 0.8].color == STRATEGY_COLOURS["early"]
    assert marks["first", 0.9].symbol == marks["first", 0.2].symbol + "-open"
    assert [trace.name for trace in figure.data if trace.showlegend is None] == ["ID", "OOD"]


def test_the_first_row_is_on_top_and_a_line_spans_the_gap() -> None:
    figure = comparison_figure(ROWS, MEASURES)
    assert list(figure.layout.yaxis.categoryarray) == ["second", "first"]
    [line] = [trace for trace in figure.data if trace.mode == "lines"]
    assert (list(line.x), line.y[0]) == ([0.9, 0.2], "first"), "the second row has one number and no gap"
