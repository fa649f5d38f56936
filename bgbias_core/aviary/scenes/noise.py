"""Fractal noise on small random lattices, resampled to any size so that the size never changes the pattern."""

from __future__ import annotations

import cv2
import numpy as np

from bgbias_core.aviary.scenes.canvas import Field


def lattice(rng: np.random.Generator, cells: tuple[int, int], octaves: int, persistence: float = 0.5) -> Field:
    """Fractal noise, float32 ``[rows * 2 ** (octaves - 1), columns * 2 ** (octaves - 1)]``, mean 0, deviation 1.

    Args:
        rng: Source of the random numbers.
        cells: Rows and columns of the coarsest octave.
        octaves: Number of octaves; each doubles the resolution of the one before.
        persistence: Amplitude of an octave relative to the one before.
    """
    rows, columns = cells
    noise = rng.random((rows, columns), np.float32)
    amplitude = 1.0
    for _ in range(octaves - 1):
        rows, columns, amplitude = 2 * rows, 2 * columns, amplitude * persistence
        finer = rng.random((rows, columns), np.float32)
        noise = cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC) + np.float32(amplitude) * finer
    noise = noise - noise.mean()
    return np.asarray(noise / noise.std(), np.float32)


def spread(noise: Field, height: int, width: int) -> Field:
    """A lattice stretched over ``height`` x ``width`` pixels, float32."""
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def ridge(rng: np.random.Generator, axis: Field, cells: int, octaves: int, persistence: float = 0.5) -> Field:
    """A one-dimensional fractal line over ``axis``, float32 of its shape, mean 0, deviation 1."""
    return np.asarray(spread(lattice(rng, (1, cells), octaves, persistence)[:1], 1, len(axis))[0], np.float32)


def receding(noise: Field, depth: Field, axis: Field, across: float, along: float, drift: float = 0.0) -> Field:
    """A lattice laid on a plane that runs away from the viewer.

    Args:
        noise: The lattice; one cell is the finest detail.
        depth: Distance of each pixel row, float32 ``[h]``: 1 nearest, larger farther away.
        axis: Unit x of the pixel columns, float32 ``[w]``.
        across: Lattice cells across the picture at distance 1.
        along: Lattice cells for each unit of distance.
        drift: Cells by which the pattern is moved along the plane.

    Returns:
        float32 ``[h, w]``.
    """
    columns = np.outer(depth * np.float32(across), axis - np.float32(0.5)) + np.float32(noise.shape[1] / 2)
    rows = np.broadcast_to((depth * np.float32(along) + np.float32(drift))[:, None], columns.shape)
    sampled = cv2.remap(noise, columns, np.ascontiguousarray(rows), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(sampled, np.float32)
