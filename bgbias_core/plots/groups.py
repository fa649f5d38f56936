"""One classifier taken apart: how often it is right in each group, and what each class loses."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from bgbias_core.evaluation.groups import SMALLEST_GROUP
from bgbias_core.plots.cells import ends, percent, told
from bgbias_core.plots.heat import SMALL, add_field
from bgbias_core.plots.style import FAINT, NEUTRAL, clear_ground
from bgbias_core.spelling import spell_class

if TYPE_CHECKING:
    from bgbias_core.evaluation.matrices import Cell, ClassChange, GroupMatrix

LOSS, GAIN = "#D55E00", "#009E73"
"""What a class loses and gains on other backgrounds."""
_GROUP, _CLASS = 52, 48  # pixels of one row


def group_figure(groups: GroupMatrix) -> go.Figure:
    """Draw one classifier's accuracy by class and place group; a frame marks the worst group.

    Args:
        groups: Which.
    """
    figure = go.Figure()
    labels = [spell_class(label) for label in groups.labels]
    cells = [[groups.cells.get((label, group)) for group in groups.place_groups] for label in groups.labels]
    columns = [group.replace("_", " ") for group in groups.place_groups]
    add_field(figure, columns, [escape(label) for label in labels], cells, _number, gap=3)
    figure.update_yaxes(
        tickvals=[-row for row in range(len(labels))],
        ticktext=[escape(label) for label in labels],
        range=[-len(labels) + 0.5, 0.5],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )
    worst = worst_group(groups)
    if worst is not None:
        x, y = groups.place_groups.index(worst[1]), -groups.labels.index(worst[0])
        figure.add_shape(
            type="rect", x0=x - 0.485, x1=x + 0.485, y0=y - 0.46, y1=y + 0.46, line={"color": LOSS, "width": 4},
            name="worst group",
        )  # fmt: skip
    figure.update_layout(height=_GROUP * len(labels) + 48, margin={"l": 4, "r": 4, "t": 8, "b": 4}, showlegend=False)
    return clear_ground(figure)


def worst_group(groups: GroupMatrix) -> tuple[str, str] | None:
    """Class and place group of the lowest accuracy that has enough samples to be called the worst.

    ``None`` where no group has, or all of them are as often right.
    """
    large = {
        where: cell.value for where, cell in groups.cells.items() if cell.value is not None and cell.n >= SMALLEST_GROUP
    }
    return min(large, key=large.__getitem__) if len(set(large.values())) > 1 else None


def class_change_figure(changes: Sequence[ClassChange]) -> go.Figure:
    """Draw each class's accuracy before and after, its paired difference above; full marks are after.

    Args:
        changes: From top to bottom.
    """
    figure = go.Figure()
    for row, change in enumerate(changes):
        name = escape(spell_class(change.label))
        figure.add_annotation(
            text=f"<b>{name}</b>  {told(change.difference, ' points')}",
            x=0, xref="paper", xanchor="left", y=0.36 - row, yanchor="middle", showarrow=False, align="left",
            font={"size": 12},
        )  # fmt: skip
        if change.before.value is None or change.after.value is None:
            continue
        colour = LOSS if change.after.value < change.before.value else GAIN
        if change.after.value == change.before.value:
            colour = NEUTRAL
        figure.add_scatter(
            x=[change.before.value, change.after.value], y=[-row, -row], mode="lines",
            line={"color": colour, "width": 3}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        for when, cell in (("before", change.before), ("after", change.after)):
            figure.add_scatter(
                x=[cell.value],
                y=[-row],
                mode="markers",
                marker={
                    "symbol": "circle-open" if when == "before" else "circle",
                    "color": colour,
                    "size": 11,
                    "line": {"width": 2, "color": colour},
                },
                hovertemplate=f"{when}: {told(cell)}<extra>{name}</extra>",
                showlegend=False,
            )
    for title, symbol in (("before", "circle-open"), ("after", "circle")):
        key = {"symbol": symbol, "color": NEUTRAL, "size": 11, "line": {"width": 2}}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=title, marker=key)
    figure.update_xaxes(
        range=[-0.03, 1.03],
        tickformat=".0%",
        gridcolor=FAINT,
        zeroline=False,
        fixedrange=True,
        side="top",
        automargin=True,
    )
    figure.update_yaxes(
        range=[-len(changes) + 0.6, 0.6], showticklabels=False, showgrid=False, zeroline=False, fixedrange=True
    )
    figure.update_layout(
        height=_CLASS * len(changes) + 80,
        margin={"l": 16, "r": 16, "t": 56, "b": 4},
        legend={"orientation": "h", "yanchor": "top", "y": 1.0, "yref": "container", "x": 0, "itemclick": False},
    )
    return clear_ground(figure)


def _number(cell: Cell) -> str:
    return f"<b>{percent(cell.value or 0.0, 0)}</b>{SMALL}{ends(cell, 0)}<br>n = {cell.n:,}</span>"
