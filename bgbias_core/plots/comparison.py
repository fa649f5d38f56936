"""How often each classifier is right, or changes its answer: one row each, marks with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bgbias_core.evaluation.measures import Measured
from bgbias_core.models import StrategyName
from bgbias_core.plots.style import FAINT, NEUTRAL, STRATEGY_COLOURS, SYMBOLS, clear_ground


@dataclass(frozen=True)
class Dots:
    """One row of the figure.

    Attributes:
        title: What stands beside it; unique.
        strategy: Gives the colour and the mark.
        values: The figures by measure; those of the row may be fewer than those of the others.
    """

    title: str
    strategy: StrategyName
    values: Mapping[str, Measured]


def comparison_figure(rows: Sequence[Dots], measures: Mapping[str, str]) -> go.Figure:
    """Draw shares with their intervals, and a line between the two of one row where there are two.

    Args:
        rows: From top to bottom.
        measures: Titles by measure, at most two: the last one's marks are full, those of one before it open.
    """
    figure = go.Figure()
    names = list(measures)
    for row in rows:
        found = [row.values[name] for name in names if name in row.values]
        if len(found) > 1:
            figure.add_scatter(
                x=[one.value for one in found],
                y=[row.title] * len(found),
                mode="lines",
                line={"color": NEUTRAL, "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
            )
    for name, title in measures.items():
        shown = [row for row in rows if name in row.values]
        is_open = name != names[-1]
        figures = [row.values[name] for row in shown]
        colours = [STRATEGY_COLOURS[row.strategy] for row in shown]
        marks = [SYMBOLS[row.strategy] + ("-open" if is_open else "") for row in shown]
        for row, one, colour, mark in zip(shown, figures, colours, marks, strict=True):
            figure.add_scatter(
                x=[one.value],
                y=[row.title],
                mode="markers",
                marker={"symbol": mark, "color": colour, "size": 10, "line": {"width": 2, "color": colour}},
                error_x={
                    "array": [one.high - one.value],
                    "arrayminus": [one.value - one.low],
                    "color": colour,
                    "thickness": 1.5,
                },
                hovertemplate=f"{title}: {one.value:.1%} ({100 * one.low:.1f}–{100 * one.high:.1f}), n = {one.n:,}"
                f"<extra>{row.title}</extra>",
                showlegend=False,
            )
        # The legend tells open from full marks and leaves the strategies' colours to the rows.
        key = {"symbol": "circle-open" if is_open else "circle", "color": NEUTRAL, "size": 10, "line": {"width": 2}}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=title, marker=key)
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", gridcolor=FAINT, zeroline=False, fixedrange=True)
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[row.title for row in reversed(rows)],
        range=[-0.6, len(rows) - 0.4],
        showgrid=False,
        automargin=True,
        fixedrange=True,
    )
    figure.update_layout(
        height=90 + 46 * len(rows),
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "itemclick": False},
    )
    return clear_ground(figure)
