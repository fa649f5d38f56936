"""Feathers as tone: scalloped coverts and long flight feathers on the wing, short strokes on the body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary.birds.curves import Frame, Points, Ribbon
from bgbias_core.aviary.birds.families import BUILDS, wing_of
from bgbias_core.aviary.birds.painter import Box, Canvas

_ROUND = np.deg2rad(np.linspace(-90, 90, 9))
_FLIGHT_FEATHERS = 7
_FINE_DETAIL_ABOVE = 160
"""Pictures up to this size in pixels go without the finest lines."""
_COVERT_ROWS = ((0.44, 4, 0.11), (0.34, 5, 0.10), (0.25, 4, 0.09), (0.165, 3, 0.085), (0.09, 2, 0.08))
"""(where the row ends along the wing, feathers across it, their length), from the tip forward."""


@dataclass(frozen=True)
class _Row:
    """Coverts of one row: outlines ``[N, 11, 2]``, dark round tips, light rims within them, and shafts."""

    shapes: Points
    tips: Points
    rims: Points
    shafts: Points


@dataclass(frozen=True)
class _Pattern:
    """A wing's feathers in its own frame: flight feathers (outlines and three lines each) and rows of coverts."""

    flight: Points
    lower: Points
    vanes: Points
    shafts: Points
    rows: tuple[_Row, ...]


def _scallops(wing: Ribbon, end: float, length: float, middles: Points, half: float) -> Points:
    along = end - 0.45 * length + 0.45 * length * np.cos(_ROUND)
    return wing.at(along, middles[:, None] + half * np.sin(_ROUND))


def _row(wing: Ribbon, end: float, feathers: int, length: float) -> _Row:
    half = 1.0 / feathers
    middles = np.asarray(-1 + (2 * np.arange(feathers) + 1) * half, dtype=np.float64)
    tips = _scallops(wing, end, length, middles, half * 1.06)
    roots = wing.at(end - 1.7 * length, middles[:, None] + 1.06 * half * np.array([1.0, -1.0]))
    rims = _scallops(wing, end - 0.16 * length, length, middles, half * 0.86)
    shafts = wing.at(np.linspace(end - length, end - 0.1 * length, 4), middles[:, None])
    return _Row(np.concatenate([tips, roots], axis=1), tips, rims, shafts)


@cache
def _pattern(family: str) -> _Pattern:
    wing = wing_of(BUILDS[family])
    edge = np.linspace(-0.86, 0.80, _FLIGHT_FEATHERS)[:, None]
    # Each flight feather runs from the coverts to its own end on the lower edge: the lower, the shorter.
    ends = 0.60 + 0.40 * np.arange(1, _FLIGHT_FEATHERS + 1)[:, None] / _FLIGHT_FEATHERS
    along = 0.30 + np.linspace(0, 1, 14) * (ends - 0.30)
    across = edge - 0.35 * np.clip((along - 0.45) / 0.55, 0, 1) ** 1.5 * (0.9 + edge)
    lower, vanes, shafts = (wing.at(along, across + offset) for offset in (0.0, 0.06, 0.18))
    upper = wing.at(along, np.minimum(across + 0.34, 1.0))
    flight = np.concatenate([lower, upper[:, ::-1]], axis=1)
    return _Pattern(flight, lower, vanes, shafts, tuple(_row(wing, *row) for row in _COVERT_ROWS))


def wing_tone(canvas: Canvas, box: Box, family: str, placing: Frame, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The folded wing's feathers: flight feathers first, coverts over them, the front row on top.

    ``placing`` takes the wing's own frame to the picture; shafts are left out where they would be finer than a pixel.
    """
    tone, pattern = canvas.tone(box), _pattern(family)
    shafts = canvas.size > _FINE_DETAIL_ABOVE
    levels = rng.integers(-10, 11, (1 + len(pattern.rows), _FLIGHT_FEATHERS)).tolist()
    flight, lower, vanes = placing(pattern.flight), placing(pattern.lower), placing(pattern.vanes)
    for index in range(_FLIGHT_FEATHERS):
        here = slice(index, index + 1)
        canvas.patches(tone, box, flight[here], [172 + levels[0][index]])
        canvas.line(tone, box, vanes[here], 0.007, 218)
        canvas.line(tone, box, lower[here], 0.010, 100)
    if shafts:
        canvas.line(tone, box, placing(pattern.shafts), 0.003, 140)
    for row, row_levels in zip(pattern.rows, levels[1:], strict=True):
        canvas.patches(tone, box, placing(row.shapes), [184 + level for level in row_levels[: len(row.shapes)]])
        canvas.line(tone, box, placing(row.rims), 0.009, 222)
        canvas.line(tone, box, placing(row.tips), 0.010, 108)
        if shafts:
            canvas.line(tone, box, placing(row.shafts), 0.003, 144)
    return tone


def body_tone(canvas: Canvas, box: Box, outline: Points, placing: Frame, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Soft plumage: short strokes that point backward and down, light and dark; plain where they would be too fine."""
    tone = canvas.tone(box)
    if canvas.size <= _FINE_DETAIL_ABOVE:
        return tone
    low, high = outline.min(axis=0), outline.max(axis=0)
    roots = low + rng.uniform(0, 1, (420, 2)) * (high - low)
    angle = np.deg2rad(rng.uniform(125, 175, 420))
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(0.018, 0.045, 420)[:, None]
    bend = np.stack([-along[:, 1], along[:, 0]], axis=1) * 0.22
    strokes = placing(np.stack([roots, roots + 0.5 * along + bend, roots + along], axis=1))
    canvas.line(tone, box, strokes[:210], 0.0045, 194)
    canvas.line(tone, box, strokes[210:], 0.0045, 164)
    return tone
