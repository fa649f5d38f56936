"""Painting shapes with volume: supersampled labels and colours, lit by the normals of a rounded distance transform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary.birds.curves import Points
from bgbias_core.aviary.birds.pose import Pose

Field = NDArray[np.float32]
_SHIFT = 4
_NEUTRAL = 180
"""The tone that leaves a colour as it is; detail is drawn darker or lighter than that."""


@dataclass(frozen=True)
class Light:
    """Where the light comes from, and the colours of sun and sky (factors of RGB)."""

    direction: tuple[float, float, float]
    sun: Field
    sky: Field


def light_of(pose: Pose) -> Light:
    """The light that a pose asks for."""
    warm = np.array([1.0, 0.0, -1.0]) * pose.warmth
    sun = (0.78 * pose.strength) * (1 + 0.07 * warm)
    sky = 0.42 * (1 + np.array([-0.03, 0.0, 0.06]) - 0.03 * warm)
    return Light(pose.light, sun.astype(np.float32), sky.astype(np.float32))


@dataclass(frozen=True)
class Box:
    """A window of the coarse grid: rows top to bottom, columns left to right."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in coarse pixels."""
        return self.bottom - self.top, self.right - self.left


def mix(weights: Sequence[Field], colours: Sequence[Field]) -> Field:
    """Sum of ``colours`` (each ``[3]``) by ``weights`` (each ``[H, W]``, at most four): ``[H, W, 3]``."""
    return np.asarray(cv2.transform(cv2.merge(list(weights)), np.stack(colours, axis=1)), dtype=np.float32)


