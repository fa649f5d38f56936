"""Conditions against checkpoints: how often each one is right under each."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from bgbias_core.plots.cells import ends, percent, row_titles
from bgbias_core.plots.heat import SMALL, add_field
from bgbias_core.plots.style import clear_ground

if TYPE_CHECKING:
    from bgbias_core.evaluation.matrices import Cell, MatrixRow

_FEW = 5
"""Columns up to which a number's interval and n fit below it, on a phone too."""
_TITLE, _NUMBER, _NUMBERS = 24, 28, 50  # pixels
_LINE, _FURTHER_LINE = 50, 16
"""Letters of a title that fit a phone's width, and the pixels of each further line."""


def matrix_figure(rows: Sequence[MatrixRow]) -> go.Figure:
    """Draw a field of accuracies, one row for each checkpoint and mask, its title above it.

    The hover tells interval and n; with few conditions they stand below the number too.

    Args:
        rows: From top to bottom.
    """
    conditions = list(dict.fromkeys(condition for row in rows for condition in row.cells))
    few = len(conditions) <= _FEW
    cuts = len({row.lifted_by for row in rows if row.lifted_by}) > 1
    titles = [
        _title(f"{title}, {mask}", row.lifted_by if cuts else "")
        for (title, mask), row in zip(row_titles(rows), rows, strict=True)
    ]
    above = _TITLE + _FURTHER_LINE * max((title.count("<br>") for title in titles), default=0)
    figure = go.Figure()
    cells = [[row.cells.get(condition) for condition in conditions] for row in rows]
    add_field(
        figure,
        conditions,
        titles,
        cells,
        _long if few else _short,
        gap=above,
        few="too few<br>to say" if few else "few",
    )
    height = above + (_NUMBERS if few else _NUMBER)
    for number, title in enumerate(titles):
        # Beside the rows titles would leave the cells no room on a narrow screen.
        figure.add_annotation(
            text=title, x=0, xref="paper", xanchor="left", y=0.5 - number, yanchor="middle", showarrow=False,
            align="left", font={"size": 12},
        )  # fmt: skip
    figure.update_yaxes(
        range=[-len(rows) + 0.5, 0.5 + above / 2 / height],
        showticklabels=False,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    tilted = len(conditions) > _FEW
    figure.update_xaxes(tickangle=-90 if tilted else 0)
    figure.update_layout(
        height=height * len(rows) + (110 if tilted else 44), margin={"l": 4, "r": 4, "t": 8, "b": 4}, showlegend=False
    )
    return clear_ground(figure)


def _title(looks: str, cut: str) -> str:
    return "<br>".join(wrap(looks + (f", cut out with the {cut} mask" if cut else ""), _LINE))


def _short(cell: Cell) -> str:
    return percent(cell.value or 0.0, 0).removesuffix("%")


def _long(cell: Cell) -> str:
    return f"<b>{percent(cell.value or 0.0)}</b>{SMALL}{ends(cell)}<br>n = {cell.n:,}</span>"
