"""A picture in unit coordinates: shapes, fields and blur that look the same at every size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]
Field = NDArray[np.float32]
Points = NDArray[np.floating]
Colours = Sequence[Colour] | NDArray[np.float32]  # [M, 3]

# Small pictures are painted at twice their size and reduced by area; from here on, anti-aliased edges suffice.
LARGEST_DOUBLED = 256
_SHIFT = 4  # cv2 takes fixed-point coordinates: sixteenths of a pixel


def rgb(red: float, green: float, blue: float) -> Colour:
    """A colour, float32 ``[3]`` in 0..255."""
    return np.array([red, green, blue], np.float32)


def at(x: float, y: float) -> NDArray[np.float64]:
    """A unit point or an offset, ``[2]``."""
    return np.array([x, y])


def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """The colour ``amount`` of the way from ``first`` (0) to ``second`` (1)."""
    return first + (second - first) * np.float32(amount)


def vary(rng: np.random.Generator, colour: Colour, amount: float) -> Colour:
    """``colour`` with its brightness and its hue jittered by the share ``amount``."""
    brightness = 1 + amount * rng.uniform(-1, 1)
    return colour * np.float32(brightness) + (rng.uniform(-1, 1, 3) * 70 * amount).astype(np.float32)


def smooth(low: float, high: float, value: Field) -> Field:
    """The smooth step of ``value``: 0 up to ``low``, 1 from ``high`` on."""
    share = np.clip((value - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


class Canvas:
    """A square picture, x to the right and y down, both in 0..1.

    Attributes:
        size: Side of the finished picture in pixels.
        side: Side of the picture as it is painted, in pixels.
        pixels: uint8 ``[side, side, channels]``; with four channels, RGB premultiplied by the fourth, coverage.
    """

    def __init__(self, size: int, channels: int = 3) -> None:
        self.size = size
        self.side = 2 * size if size <= LARGEST_DOUBLED else size
        self.pixels: NDArray[np.uint8] = np.zeros((self.side, self.side, channels), np.uint8)

    def row(self, y: float) -> int:
        """The pixel row at the unit height ``y``, held inside the picture."""
        return int(np.clip(round(y * self.side), 0, self.side))

    def axis(self) -> Field:
        """Unit coordinates of the pixel centres along one side, float32 ``[side]``."""
        return (np.arange(self.side, dtype=np.float32) + np.float32(0.5)) / np.float32(self.side)

    def fixed(self, points: Points) -> NDArray[np.int32]:
        """Unit coordinates as cv2's fixed-point pixel coordinates."""
        return np.asarray(np.rint((points * self.side - 0.5) * (1 << _SHIFT)), np.int32)

    def paints(self, colours: Colours) -> list[list[float]]:
        """Colours as cv2 takes them, with full coverage where the canvas has that channel."""
        paints = np.full((len(colours), self.pixels.shape[2]), 255, np.float32)
        paints[:, :3] = np.asarray(colours).reshape(-1, 3)
        return paints.tolist()

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill one polygon ``[N, 2]`` that may be concave."""
        self.polygons(points[None], [colour])

    def polygons(self, outlines: Points, colours: Colours) -> None:
        """Fill polygons ``[M, N, 2]`` that may be concave, one colour each, the first one lowest."""
        for outline, paint in zip(self.fixed(outlines), self.paints(colours), strict=True):
            cv2.fillPoly(self.pixels, [outline], paint, cv2.LINE_AA, _SHIFT)

    def convex(self, outlines: Points, colours: Colours) -> None:
        """Fill convex polygons ``[M, N, 2]``, one colour each, the first one lowest."""
        for outline, paint in zip(self.fixed(outlines), self.paints(colours), strict=True):
            cv2.fillConvexPoly(self.pixels, outline, paint, cv2.LINE_AA, _SHIFT)

    def discs(self, centres: Points, radii: Points, colours: Colours) -> None:
        """Fill discs at ``[M, 2]`` with unit radii ``[M]``, one colour each, the first one lowest."""
        fixed_radii = np.maximum(np.rint(radii * self.side * (1 << _SHIFT)), 1).astype(int).tolist()
        for centre, radius, paint in zip(self.fixed(centres).tolist(), fixed_radii, self.paints(colours), strict=True):
            cv2.circle(self.pixels, centre, radius, paint, cv2.FILLED, cv2.LINE_AA, _SHIFT)

    def fade(self, opacity: float) -> None:
        """Make what a transparent canvas holds so far more transparent."""
        cv2.convertScaleAbs(self.pixels, dst=self.pixels, alpha=opacity)

    def lay(self, field: Field, top: int = 0, coverage: Field | None = None) -> None:
        """Lay a field of colours ``[h, side, 3]`` (or one that broadcasts to it) from pixel row ``top`` downwards.

        Args:
            field: Colours in 0..255; values outside are clipped.
            top: First pixel row.
            coverage: float32 ``[h, side]`` (or a shape that broadcasts to it) in [0, 1]; everything if None.
        """
        height = field.shape[0] if coverage is None else max(field.shape[0], coverage.shape[0])
        below = self.pixels[top : top + height]
        if coverage is not None:
            field = below + (field - below) * coverage[..., None]
        below[:] = np.clip(field + np.float32(0.5), 0, 255)

    def glow(self, layer: NDArray[np.uint8]) -> None:
        """Add light: a uint8 layer of the canvas's own shape, saturating at white."""
        cv2.add(self.pixels, layer, dst=self.pixels)

    def blur(self, sigma: float, top: float = 0.0, bottom: float = 1.0) -> None:
        """Defocus everything painted so far between two unit heights by a Gaussian of unit ``sigma``."""
        rows = slice(self.row(top), self.row(bottom))
        self.pixels[rows] = blurred(self.pixels[rows], sigma * self.side)

    def finished(self) -> NDArray[np.uint8]:
        """The picture reduced to its own size, uint8 ``[size, size, channels]``."""
        if self.side == self.size:
            return self.pixels
        reduced = cv2.resize(self.pixels, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.asarray(reduced, np.uint8)


def over(below: NDArray[np.uint8], layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a premultiplied uint8 ``[H, W, 4]`` layer over a picture of three channels or another such layer.

    Pixels that the layer does not cover keep their bytes.
    """
    through = 1 - layer[..., 3:].astype(np.float32) * np.float32(1 / 255)
    laid = layer[..., : below.shape[2]] + below * through
    return np.asarray(np.minimum(laid + np.float32(0.5), 255), np.uint8)


def blurred(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """A Gaussian blur of ``sigma`` pixels; a wide one works on a reduced copy, which looks the same and is fast."""
    height, width = pixels.shape[:2]
    shrink = int(min(sigma / 2, height, width))
    if sigma < 0.3 or height == 0:
        return pixels
    if shrink < 2:
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)
    small = cv2.resize(pixels, (-(-width // shrink), -(-height // shrink)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
