"""Conditions against checkpoints: every accuracy with its interval and n, or in words why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.comparison import legend, looking, row_titles
from pages.components.evaluation_picker import read_evaluation, version_of
from pages.components.measured import figure_cell

if TYPE_CHECKING:
    from bgbias_core.evaluation.matrices import Cell, MatrixRow

SHOWS: Mapping[str, str] = {
    "ID": "where its species usually stands",
    "OOD": "any place, whatever the species",
    "all places": "each of the other places",
    "original": "the photograph as it is",
    "Only-FG": "the object alone on black",
    "Only-BG-B": "no object: its box is black",
    "Only-BG-T": "no object: its box is tiled over",
    "No-FG": "no object: its shape is black",
    "Mixed-Same": "the background of another of its class",
    "Mixed-Rand": "the background of another class",
    "foreign scene": "photographs of other places",
    "Noise-FG": "noise on the object",
    "Noise-BG": "noise on the background",
}
"""What each condition shows, in a few words."""
_NOISE_ON_OBJECT = "Noise-FG"
_SAME = "the same pixels"
_TALL = 12
"""Rows above which the table scrolls within itself."""


def matrix_html(rows: Sequence[MatrixRow], same_pixels: frozenset[str], noun: str) -> str:
    """The matrix as a table.

    Args:
        rows: Those of one checkpoint together.
        same_pixels: Checkpoints that with given masks see the same pixels on every background.
        noun: What n counts.

    Returns:
        HTML in which every text is escaped.
    """
    conditions = list(dict.fromkeys(condition for row in rows for condition in row.cells))
    heads = "".join(
        f'<th scope="col">{escape(one)}<small>{escape(SHOWS.get(one, ""))}</small></th>' for one in conditions
    )
    lines, before = "", ""
    for row in rows:
        identity = row.mask_source == "given" and row.checkpoint in same_pixels
        shown = [one for one in conditions if one in row.cells and row.cells[one].value is not None]
        cells = "".join(
            _cell(row.cells.get(one), _SAME if identity and one in shown[1:] and one != _NOISE_ON_OBJECT else "")
            for one in conditions
        )
        title = escape(row.title) if row.checkpoint != before else f'<span class="spoken">{escape(row.title)}</span>'
        begins = ' class="begins"' if row.checkpoint != before else ""
        label = f'<th scope="row" class="label">{title}<small>{escape(looking(row))}</small></th>'
        lines += f"<tr{begins}>{label}{cells}</tr>"
        before = row.checkpoint
    tall = " tall" if len(rows) > _TALL else ""
    return (
        f'<div class="measured compared conditions{tall}" role="region" tabindex="0" aria-label="Conditions">'
        "<table><caption>Accuracy of each checkpoint under each condition with 95% intervals and the number of "
        f'{escape(noun)}</caption><thead><tr><th scope="col" class="label">Checkpoint</th>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _cell(cell: Cell | None, note: str) -> str:
    if cell is None or cell.value is None:
        return f"<td><small>{escape('not shown' if cell is None else cell.note)}</small></td>"
    return figure_cell(cell, note="; ".join(part for part in (note, cell.note) if part))


def show_matrix(name: str) -> None:
    """The matrix in numbers, and as a picture that shows its pattern.

    Args:
        name: The evaluation's name.
    """
    from bgbias_core.plots import matrix_figure

    rows = _matrix(name, version_of(name))
    header = read_evaluation(name).header
    noun = "birds" if header.data.kind == "aviary" else "photographs"
    same = frozenset(one.name for one in header.checkpoints if one.same_pixels)
    numbers, picture = st.tabs(["Numbers", "Picture"])
    with numbers:
        st.html(matrix_html(rows, same, noun))
        identities = any(row.mask_source == "given" and row.checkpoint in same for row in rows)
        st.caption(
            legend(noun)
            + (
                f" **{_SAME.capitalize()}**: with given masks early masking sees the same on every background, so it "
                "cannot but be as often right. That is an identity, and no finding."
                if identities
                else ""
            )
        )
    with picture:
        said = "; ".join(
            f"{title}: "
            + ", ".join(f"{one} {cell.value:.0%}" for one, cell in row.cells.items() if cell.value is not None)
            for title, row in zip(row_titles(rows), rows, strict=True)
        )
        st.plotly_chart(
            matrix_figure(rows),
            key="matrix_chart",
            config={"displayModeBar": False},
            alt=f"Accuracy of each checkpoint under each condition. {said}.",
        )
        st.caption("Share of right answers: the darker, the more. Point at a cell for its interval and n.")


@st.cache_data(max_entries=8, show_spinner="Counting right answers …")
def _matrix(name: str, key: int) -> list[MatrixRow]:
    from bgbias_core.evaluation.matrices import condition_matrix

    return condition_matrix(read_evaluation(name))
