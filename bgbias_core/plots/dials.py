"""What becomes of accuracy while one thing is turned step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from bgbias_core.plots.cells import row_titles, told
from bgbias_core.plots.style import DASHES, FAINT, NEUTRAL, STRATEGY_COLOURS, SYMBOLS, clear_ground

if TYPE_CHECKING:
    from bgbias_core.evaluation.curves import DialCurve
    from bgbias_core.evaluation.matrices import Cell
    from bgbias_core.models import StrategyName

_OF_DIAMETER = "part of the object’s diameter"
AXES: dict[str, str] = {
    "grow": f"The mask reaches too far ({_OF_DIAMETER})",
    "shrink": f"The mask ends too early ({_OF_DIAMETER})",
    "shift": f"The mask lies beside the object ({_OF_DIAMETER})",
    "holes": "Missing in the mask (part of the object’s area)",
    "object size": "Size of the object (1 = as it was)",
    "correlation": "Correlation c of places and species in training",
    "depth": "Depth of the mask (0 = the image, then after each stage or block)",
}
"""What stands below each dial's levels."""
_OPEN = "-open"
_APART = 0.09
"""Part of the axis between two labels at least."""


def dial_figure(curves: Sequence[DialCurve]) -> go.Figure:
    """Draw the curves of one dial, each point with its interval.

    A strategy keeps its colour; predicted masks have open marks; several backbones of a strategy differ in dashes.

    Args:
        curves: All of one dial. One of a single point is drawn as a level line, its interval
            at the right end: what the others are measured against.
    """
    figure = go.Figure()
    strategies: dict[str, StrategyName] = {name: name for name in STRATEGY_COLOURS}
    levels = sorted({point.level for curve in curves for point in curve.points})
    dashes: dict[tuple[str, str], dict[str, str]] = {}
    for curve, (title, mask) in zip(curves, row_titles(curves), strict=True):
        strategy = strategies[curve.strategy]
        colour = STRATEGY_COLOURS[strategy]
        known = dashes.setdefault((curve.strategy, curve.mask_source), {})
        dash = known.setdefault(f"{curve.checkpoint} {curve.title}", DASHES[len(known) % len(DASHES)])
        points = [point for point in curve.points if point.cell.value is not None]
        open_marks = _OPEN if curve.mask_source == "predicted" else ""
        drawn = [*points]
        flat = len(points) == 1 and len(levels) > 1
        if flat:
            drawn *= 2
            dash = "dot" if curve.mask_source == "predicted" else "longdash"
        # Of a level line the right end alone bears the interval.
        borne = [not flat or number == 1 for number in range(len(drawn))]
        above, below = (
            [_reach(point.cell, up=up) if bears else 0.0 for point, bears in zip(drawn, borne, strict=True)]
            for up in (True, False)
        )
        figure.add_scatter(
            x=[levels[0], levels[-1]] if flat else [point.level for point in drawn],
            y=[point.cell.value for point in drawn],
            name=f"{title}, {mask}",
            mode="lines" if flat else "lines+markers",
            line={"color": colour, "dash": dash, "width": 2 if flat else 2.5},
            marker={"symbol": SYMBOLS[strategy] + open_marks, "size": 8, "line": {"width": 2, "color": colour}},
            error_y={"array": above, "arrayminus": below, "color": colour, "thickness": 1.2, "width": 3},
            text=[told(point.cell) for point in drawn],
            hovertemplate="%{x:g}: %{text}<extra>%{fullData.name}</extra>",
        )
    dial = curves[0].dial if curves else ""
    margin = 0.04 * (levels[-1] - levels[0] or 1) if levels else 1
    figure.update_xaxes(
        tickvals=levels,
        ticktext=_labels(levels),
        range=[levels[0] - margin, levels[-1] + margin] if levels else None,
        title={"text": AXES.get(dial, dial), "font": {"size": 12}},
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )
    figure.update_yaxes(
        range=[-0.02, 1.02], tickformat=".0%", gridcolor=FAINT, zeroline=False, fixedrange=True, automargin=True
    )
    if dial == "object size":
        figure.add_vline(x=1, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_layout(
        height=290 + 21 * len(curves),  # on a narrow screen the legend takes a row for each curve
        margin={"l": 4, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    return clear_ground(figure)


def _labels(levels: Sequence[float]) -> list[str]:
    """The levels as text, from the last to the first, but for those that would run into one another on a phone."""
    labels: list[str] = []
    before = float("inf")
    for level in reversed(levels):
        free = before - level >= _APART * (levels[-1] - levels[0])
        labels.append(f"{level:g}" if free else "")
        before = level if free else before
    return labels[::-1]


def _reach(cell: Cell, *, up: bool) -> float:
    end = cell.high if up else cell.low
    return 0.0 if end is None or cell.value is None else abs(end - cell.value)
