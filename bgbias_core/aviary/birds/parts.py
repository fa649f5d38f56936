"""The parts that may fill a slot, each drawn in the slot's own frame.

Beak and crest: origin at the head's centre, unit the head's radius, x forward. Tail: origin at its root, body units,
x backward. Breast: body units. y points down in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from bgbias_core.aviary.birds.curves import Points, Ribbon, closed_spline, disc


@dataclass(frozen=True)
class Drawing:
    """A part as polygons (drawn in order, one shape together) and the dark lines on it."""

    shapes: tuple[Points, ...]
    lines: tuple[Points, ...] = field(default=())


def _feather(points: list[tuple[float, float]], widths: list[float]) -> Drawing:
    ribbon = Ribbon.through(points, widths)
    return Drawing((ribbon.outline(),), (ribbon.at(np.linspace(0.12, 0.9, 12), 0.0),))


def _together(*drawings: Drawing) -> Drawing:
    return Drawing(sum((d.shapes for d in drawings), ()), sum((d.lines for d in drawings), ()))


def _fan(
    centre: tuple[float, float], middle: float, spread: float, length: float, width: float, feathers: int
) -> Drawing:
    """Round-ended feathers side by side; angles in degrees, 0 along x and positive downward."""
    angles = np.deg2rad(np.linspace(middle - spread, middle + spread, feathers))
    drawings = []
    for angle in angles:
        along = np.array([np.cos(angle), np.sin(angle)])
        points = [tuple(np.asarray(centre) + along * length * share) for share in (0.0, 0.5, 0.86, 1.0)]
        drawings.append(_feather(points, [width * 0.35, width * 0.9, width * 0.95, width * 0.30]))
    return _together(*drawings)


def _beak(points: list[tuple[float, float]], widths: list[float], gape: float = 0.9) -> Drawing:
    ribbon = Ribbon.through(points, widths)
    return Drawing((ribbon.outline(),), (ribbon.at(np.linspace(0.0, gape, 20), 0.12),))


def _cone_beak(length: float, height: float) -> Drawing:
    outline = closed_spline(
        [
            (-0.2, -height),
            (0.25 * length, -0.86 * height),
            (0.72 * length, -0.42 * height),
            (length, 0.16 * height),
            (0.62 * length, 0.55 * height),
            (0.2 * length, 0.85 * height),
            (-0.2, height),
        ]
    )
    return Drawing(
        (outline,), (np.array([(-0.1, 0.1 * height), (0.5 * length, 0.22 * height), (0.95 * length, 0.16 * height)]),)
    )


def _fork() -> Drawing:
    return _together(
        _feather([(-0.05, 0.0), (0.16, -0.04), (0.40, -0.14), (0.68, -0.33)], [0.15, 0.18, 0.16, 0.02]),
        _feather([(-0.05, 0.0), (0.16, 0.04), (0.40, 0.14), (0.68, 0.33)], [0.15, 0.18, 0.16, 0.02]),
    )


def _spots() -> Drawing:
    centres = [(0.44, -0.03), (0.31, 0.06), (0.42, 0.13), (0.28, 0.21), (0.16, 0.31), (0.01, 0.34)]
    return Drawing(tuple(disc(centre, 0.054) for centre in centres))


def _band() -> Drawing:
    ribbon = Ribbon.through([(0.12, -0.18), (0.26, 0.01), (0.44, 0.10), (0.62, 0.10)], [0.12, 0.13, 0.13, 0.12])
    return Drawing((ribbon.rounded(0.12).outline(),))


def _bib() -> Drawing:
    return Drawing(
        (
            closed_spline(
                [
                    (0.60, -0.30),
                    (0.47, -0.25),
                    (0.37, -0.15),
                    (0.345, -0.01),
                    (0.41, 0.10),
                    (0.52, 0.13),
                    (0.62, 0.08),
                    (0.64, -0.10),
                ]
            ),
        )
    )


PARTS: dict[tuple[str, str], Callable[[], Drawing]] = {
    ("beak", "dagger"): lambda: _beak([(0.0, 0.0), (1.4, 0.04), (2.4, 0.08), (3.35, 0.12)], [0.98, 0.86, 0.62, 0.06]),
    ("beak", "sickle"): lambda: _beak(
        [(0.0, 0.0), (1.0, -0.10), (2.0, 0.24), (2.75, 1.00), (3.05, 1.80)], [0.98, 0.80, 0.70, 0.55, 0.06]
    ),
    ("beak", "spoon"): lambda: _beak(
        [(0.0, 0.0), (1.0, 0.03), (1.9, 0.05), (2.55, 0.08), (3.0, 0.09), (3.25, 0.1)],
        [0.90, 0.62, 0.52, 1.15, 1.22, 0.5],
    ),
    ("beak", "stout"): lambda: _cone_beak(0.95, 0.30),
    ("beak", "small"): lambda: _cone_beak(0.55, 0.24),
    ("beak", "cone"): lambda: _cone_beak(0.80, 0.42),
    ("crest", "spike"): lambda: _together(
        _feather([(0.30, -0.50), (-0.35, -1.05), (-1.05, -1.40), (-1.85, -1.60)], [0.9, 0.95, 0.62, 0.04]),
        _feather([(-0.2, -0.45), (-0.75, -0.85), (-1.25, -1.05), (-1.75, -1.08)], [0.7, 0.6, 0.4, 0.04]),
    ),
    ("crest", "fan"): lambda: _fan((0.0, -0.35), -96, 50, 1.35, 0.56, 5),
    ("crest", "twin"): lambda: _together(
        _feather([(0.30, -0.50), (0.36, -1.02), (0.62, -1.45), (1.12, -1.66)], [0.70, 0.74, 0.54, 0.04]),
        _feather([(-0.36, -0.40), (-0.56, -0.96), (-0.94, -1.36), (-1.48, -1.50)], [0.70, 0.74, 0.54, 0.04]),
    ),
    ("tail", "short"): lambda: _fan((0.0, 0.0), 0, 6, 0.34, 0.13, 3),
    ("tail", "long"): lambda: _fan((0.0, 0.0), 0, 4, 0.62, 0.15, 3),
    ("tail", "notched"): lambda: _together(
        _feather([(0.0, -0.01), (0.2, -0.02), (0.38, -0.06), (0.46, -0.09)], [0.12, 0.14, 0.13, 0.04]),
        _feather([(0.0, 0.01), (0.2, 0.02), (0.38, 0.06), (0.46, 0.09)], [0.12, 0.14, 0.13, 0.04]),
    ),
    ("tail", "fork"): _fork,
    ("tail", "fan"): lambda: _fan((-0.08, 0.0), 0, 31, 0.50, 0.17, 5),
    ("tail", "wedge"): lambda: _together(
        _feather([(-0.05, 0.03), (0.2, 0.07), (0.40, 0.10), (0.52, 0.08)], [0.12, 0.17, 0.15, 0.03]),
        _feather([(-0.05, -0.03), (0.2, -0.07), (0.40, -0.10), (0.52, -0.08)], [0.12, 0.17, 0.15, 0.03]),
        _feather([(-0.05, 0.0), (0.25, 0.0), (0.48, 0.0), (0.72, 0.0)], [0.14, 0.19, 0.19, 0.01]),
    ),
    ("breast", "band"): _band,
    ("breast", "spots"): _spots,
    ("breast", "bib"): _bib,
}


@cache
def drawing_of(slot: str, name: str) -> Drawing:
    """The drawing of a part in its slot's frame."""
    return PARTS[slot, name]()
