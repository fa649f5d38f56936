"""Shapes that several places share: land with a ridge, leaves, round stems, firs."""

from __future__ import annotations

import math

import numpy as np

from bgbias_core.aviary.scenes.canvas import Canvas, Colour, Field, Points


def land(
    canvas: Canvas,
    crest: Field,
    colours: tuple[Colour, Colour],
    depth: float,
    *,
    bottom: float = 1.0,
    relief: Field | None = None,
    flank: Field | None = None,
) -> None:
    """Fill the land below a ridge.

    Args:
        canvas: Painted on.
        crest: Unit y of the ridge in each pixel column, float32 ``[side]``.
        colours: At the ridge, and ``depth`` below it.
        depth: Unit height over which the colour changes.
        bottom: Unit y down to which the land is painted.
        relief: Brightness added to the land, as a share, float32 ``[side, side]``.
        flank: Brightness added at the ridge, as a share, float32 ``[side]``; it fades below.
    """
    top, end = max(0, int(crest.min() * canvas.side) - 1), canvas.row(bottom)
    if top >= end:
        return
    below = canvas.axis()[top:end, None] - crest[None, :]
    share = np.clip(below * np.float32(1 / depth), 0, 1)
    field = colours[0] + (colours[1] - colours[0]) * share[..., None]
    if relief is not None:
        field = field * (1 + relief[top:end, :, None])
    if flank is not None:
        field = field * (1 + flank * np.exp(-np.maximum(below, 0) * np.float32(2.4 / depth)))[..., None]
    canvas.lay(field, top, np.clip(below * np.float32(canvas.side) + np.float32(0.5), 0, 1))


def blades(base: Points, angle: Points, length: Points, width: Points) -> Points:
    """Outlines of lance-shaped leaves, ``[M, 8, 2]``.

    Args:
        base: Where each leaf is fixed, ``[M, 2]``.
        angle: Direction in radians, 0 to the right and pi / 2 down, ``[M]``.
        length: Unit length, ``[M]``.
        width: Widest unit width, ``[M]``.
    """
    along = np.array([0.0, 0.18, 0.42, 0.72, 1.0, 0.72, 0.42, 0.18])
    across = np.array([0.0, 0.36, 0.5, 0.31, 0.0, -0.31, -0.5, -0.36])
    heading = np.stack([np.cos(angle), np.sin(angle)], -1)[:, None]
    normal = np.stack([-np.sin(angle), np.cos(angle)], -1)[:, None]
    lengthwise = along[None, :, None] * length[:, None, None] * heading
    return np.asarray(base[:, None] + lengthwise + across[None, :, None] * width[:, None, None] * normal)


def spears(base: Points, tip: Points, width: Points) -> Points:
    """Outlines of narrow triangles from ``base`` to ``tip`` (both ``[M, 2]``), ``[M, 3, 2]``: grass."""
    half = np.stack([width / 2, np.zeros_like(width)], -1)
    return np.stack([base - half, tip, base + half], 1)


def stem(canvas: Canvas, start: Points, end: Points, width: float, colour: Colour, side: int, bands: int = 7) -> None:
    """A round stem from ``start`` to ``end`` (``[2]``), lit from ``side``: -1 is left or above, +1 right or below."""
    along_x, along_y = (end - start).tolist()
    # Across the stem, towards the right or downwards, whichever the stem faces more.
    sign = math.copysign(1 / math.hypot(along_x, along_y), along_y if abs(along_y) > abs(along_x) else along_x)
    turned = (along_y, -along_x) if abs(along_y) > abs(along_x) else (-along_y, along_x)
    edges = (np.arange(bands + 1) / bands - 0.5)[:, None] * (width * sign * np.array(turned))
    middles = (2 * np.arange(bands, dtype=np.float32) + 1) / np.float32(bands) - 1
    towards = np.clip(1 - (middles - np.float32(0.4 * side)) ** 2 * np.float32(0.8), 0, 1)
    low, high = start + edges, end + edges
    outlines = np.stack([low[:-1], high[:-1], high[1:], low[1:]], 1)
    canvas.convex(outlines, colour * (np.float32(0.45) + np.float32(0.72) * towards)[:, None])


def fir(canvas: Canvas, foot: Points, height: float, needles: Colour, cap: Colour | None, tiers: Points) -> None:
    """A fir with ``foot`` at its base.

    Args:
        canvas: Painted on.
        foot: Unit position of the base, ``[2]``.
        height: Unit height.
        needles: Colour of the branches.
        cap: Colour of the snow on them; None for a fir without snow.
        tiers: Random numbers in [0, 1], ``[N, 2]``: one row a tier, for its lean and its width.
    """
    lean, spread = tiers[:, 0], tiers[:, 1]
    order = np.arange(len(tiers)) / len(tiers)
    low, high = order * 0.9, np.minimum(order * 0.9 + 1.9 / len(tiers), 1.04)
    half = 0.27 * (1 - order) ** 0.85 * (0.85 + 0.3 * spread) + 0.02
    shift = 0.02 * (lean - 0.5)
    body = [(-half, low + 0.06), (shift, high), (half, low + 0.06), (half * 0.5, low + 0.08)]
    body += [(shift, low + 0.12), (-half * 0.5, low + 0.08)]
    # The snow lies on the upper side of the branches: a narrower tier, its lower edge in scallops.
    snow = [(-half * 0.94, low + 0.08), (shift, high + 0.005), (half * 0.94, low + 0.08), (half * 0.42, low + 0.14)]
    snow += [(shift - half * 0.06, low + 0.2), (-half * 0.34, low + 0.145)]
    dark = needles * (0.78 + 0.3 * order[:, None])
    if cap is None:
        outlines, colours = np.array([body]), dark
    else:
        outlines = np.array([body, snow])
        white = cap + (needles - cap) * (0.08 + 0.14 * lean[:, None])
        colours = np.stack([dark, white], 1).reshape(-1, 3)
    outlines = outlines.transpose(3, 0, 1, 2).reshape(-1, 6, 2)  # tier by tier, the snow after its branches
    canvas.polygons(foot + outlines * [height, -height], colours.astype(np.float32))
