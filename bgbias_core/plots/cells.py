"""How figures tell a number that carries its interval and its n, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Protocol

from bgbias_core.masks import mask_words

if TYPE_CHECKING:
    from bgbias_core.evaluation.matrices import Cell


class Looking(Protocol):
    """A checkpoint with what it looked at."""

    @property
    def checkpoint(self) -> str:
        """Its name."""

    @property
    def title(self) -> str:
        """As people read it."""

    @property
    def mask_source(self) -> str:
        """``none``, ``given`` or ``predicted``."""


def percent(value: float, digits: int = 1) -> str:
    """A share as a person reads it.

    >>> percent(0.8412), percent(-0.0333, 0)
    ('84.1%', '−3%')
    """
    return f"{100 * value:.{digits}f}%".replace("-", "−")


def ends(cell: Cell, digits: int = 1) -> str:
    """A cell's interval without its unit; empty where it has none."""
    if cell.low is None or cell.high is None:
        return ""
    first, second = (percent(value, digits).removesuffix("%") for value in (cell.low, cell.high))
    return f"{first}{' to ' if cell.low < 0 else '–'}{second}"


def told(cell: Cell | None, unit: str = "%") -> str:
    """A cell in one line, as it may stand in a figure: number, interval, n and note, or the note alone.

    Args:
        cell: ``None`` where nothing was shown.
        unit: What stands after the number.
    """
    if cell is None:
        return "not shown"
    if cell.value is None:
        return escape(cell.note) or "cannot be said"
    interval = f" ({ends(cell)})" if ends(cell) else ""
    note = f", {escape(cell.note)}" if cell.note else ""
    return f"{percent(cell.value).removesuffix('%')}{unit}{interval}, n = {cell.n:,}{note}"


def shared_titles(rows: Iterable[Looking]) -> frozenset[str]:
    """Titles that several checkpoints have, so that their names must be told too."""
    names: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(row.title, set()).add(row.checkpoint)
    return frozenset(title for title, some in names.items() if len(some) > 1)


def row_titles(rows: Iterable[Looking]) -> list[tuple[str, str]]:
    """Title and mask of each row as they may stand in a figure; titles that several checkpoints share have the name."""
    rows = list(rows)
    shared = shared_titles(rows)
    return [
        (
            escape(f"{row.title} ({row.checkpoint})" if row.title in shared else row.title),
            mask_words(row.mask_source),
        )
        for row in rows
    ]
