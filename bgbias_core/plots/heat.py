"""A field of accuracies: each cell's ground tells the number, and the number stands on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.colors import sample_colorscale, unlabel_rgb

from bgbias_core.plots.cells import told

if TYPE_CHECKING:
    from bgbias_core.evaluation.matrices import Cell

LADDER = ((0.0, "#F4E6CE"), (0.5, "#86B8AA"), (1.0, "#0A4A3F"))
"""From wrong to right; the lightness falls all the way, so it reads without colours and on paper."""
SMALL = '<br><span style="font-size:10px">'
"""Begins a smaller line below a number."""
DARK_INK, LIGHT_INK = "#000000", "#FFFFFF"
_BALANCE = 0.179
"""Luminance at which both inks stand out equally."""


def add_field(
    figure: go.Figure,
    columns: Sequence[str],
    titles: Sequence[str],
    cells: Sequence[Sequence[Cell | None]],
    write: Callable[[Cell], str],
    *,
    gap: int,
    few: str = "too few<br>to say",
) -> None:
    """Draw cells, the first row on top at ``y = 0`` the next at −1, and so on; columns are at 0, 1 and so on.

    Args:
        figure: Where.
        columns: Titles of the columns.
        titles: What the hover calls each row.
        cells: By row and column; ``None`` where nothing was shown.
        write: What stands on a cell that has a number.
        gap: Pixels between the rows.
        few: What stands where there are too few samples.
    """
    across, down = list(range(len(columns))), [-row for row in range(len(cells))]
    figure.add_heatmap(
        x=across,
        y=down,
        z=[[None if cell is None else cell.value for cell in row] for row in cells],
        hovertext=[
            [f"<b>{title}</b><br>{escape(column)}: {told(cell)}" for column, cell in zip(columns, row, strict=True)]
            for title, row in zip(titles, cells, strict=True)
        ],
        hoverinfo="text",
        zmin=0,
        zmax=1,
        colorscale=[list(step) for step in LADDER],
        showscale=False,
        xgap=3,
        ygap=gap,
    )
    placed = [(x, y, cell) for y, row in zip(down, cells, strict=True) for x, cell in zip(across, row, strict=True)]
    said = [(x, y, cell) for x, y, cell in placed if cell is not None and cell.value is not None]
    figure.add_scatter(
        x=[x for x, _, _ in said],
        y=[y for _, y, _ in said],
        text=[write(cell) for _, _, cell in said],
        mode="text",
        textfont={"color": [ink_on(cell.value or 0.0) for _, _, cell in said], "size": 12},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    # In the page's own ink: there is no ground under these.
    silent = [(x, y, cell) for x, y, cell in placed if cell is None or cell.value is None]
    figure.add_scatter(
        x=[x for x, _, _ in silent],
        y=[y for _, y, _ in silent],
        text=[few if cell is not None and cell.note.startswith("too few") else "–" for _, _, cell in silent],
        mode="text",
        textfont={"size": 10},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    figure.update_xaxes(
        tickvals=across,
        ticktext=[escape(column) for column in columns],
        range=[-0.5, len(columns) - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )


def ink_on(value: float) -> str:
    """Which ink stands out on the ground of a share."""
    [ground] = sample_colorscale([list(step) for step in LADDER], [min(max(value, 0.0), 1.0)])
    channels = (channel / 255 for channel in unlabel_rgb(ground))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return LIGHT_INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue < _BALANCE else DARK_INK
