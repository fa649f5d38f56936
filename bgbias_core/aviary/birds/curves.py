"""Smooth outlines: splines through points, and ribbons (a curved axis with a width) for beaks, feathers and legs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


@lru_cache(maxsize=64)
def _basis(samples: int) -> NDArray[np.float64]:
    t = np.linspace(0.0, 1.0, samples, endpoint=False)[:, None]
    powers = np.concatenate([np.ones_like(t), t, t**2, t**3], axis=1)
    matrix = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]], dtype=np.float64)
    return np.asarray(powers @ matrix)


def closed_spline(points: ArrayLike, samples: int = 8) -> Points:
    """A closed Catmull-Rom curve through ``points`` ``[N, 2]``: ``[N * samples, 2]``."""
    knots = np.asarray(points, dtype=np.float64)
    windows = np.stack([np.roll(knots, 1, 0), knots, np.roll(knots, -1, 0), np.roll(knots, -2, 0)], axis=1)
    return np.asarray((_basis(samples) @ windows).reshape(-1, 2))


def open_spline(points: ArrayLike, samples: int = 8) -> Points:
    """A Catmull-Rom curve from the first to the last of ``points`` ``[N, D]``: ``[(N - 1) * samples + 1, D]``."""
    knots = np.asarray(points, dtype=np.float64)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    windows = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]], axis=1)
    return np.concatenate([(_basis(samples) @ windows).reshape(-1, knots.shape[1]), knots[-1:]])


def turn(points: ArrayLike, degrees: float, centre: ArrayLike = (0.0, 0.0)) -> Points:
    """Rotate ``points`` ``[..., 2]`` about ``centre``; positive is clockwise on the screen (y points down)."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    pivot = np.asarray(centre, dtype=np.float64)
    return np.asarray((np.asarray(points, dtype=np.float64) - pivot) @ matrix + pivot)


@dataclass(frozen=True)
class Frame:
    """A frame of reference: takes points ``[..., 2]`` from its own coordinates to the outer ones."""

    matrix: Points
    origin: Points

    @classmethod
    def of(cls, mapping: Callable[[Points], Points]) -> Frame:
        """The frame that an affine ``mapping`` of points makes."""
        origin, right, down = mapping(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]))
        return cls(np.stack([right - origin, down - origin]), origin)

    def __call__(self, points: ArrayLike) -> Points:
        """``points`` in the outer frame."""
        return np.asarray(np.asarray(points, dtype=np.float64) @ self.matrix + self.origin)

    def within(self, outer: Frame) -> Frame:
        """This frame followed by ``outer``."""
        return Frame(self.matrix @ outer.matrix, self.origin @ outer.matrix + outer.origin)


def disc(centre: ArrayLike, radius: float, samples: int = 28) -> Points:
    """A circle as a polygon."""
    angle = np.linspace(0, 2 * np.pi, samples, endpoint=False)
    return np.asarray(np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))


@dataclass(frozen=True)
class Ribbon:
    """A curved axis with a half width: coordinates (along in [0, 1], across in [-1, 1]) for a long shape.

    Attributes:
        axis: ``[N, 2]`` points from root to tip.
        side: ``[N, 2]`` from the axis to its right-hand edge (across = 1).
    """

    axis: Points
    side: Points

    @classmethod
    def through(cls, points: ArrayLike, widths: Sequence[float], samples: int = 8) -> Ribbon:
        """A ribbon along a spline through ``points`` ``[N, 2]`` with full ``widths`` ``[N]`` there."""
        knots = np.concatenate([np.asarray(points, dtype=np.float64), np.asarray(widths)[:, None]], axis=1)
        curve = open_spline(knots, samples)
        axis, half = curve[:, :2], np.maximum(curve[:, 2:], 0.0) / 2
        along = np.gradient(axis, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-12
        return cls(axis, np.stack([-along[:, 1], along[:, 0]], axis=1) * half)

    def at(self, along: ArrayLike, across: ArrayLike) -> Points:
        """The points at ``along`` and ``across`` (broadcast together): ``[..., 2]``."""
        t, v = np.broadcast_arrays(np.asarray(along, dtype=np.float64), np.asarray(across, dtype=np.float64))
        place = np.clip(t, 0, 1) * (len(self.axis) - 1)
        low = np.minimum(place.astype(np.intp), len(self.axis) - 2)
        rest = (place - low)[..., None]
        axis = self.axis[low] * (1 - rest) + self.axis[low + 1] * rest
        side = self.side[low] * (1 - rest) + self.side[low + 1] * rest
        return np.asarray(axis + side * v[..., None])

    def rounded(self, share: float) -> Ribbon:
        """The same ribbon with a round root, over the first ``share`` of its length."""
        rest = 1 - np.minimum(np.linspace(0, 1, len(self.axis)) / share, 1)
        return Ribbon(self.axis, self.side * np.sqrt(1 - rest * rest)[:, None])

    def outline(self) -> Points:
        """The closed outline as a polygon."""
        return np.concatenate([self.axis - self.side, (self.axis + self.side)[::-1]])
