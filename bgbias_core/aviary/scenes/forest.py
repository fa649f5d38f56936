"""Two places under trees: the bamboo forest and the broadleaf forest."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary.scenes import noise
from bgbias_core.aviary.scenes.canvas import Canvas, Colour, Points, at, blurred, mix, rgb, smooth, vary
from bgbias_core.aviary.scenes.shapes import blades, land, stem
from bgbias_core.aviary.scenes.sky import Light


def paint_bamboo_forest(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """Bamboo: culms with nodes in three depths, hanging leaves, light that falls in from one side."""
    green = vary(rng, mix(rgb(96, 158, 40), rgb(168, 168, 48), float(rng.random() ** 2.2)), 0.14)
    _paint_depths(canvas, rng, light, light.on(green * np.float32(0.34)), light.on(mix(green, rgb(206, 232, 140), 0.6)))

    for layer, (count, width, sigma, distance) in enumerate([(17, 0.022, 0.013, 0.55), (10, 0.036, 0.005, 0.22)]):
        for x in rng.uniform(-0.03, 1.03, count):
            colour = mix(light.on(vary(rng, green, 0.2)), light.on(rgb(176, 214, 120)), distance * rng.uniform(0.3, 1))
            _culm(
                canvas, rng, float(x), width * rng.uniform(0.7, 1.3), colour * np.float32(0.92), light.side, 3 + layer
            )
        _leaves(canvas, rng, light, green, 26 + 10 * layer, 0.10 + 0.02 * layer, 0.45 - 0.1 * layer)
        canvas.blur(sigma)
    canvas.glow(_shafts(canvas, rng, light))

    # Near culms keep a distance from one another, as planted ones do; the middle stays open for the bird.
    count = int(rng.integers(3, 6))
    for x in (np.arange(count) + rng.uniform(0.15, 0.85, count)) / count:
        culm = light.on(vary(rng, green, 0.14)) * np.float32(1.05)
        _culm(canvas, rng, float(x), rng.uniform(0.05, 0.078), culm, light.side, 8)
    _leaves(canvas, rng, light, green, 34, 0.15, 0.1)
    canvas.blur(0.0022)


def _paint_depths(canvas: Canvas, rng: np.random.Generator, light: Light, dark: Colour, bright: Colour) -> None:
    """The depth of a forest: dark, with the light of the sky breaking through around one spot."""
    axis = canvas.axis()[::2]  # nothing here is sharp: half the resolution is enough
    across = (axis - np.float32(light.sun)) * np.float32(1.5)
    down = (axis - np.float32(rng.uniform(0.15, 0.45))) * np.float32(1.7)
    opening = np.exp(-np.add.outer(down**2, across**2))
    canopy = noise.spread(noise.lattice(rng, (6, 9), 3, 0.6), len(axis), len(axis))
    share = np.clip(opening * np.float32(0.75) + np.float32(0.10) + canopy * np.float32(0.11), 0, 1)
    field = dark + (bright - dark) * share[..., None]
    canvas.lay(cv2.resize(field, (canvas.side, canvas.side), interpolation=cv2.INTER_LINEAR).astype(np.float32))


def _culm(
    canvas: Canvas, rng: np.random.Generator, x: float, width: float, colour: Colour, side: int, bands: int
) -> None:
    """One bamboo culm from below the picture to above it."""
    lean = rng.normal(0, 0.022)
    gap = rng.uniform(0.15, 0.24)
    nodes = np.arange(rng.uniform(-0.1, 0.1), 1.1, gap)
    bottom, top = at(x - lean, 1.05), at(x + lean, -0.05)
    stem(canvas, bottom, top, width, colour, side, bands)
    shown = 3 if bands > 4 else 1  # of a distant node only the dark ring remains
    half, drop = width * 0.56, max(0.004, width * 0.1)
    centres = top + (bottom - top) * ((nodes + 0.05) / 1.1)[:, None]
    ring = np.array([[-half, 0], [half, 0], [half, drop], [-half, drop]])
    outlines = centres[:, None, None] + np.stack([ring + at(0, drop), ring - at(0, drop), ring])[-shown:]
    tones = [colour * np.float32(0.62), mix(colour, rgb(236, 240, 190), 0.5), colour * np.float32(0.42)]
    canvas.convex(outlines.reshape(-1, 4, 2), tones[-shown:] * len(nodes))


def _leaves(
    canvas: Canvas, rng: np.random.Generator, light: Light, green: Colour, count: int, length: float, fade: float
) -> None:
    """Bamboo leaves: bunches of three to five lances that hang from one point."""
    bunches = count // 4
    knots = np.stack([rng.uniform(-0.05, 1.05, bunches), rng.random(bunches) ** 1.4 * 1.05 - 0.05], -1)
    base = np.repeat(knots, 4, 0) + rng.normal(0, 0.008, (bunches * 4, 2))
    facing = np.repeat(rng.choice([0.35, 2.79], bunches), 4)
    angle = facing + rng.uniform(-0.5, 0.9, bunches * 4) * np.sign(np.cos(facing))
    size = length * rng.uniform(0.6, 1.15, bunches * 4)
    shade = rng.uniform(0.75, 1.35, bunches * 4)
    colour = mix(light.on(green), light.on(rgb(190, 222, 130)), fade)
    canvas.convex(blades(base, angle, size, size * 0.17), (colour * shade[:, None]).astype(np.float32))


def _shafts(canvas: Canvas, rng: np.random.Generator, light: Light) -> NDArray[np.uint8]:
    """Shafts of sunlight, as light to add; an overcast day has none to speak of."""
    strength = 10.0 if light.hour == "overcast" else 34.0
    layer = Canvas(canvas.size)
    slope = 0.45 * light.side
    for x, width, power in zip(
        rng.uniform(-0.2, 1.2, 4), rng.uniform(0.04, 0.14, 4), rng.uniform(0.4, 1, 4), strict=True
    ):
        top, bottom = at(x + slope / 2, -0.05), at(x - slope / 2, 1.05)
        side = at(width / 2, 0.0)
        layer.polygon(
            np.stack([top - side, top + side, bottom + 1.6 * side, bottom - 1.6 * side]),
            light.cloud * np.float32(power * strength / 255),
        )
    return blurred(layer.pixels, 0.02 * canvas.side)


def paint_broadleaf_forest(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """A broadleaf forest: trunks and foliage in three depths, discs of defocused light, leaf litter."""
    autumn = float(rng.random() ** 3)
    green = vary(rng, rgb(84, 132, 44), 0.16)
    leaf = mix(green, vary(rng, rgb(198, 134, 40), 0.12), 0.8 * autumn)
    bark = vary(rng, rgb(94, 68, 48), 0.18)
    _paint_depths(canvas, rng, light, light.on(rgb(30, 36, 22)), light.on(mix(leaf, rgb(222, 226, 150), 0.45)))
    floor = float(rng.uniform(0.70, 0.82))
    _floor(canvas, rng, light, floor, leaf)

    for count, width, sigma, fade in ((9, 0.05, 0.014, 0.4), (5, 0.10, 0.006, 0.12)):
        for x in rng.uniform(-0.05, 1.05, count):
            foot = floor + rng.uniform(0.0, 0.06) + (0.05 if fade < 0.2 else 0)
            _trunk(
                canvas,
                rng,
                float(x),
                foot,
                width * rng.uniform(0.6, 1.3),
                mix(light.on(bark), light.on(leaf), fade),
                light.side,
            )
        _foliage(canvas, rng, light, leaf, 70, 0.055, floor)
        canvas.blur(sigma)
    canvas.glow(_bokeh(canvas, rng, light, leaf))
    _foliage(canvas, rng, light, leaf, 80, 0.062, floor - 0.25)
    _litter(canvas, rng, light, floor + 0.02, leaf)
    canvas.blur(0.0035)


def _trunk(
    canvas: Canvas, rng: np.random.Generator, x: float, foot: float, width: float, colour: Colour, side: int
) -> None:
    lean = rng.normal(0, 0.03)
    start, end = at(x, foot), at(x + lean, -0.05)
    stem(canvas, start, end, width, vary(rng, colour, 0.06), side, 6)
    for share, reach in zip(rng.uniform(0.35, 0.9, 2), rng.uniform(-0.22, 0.22, 2), strict=True):
        fork = start + (end - start) * share
        stem(canvas, fork, fork + at(reach, -0.2), width * 0.28, colour * np.float32(0.9), side, 3)


def _foliage(
    canvas: Canvas, rng: np.random.Generator, light: Light, leaf: Colour, count: int, length: float, lowest: float
) -> None:
    """Leaves in loose bunches, most of them high up."""
    bunches = count // 5
    knots = np.stack([rng.uniform(-0.05, 1.05, bunches), rng.uniform(-0.12, 1, bunches) ** 2 * lowest], -1)
    base = np.repeat(knots, 5, 0) + rng.normal(0, 0.05, (bunches * 5, 2))
    angle = rng.uniform(-0.4, np.pi + 0.4, bunches * 5)
    size = length * rng.uniform(0.6, 1.3, bunches * 5)
    colours = light.on(leaf) * rng.uniform(0.45, 1.45, (bunches * 5, 1)) + rng.normal(0, 12, (bunches * 5, 3))
    canvas.convex(blades(base, angle, size, size * 0.55), colours.astype(np.float32))


def _bokeh(canvas: Canvas, rng: np.random.Generator, light: Light, leaf: Colour) -> NDArray[np.uint8]:
    """Discs of defocused light between the leaves, as light to add."""
    layer = Canvas(canvas.size)
    count = int(rng.integers(14, 30))
    centres = np.stack([np.clip(rng.normal(light.sun, 0.38, count), -0.05, 1.05), rng.uniform(-0.02, 0.62, count)], -1)
    power = rng.uniform(0.12, 0.42, (count, 1))
    colours = (mix(light.on(leaf), rgb(250, 246, 190), 0.5) * power).astype(np.float32)
    layer.discs(centres, rng.uniform(0.016, 0.05, count), colours)
    return np.asarray(cv2.GaussianBlur(layer.pixels, (0, 0), 0.004 * canvas.side), np.uint8)


def _floor(canvas: Canvas, rng: np.random.Generator, light: Light, floor: float, leaf: Colour) -> None:
    axis = canvas.axis()
    crest = floor + noise.ridge(rng, axis, 3, 3) * np.float32(0.012)
    soil = vary(rng, rgb(92, 66, 38), 0.15)
    patches = noise.lattice(rng, (10, 10), 4, 0.7)
    distance = np.float32(0.3) / np.maximum(axis - np.float32(floor - 0.14), np.float32(0.05))
    relief = smooth(-1.5, 1.5, noise.receding(patches, distance, axis, 26.0, 20.0)) * np.float32(0.7) - np.float32(0.35)
    land(canvas, crest, (light.on(mix(soil, leaf, 0.5)), light.on(soil)), 0.2, relief=relief)


def _litter(canvas: Canvas, rng: np.random.Generator, light: Light, floor: float, leaf: Colour) -> None:
    """Fallen leaves, larger towards the viewer."""
    count = 130
    depth = np.sort(rng.random(count) ** 0.8)
    base: Points = np.stack([rng.uniform(-0.02, 1.02, count), floor + (1.02 - floor) * depth], -1)
    size = 0.012 + 0.032 * depth * rng.uniform(0.7, 1.2, count)
    palette = np.stack([rgb(178, 92, 32), rgb(148, 60, 28), rgb(204, 148, 52), rgb(112, 76, 40), leaf])
    colours = light.on(palette[rng.integers(0, len(palette), count)]) * rng.uniform(0.6, 1.15, (count, 1))
    outlines = blades(base, rng.uniform(0, 2 * np.pi, count), size, size * 0.6)
    outlines[..., 1] = base[:, None, 1] + (outlines[..., 1] - base[:, None, 1]) * 0.6
    canvas.convex(outlines, colours.astype(np.float32))
