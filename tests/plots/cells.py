"""Cells, curves and rows with numbers that a figure must show."""

from __future__ import annotations

from bgbias_core.evaluation.curves import DialCurve, Point
from bgbias_core.evaluation.matrices import Cell, MatrixRow

FEW = Cell(None, None, None, 3, "too few to say (n = 3)")


def cell(value: float, n: int = 300) -> Cell:
    """A cell whose interval reaches an eighth to both sides."""
    return Cell(value, value - 0.125, value + 0.125, n)


def row(name: str, source: str, title: str = "Small", **cells: Cell) -> MatrixRow:
    return MatrixRow(name, title, "early", source, "", "", cells)


def curve(source: str, levels: dict[float, Cell], *, strategy: str = "early", name: str = "a") -> DialCurve:
    points = tuple(Point(level, found) for level, found in levels.items())
    return DialCurve("grow", name, f"Title of {name}", strategy, source, "OOD", points)
