"""One object on several backgrounds as one HTML table: what each classifier really sees, and what it calls it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bgbias_core.images import Image, encode_jpeg

DOUBT = "probably none of these"
"""Beside an answer that is less sure than the classifier usually is of photographs of its own kind."""


@dataclass(frozen=True)
class SeenCell:
    """One classifier before one background.

    Attributes:
        url: The picture that it sees.
        alt: The same in words.
        name: The name it gives; ``""`` where it found no object.
        probability: Of that name, in [0, 1].
        changed: Whether the name differs from the original's; ``None`` on the original, and where nothing was found.
        right: Whether the name is the right one; ``None`` where that is not known.
        doubtful: Whether the probability is so low that the picture is probably of none of the classes.
    """

    url: str
    alt: str
    name: str
    probability: float
    changed: bool | None
    right: bool | None
    doubtful: bool = False


@dataclass(frozen=True)
class SeenRow:
    """One classifier before every background.

    Attributes:
        title: Strategy and network.
        mask: Which mask it looks at.
        sees: In a few words, what becomes of the background.
        cells: One for the original and each background.
    """

    title: str
    mask: str
    sees: str
    cells: Sequence[SeenCell]


def seen_html(heads: Sequence[str], rows: Sequence[SeenRow], caption: str) -> str:
    """Lay out the table.

    Args:
        heads: Titles of the original and of each background.
        rows: One for each classifier.
        caption: What the table shows, for those who cannot see it.

    Returns:
        HTML in which every text is escaped.
    """
    titles = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    lines = "".join(_row(row) for row in rows)
    return (
        f'<div class="seen" role="region" tabindex="0" aria-label="{escape(caption, quote=True)}">'
        f"<table><caption>{escape(caption)}</caption>"
        f'<thead><tr><th scope="col" class="label">What each one sees</th>{titles}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def picture_url(image: Image) -> str:
    """A picture as a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(image)).decode()


def _row(row: SeenRow) -> str:
    notes = "".join(f"<small>{escape(note)}</small>" for note in (row.mask, row.sees) if note)
    cells = "".join(_cell(cell) for cell in row.cells)
    return f'<tr><th scope="row" class="label">{escape(row.title)}{notes}</th>{cells}</tr>'


def _cell(cell: SeenCell) -> str:
    picture = (
        f'<img src="{escape(cell.url, quote=True)}" alt="{escape(cell.alt, quote=True)}" width="150" height="150">'
    )
    if not cell.name:
        return f"<td>{picture}<em>no object found</em></td>"
    marks = []
    if cell.changed is not None:
        marks.append('<b class="changed">✗ changed</b>' if cell.changed else '<b class="same">✓ same</b>')
    if cell.right is not None:
        marks.append("right" if cell.right else "wrong")
    if cell.doubtful:
        marks.append(DOUBT)
    said = f"<strong>{escape(cell.name)}</strong> {cell.probability:.0%}"
    return f"<td>{picture}{said}<small>{' · '.join(marks)}</small></td>"
