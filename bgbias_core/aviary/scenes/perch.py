"""What the bird stands on: a cane, a branch, a rock, a rail; drawn on its own and laid over the scene."""

from __future__ import annotations

import cv2
import numpy as np

from bgbias_core.aviary.scenes import noise
from bgbias_core.aviary.scenes.canvas import Canvas, Colour, Field, Points, at, mix, over, rgb, smooth, vary
from bgbias_core.aviary.scenes.shapes import blades, spears, stem
from bgbias_core.aviary.scenes.sky import Light

Feet = tuple[float, float]
RISE = 0.008  # a perch reaches this far above the feet, so that they stand in it and not above it


def _beam(
    canvas: Canvas, rng: np.random.Generator, feet: Feet, thickness: float, slope: float, colour: Colour
) -> tuple[Points, Points]:
    """A round beam across the whole picture whose top passes through the feet; returns its two ends."""
    tilt = float(rng.uniform(-slope, slope))
    x, y = feet[0], feet[1] - RISE + thickness / 2
    start, end = at(-0.05, y - tilt * (x + 0.05)), at(1.05, y + tilt * (1.05 - x))
    stem(canvas, start, end, thickness, colour, -1, 9)
    return start, end


def perch_bamboo(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A bamboo cane with nodes and a few leaves."""
    colour = light.on(vary(rng, mix(rgb(138, 172, 62), rgb(196, 174, 92), float(rng.random())), 0.1))
    thickness = float(rng.uniform(0.032, 0.042))
    start, end = _beam(canvas, rng, feet, thickness, 0.06, colour)
    for share in np.arange(rng.uniform(0, 0.2), 1, rng.uniform(0.19, 0.27)):
        node = start + (end - start) * share
        for shift, tone, reach in (
            (-0.005, mix(colour, rgb(244, 240, 200), 0.45), 0.54),
            (0.0, colour * np.float32(0.45), 0.57),
            (0.005, colour * np.float32(1.1), 0.54),
        ):
            half = at(0.0, thickness * reach)
            middle = node + at(shift, 0)
            stem(canvas, middle - at(0.0028, 0), middle + at(0.0028, 0), 2 * half[1], tone, -1, 5)
        if rng.random() < 0.5:
            _sprig(canvas, rng, node, light.on(rgb(112, 164, 52)), 0.09, 0.16)


def _sprig(canvas: Canvas, rng: np.random.Generator, base: Points, colour: Colour, length: float, slim: float) -> None:
    """Two to four leaves that hang from one point of the perch."""
    count = int(rng.integers(2, 5))
    angle = rng.uniform(0.25, np.pi - 0.25, count)
    size = length * rng.uniform(0.6, 1.1, count)
    shades = (colour * rng.uniform(0.75, 1.2, (count, 1))).astype(np.float32)
    canvas.convex(blades(np.repeat(base[None], count, 0), angle, size, size * slim), shades)


def _branch(canvas: Canvas, rng: np.random.Generator, feet: Feet, bark: Colour) -> Points:
    """A gnarled branch across the picture; returns points along its top, ``[N, 2]``."""
    thickness = float(rng.uniform(0.036, 0.048))
    tilt = float(rng.uniform(-0.09, 0.09))
    x = np.linspace(-0.05, 1.05, 34)
    wave = (
        np.sin(x * rng.uniform(5, 9) + rng.uniform(0, 6)) * 0.008
        + noise.ridge(rng, x.astype(np.float32), 9, 2) * 0.0016
    )
    line = feet[1] - RISE + tilt * (x - feet[0]) + wave - np.interp(feet[0], x, wave)
    taper = np.linspace(1.15, 0.7, len(x))[:: int(rng.choice([-1, 1]))]
    girth = thickness * taper * (1 + noise.ridge(rng, x.astype(np.float32), 9, 2) * 0.05)
    for share in rng.uniform(0.05, 0.95, 3):
        index = int(share * (len(x) - 1))
        base = np.array([x[index], line[index] + girth[index] * 0.5])
        reach = np.array([rng.uniform(0.04, 0.12) * rng.choice([-1, 1]), rng.uniform(-0.12, 0.06)])
        if abs(base[0] - feet[0]) > 0.2:
            canvas.convex(_twig(base, base + reach, thickness * 0.3)[None], [bark * np.float32(0.72)])
    shades = (1.15, 1.05, 0.92, 0.78, 0.64, 0.52)
    edges = np.linspace(0, 1, len(shades) + 1)
    for upper, shade in zip(edges[:-1], shades, strict=True):
        above = np.stack([x, line + girth * upper], -1)
        below = np.stack([x, line + girth], -1)[::-1]
        canvas.polygon(np.concatenate([above, below]), bark * np.float32(shade))
    marks = rng.uniform(0, 1, (40, 2))
    base = np.stack([marks[:, 0], np.interp(marks[:, 0], x, line) + thickness * (0.12 + 0.7 * marks[:, 1])], -1)
    length = rng.uniform(0.01, 0.035, 40)
    canvas.convex(blades(base, np.full(40, tilt), length, np.full(40, 0.0035)), [bark * np.float32(0.62)] * 40)
    return np.stack([x, line], -1)


def _twig(start: Points, end: Points, width: float) -> Points:
    normal = np.array([-(end - start)[1], (end - start)[0]]) / np.hypot(*(end - start)) * width / 2
    return np.stack([start - normal, start + normal, end + normal * 0.4, end - normal * 0.4])


def perch_broadleaf(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A mossy branch with a few leaves."""
    top = _branch(canvas, rng, feet, light.on(vary(rng, rgb(122, 90, 64), 0.12)))
    moss = light.on(vary(rng, rgb(112, 138, 52), 0.12))
    patches = np.maximum(noise.ridge(rng, top[:, 0].astype(np.float32), 6, 2) + np.float32(0.2), 0) * 0.010
    canvas.polygon(np.concatenate([top - at(0, 0.003), (top + np.stack([0 * patches, patches], -1))[::-1]]), moss)
    tufts = np.repeat(top, 3, 0) + rng.normal(0, 0.008, (3 * len(top), 2)) * [1, 0.15]
    thick = np.repeat(patches, 3) > 0.002
    canvas.discs(
        tufts[thick],
        rng.uniform(0.004, 0.008, int(thick.sum())),
        (moss * rng.uniform(0.75, 1.25, (int(thick.sum()), 1))).astype(np.float32),
    )
    for index in rng.integers(2, len(top) - 2, 3):
        if abs(top[index, 0] - feet[0]) > 0.16:
            _sprig(canvas, rng, top[index] + at(0, 0.02), light.on(rgb(112, 152, 52)), 0.075, 0.5)


def perch_snow(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A dark branch with snow on it."""
    top = _branch(canvas, rng, (feet[0], feet[1] + 0.004), light.on(vary(rng, rgb(98, 78, 66), 0.12)))
    depth = 0.011 + np.maximum(noise.ridge(rng, top[:, 0].astype(np.float32), 8, 2), -1) * 0.0045
    cushion = np.concatenate(
        [top - np.stack([0 * depth, depth * 0.7], -1), (top + np.stack([0 * depth, depth], -1))[::-1]]
    )
    white = mix(rgb(246, 249, 253), light.cloud, 0.3)
    canvas.polygon(cushion + at(0, 0.004), mix(light.on(white), light.zenith, 0.35))
    canvas.polygon(cushion, light.on(white))


def perch_meadow(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A wooden fence: a rail on posts, grass at their feet."""
    wood = light.on(vary(rng, mix(rgb(150, 112, 74), rgb(146, 138, 126), float(rng.random())), 0.1))
    gap = float(rng.uniform(0.42, 0.6))
    first = feet[0] + gap * float(rng.uniform(0.3, 0.7))
    for x in (first - 2 * gap, first - gap, first, first + gap):
        stem(canvas, at(x, 1.05), np.array([x, feet[1] - 0.03]), 0.05, wood * np.float32(0.86), light.side, 7)
    if feet[1] < 0.82:
        lower = feet[1] + 0.15
        stem(
            canvas,
            at(-0.05, lower),
            np.array([1.05, lower + rng.uniform(-0.02, 0.02)]),
            0.03,
            wood * np.float32(0.9),
            -1,
            7,
        )
    start, end = _beam(canvas, rng, feet, float(rng.uniform(0.034, 0.044)), 0.03, wood)
    grain = start + (end - start) * rng.random((24, 1)) + np.stack([np.zeros(24), rng.uniform(-0.012, 0.014, 24)], -1)
    canvas.convex(
        blades(grain, np.zeros(24), rng.uniform(0.03, 0.1, 24), np.full(24, 0.0028)), [wood * np.float32(0.7)] * 24
    )
    height = np.maximum(1 - rng.uniform(0.02, 0.12, 16), feet[1] + 0.02)  # the grass stays below the feet
    tip = np.stack([rng.uniform(0, 1, 16), height], -1)
    foot = np.stack([tip[:, 0] + rng.normal(0, 0.02, 16), np.full(16, 1.03)], -1)
    canvas.convex(
        spears(foot, tip, np.full(16, 0.008)),
        (light.on(rgb(88, 134, 50)) * rng.uniform(0.7, 1.2, (16, 1))).astype(np.float32),
    )


def perch_city(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """An iron railing."""
    iron = light.on(vary(rng, mix(rgb(72, 88, 84), rgb(74, 76, 92), float(rng.random())), 0.14))
    gap = float(rng.uniform(0.075, 0.11))
    shift = float(rng.uniform(0, gap))
    for x in np.arange(shift - gap, 1.05, gap):
        stem(canvas, at(x, 1.05), np.array([x, feet[1]]), 0.013, iron * np.float32(0.9), light.side, 4)
    low = min(feet[1] + 0.28, 0.975)
    stem(canvas, at(-0.05, low), at(1.05, low), 0.016, iron, -1, 5)
    stem(canvas, np.array([-0.05, feet[1] + 0.045]), np.array([1.05, feet[1] + 0.045]), 0.010, iron, -1, 4)
    middle = feet[1] - RISE + 0.013
    stem(canvas, at(-0.05, middle), at(1.05, middle), 0.026, iron * np.float32(1.2), -1, 7)


def _rock(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet, colour: Colour, wet: bool) -> None:
    """A boulder whose top passes through the feet, in foam where it is ``wet`` and on its own shadow where not."""
    half, height = float(rng.uniform(0.17, 0.25)), float(rng.uniform(0.12, 0.155))
    turn = np.linspace(0, 2 * np.pi, 44, endpoint=False)
    bumps = noise.lattice(rng, (1, 9), 2, 0.7)[0]
    rough = 1 + 0.055 * np.interp(turn, np.linspace(0, 2 * np.pi, len(bumps) + 1), np.append(bumps, bumps[0]))
    cosine, sine = np.cos(turn), np.sin(turn)
    outline = np.stack([np.sign(cosine) * np.abs(cosine) ** 0.88, np.sign(sine) * np.abs(sine) ** 0.72], -1)
    outline = outline * rough[:, None] * [half, height]
    # The base is the near half of a flat ellipse: where the boulder meets the ground.
    base = height * (0.62 + 0.2 * np.sqrt(np.clip(1 - (outline[:, 0] / half) ** 2, 0, 1)))
    outline[:, 1] = np.minimum(outline[:, 1], base)
    # The boulder is moved so that its rim right above the feet reaches them, wherever along its top they stand.
    aside = float(rng.uniform(-0.05, 0.05))
    upper = outline[sine < 0]
    rim = np.interp(-aside, *upper[np.argsort(upper[:, 0])].T)
    centre = np.array([feet[0] + aside, feet[1] - RISE - rim])

    foot = outline * [1.1, 0.3] + centre + at(0.0, height * 0.62)
    if wet:
        canvas.polygon(foot, rgb(255, 255, 255))
        canvas.fade(0.45)
        canvas.blur(0.006, feet[1])
    else:
        canvas.polygon(foot - at(0.05 * light.side, 0.0), rgb(0, 0, 0))
        canvas.fade(0.42)
        canvas.blur(0.009, feet[1])
    boulder = Canvas(canvas.size, channels=4)
    boulder.polygon(outline + centre, colour)
    _model(boulder, rng, light, centre, (half, height), wet)
    rows = slice(canvas.row(centre[1] - 1.3 * height), canvas.row(centre[1] + 1.3 * height))
    canvas.pixels[rows] = over(canvas.pixels[rows], boulder.pixels[rows])

    count = 34 if wet else 9
    along = rng.uniform(-1.05, 1.05, count)
    front = 0.62 + 0.2 * np.sqrt(np.clip(1 - along**2, 0, 1))
    rim_points = centre + np.stack([along * half, front * height + rng.normal(0, 0.005, count)], -1)
    if wet:
        length = rng.uniform(0.012, 0.05, count)
        slivers = blades(
            rim_points - np.stack([length / 2, 0 * length], -1), rng.normal(0, 0.06, count), length, length * 0.15
        )
        foam = mix(light.on(rgb(240, 246, 248)), light.zenith, 0.1)
        canvas.convex(slivers, foam * rng.uniform(0.86, 1, (count, 1)).astype(np.float32))
    else:
        radii = rng.uniform(0.005, 0.017, count)
        canvas.discs(rim_points, radii, [colour * np.float32(0.5)] * count)
        canvas.discs(
            rim_points - at(0.0, 0.003), radii * 0.85, colour * rng.uniform(0.7, 0.95, (count, 1)).astype(np.float32)
        )


def _model(
    boulder: Canvas, rng: np.random.Generator, light: Light, centre: Points, radii: tuple[float, float], wet: bool
) -> None:
    """Shade a flat boulder: a dome lit from above and from the sun's side, rough all over, dark where it is wet."""
    texture = noise.lattice(rng, (4, 6), 5, 0.68)
    left, right = boulder.row(centre[0] - 1.3 * radii[0]), boulder.row(centre[0] + 1.3 * radii[0])
    top, bottom = boulder.row(centre[1] - 1.3 * radii[1]), boulder.row(centre[1] + radii[1])
    axis = boulder.axis()
    x = (axis[left:right] - np.float32(centre[0])) / np.float32(radii[0])
    y = (axis[top:bottom] - np.float32(centre[1])) / np.float32(radii[1])
    across = np.tile((x + np.float32(1.3)) * np.float32(texture.shape[1] / 2.6), (len(y), 1))
    down = np.tile((y + np.float32(1.3))[:, None] * np.float32(texture.shape[0] / 2.6), (1, len(x)))

    def height_at(right: float, up: float) -> Field:
        moved = across + np.float32(right), down - np.float32(up)
        return np.asarray(cv2.remap(texture, *moved, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.float32)

    relief = height_at(0.0, 0.0)
    # What rises towards the light is brighter: small bumps and, four times as wide, facets.
    tilt = (relief - height_at(0.9 * light.side, 1.1)) * np.float32(0.10) + (
        relief - height_at(4.0 * light.side, 4.5)
    ) * np.float32(0.10)
    dome = np.float32(0.84) - y[:, None] * np.float32(0.30) + x[None, :] * np.float32(0.17 * light.side)
    shade = dome + tilt + relief * np.float32(0.03)
    if wet:
        shade = shade * (1 - np.float32(0.5) * smooth(0.2, 0.75, y))[:, None]
    pixels = boulder.pixels[top:bottom, left:right]
    pixels[..., :3] = np.clip(pixels[..., :3] * shade[..., None] + np.float32(0.5), 0, pixels[..., 3:])


def perch_desert(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A sandstone rock."""
    _rock(
        canvas,
        rng,
        light,
        feet,
        light.on(vary(rng, mix(rgb(196, 148, 98), rgb(178, 108, 78), float(rng.random())), 0.1)),
        False,
    )


def perch_ocean(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A sea rock in the surf."""
    _rock(
        canvas,
        rng,
        light,
        feet,
        light.on(vary(rng, mix(rgb(112, 112, 122), rgb(118, 106, 104), float(rng.random())), 0.1)),
        True,
    )


def perch_lake(canvas: Canvas, rng: np.random.Generator, light: Light, feet: Feet) -> None:
    """A stone in the shallows."""
    _rock(
        canvas,
        rng,
        light,
        feet,
        light.on(vary(rng, mix(rgb(122, 116, 100), rgb(112, 92, 82), float(rng.random())), 0.1)),
        True,
    )