class Canvas:
    """A bird in the making.

    Two grids cover the frame: ``fine``, on which shapes and lines are drawn (each fine pixel belongs to one label or to
    none), and ``coarse``, on which light and soft colour are worked out, for they vary slowly.
    """

    def __init__(self, size: int, unit: float) -> None:
        self.size = size
        self.unit = unit
        self.fine = size * (4 if size <= 256 else 2)
        self.coarse = 2 * size if size <= 128 else size
        self.ratio = self.fine // self.coarse
        self.colour = np.zeros((self.fine, self.fine, 3), dtype=np.float32)
        self.labels = np.zeros((self.fine, self.fine), dtype=np.uint8)

    def box(self, shapes: Iterable[Points]) -> Box:
        """The window of the coarse grid that holds ``shapes`` and a border of two pixels."""
        points = np.concatenate(list(shapes)) * self.coarse
        low, high = np.floor(points.min(axis=0)).astype(int) - 2, np.ceil(points.max(axis=0)).astype(int) + 3
        low, high = np.clip(low, 0, self.coarse), np.clip(high, 0, self.coarse)
        return Box(int(low[1]), int(high[1]), int(low[0]), int(high[0]))

    def _pixels(self, points: Points, box: Box, resolution: int) -> NDArray[np.int32]:
        origin = np.array([box.left, box.top]) * (resolution // self.coarse)
        return np.asarray(np.round((points * resolution - origin - 0.5) * (1 << _SHIFT)), dtype=np.int32)

    def _fill(self, shapes: Iterable[Points], box: Box, resolution: int) -> NDArray[np.uint8]:
        scale = resolution // self.coarse
        mask = np.zeros((box.shape[0] * scale, box.shape[1] * scale), dtype=np.uint8)
        for shape in shapes:
            cv2.fillPoly(mask, [self._pixels(shape, box, resolution)], 1, shift=_SHIFT)
        return mask

    def grid(self, box: Box) -> tuple[Field, Field]:
        """Unit coordinates x ``[1, W]`` and y ``[H, 1]`` of the coarse pixels' centres."""
        x = ((np.arange(box.left, box.right) + 0.5) / self.coarse).astype(np.float32)
        y = ((np.arange(box.top, box.bottom) + 0.5) / self.coarse).astype(np.float32)
        return x[None, :], y[:, None]

    def blur(self, field: Field, radius: float) -> Field:
        """Gaussian blur with a standard deviation in body units."""
        sigma = max(radius * self.unit * self.coarse, 0.3)
        return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.float32)

    def shade(self, shapes: Sequence[Points], box: Box, light: Light, roundness: float, gloss: float = 0.0) -> Field:
        """Light ``[H, W, 3]`` on a shape that bulges like a body of radius ``roundness`` (body units).

        The height follows a quarter circle of the distance to the outline; its gradient gives the normal.
        """
        mask = self._fill(shapes, box, self.coarse)
        pixel = 1.0 / (self.coarse * self.unit)
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5) * np.float32(pixel)
        inward = 1 - np.minimum(depth / np.float32(roundness), 1)
        height = self.blur(np.asarray(np.sqrt(1 - inward * inward), dtype=np.float32), 0.16 * roundness + 0.006)
        slope = np.float32(0.62 * roundness / pixel / 8)
        dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE) * slope
        dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE) * slope
        up = 1 / np.sqrt(1 + dx * dx + dy * dy)
        lx, ly, lz = light.direction
        facing = np.clip((lz - lx * dx - ly * dy) * up, 0, 1)
        overhead = 0.92 + 0.26 * dy * up
        rim = 0.62 + 0.38 * np.minimum(self.blur(depth, 0.006) / np.float32(0.035), 1)
        sun = facing * rim
        if gloss:
            sun += np.float32(gloss) * np.square(np.square(np.square(facing)))
        return mix([overhead * rim, sun], [light.sky, light.sun])

    def shadow(self, shapes: Sequence[Points], box: Box, light: Light, reach: float, depth: float) -> Field:
        """Factor ``[H, W]`` by which a shape darkens what lies under it; ``reach`` in body units."""
        mask = self._fill(shapes, box, self.coarse).astype(np.float32)
        pixels = reach * self.unit * self.coarse
        shift = np.array([[1, 0, -light.direction[0] * pixels], [0, 1, 0.9 * pixels]], dtype=np.float32)
        moved = cv2.warpAffine(mask, shift, (mask.shape[1], mask.shape[0]))
        return np.asarray(1 - depth * self.blur(np.maximum(moved, mask), 0.55 * reach), dtype=np.float32)

    def tone(self, box: Box) -> NDArray[np.uint8]:
        """A sheet of neutral tone on the fine grid of ``box``, to draw detail on."""
        return np.full((box.shape[0] * self.ratio, box.shape[1] * self.ratio), _NEUTRAL, dtype=np.uint8)

    def line(
        self, tone: NDArray[np.uint8], box: Box, lines: Sequence[Points] | Points, width: float, value: int
    ) -> None:
        """Draw open lines (a list of ``[K, 2]``, or ``[N, K, 2]``) of a width in body units on a tone sheet."""
        if isinstance(lines, np.ndarray):
            pixels = list(self._pixels(lines, box, self.fine))
        else:
            pixels = [self._pixels(line, box, self.fine) for line in lines]
        thickness = max(1, round(width * self.unit * self.fine))
        cv2.polylines(tone, pixels, False, value, thickness, cv2.LINE_AA, _SHIFT)

    def patches(self, tone: NDArray[np.uint8], box: Box, shapes: Points, values: Iterable[int]) -> None:
        """Fill shapes ``[N, K, 2]`` on a tone sheet, each over those before it."""
        for pixels, value in zip(self._pixels(shapes, box, self.fine), values, strict=True):
            cv2.fillPoly(tone, [pixels], value, cv2.LINE_AA, _SHIFT)

    def paint(
        self,
        label: int,
        shapes: Sequence[Points],
        box: Box,
        colour: Field,
        tone: NDArray[np.uint8] | None = None,
        only_on: int | None = None,
    ) -> None:
        """Cover a shape with a coarse colour field ``[H, W, 3]`` times a fine tone, on one label or on everything."""
        mask = self._fill(shapes, box, self.fine)
        rows = slice(box.top * self.ratio, box.bottom * self.ratio)
        columns = slice(box.left * self.ratio, box.right * self.ratio)
        if only_on is not None:
            mask &= self.labels[rows, columns] == only_on
        smooth: Field = np.asarray(
            cv2.resize(colour, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_LINEAR), dtype=np.float32
        )
        if tone is not None:
            smooth *= (tone.astype(np.float32) * np.float32(1 / _NEUTRAL))[..., None]
        cv2.copyTo(smooth, mask, self.colour[rows, columns])
        cv2.copyTo(np.full_like(mask, label), mask, self.labels[rows, columns])

    def reduce(self, field: Field) -> Field:
        """Exact area average of a fine field to the picture's size."""
        return np.asarray(cv2.resize(field, (self.size, self.size), interpolation=cv2.INTER_AREA), dtype=np.float32)
