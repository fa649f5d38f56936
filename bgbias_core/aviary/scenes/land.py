"""Three open places on land: desert, meadow and snow."""

from __future__ import annotations

import numpy as np

from bgbias_core.aviary.scenes import noise
from bgbias_core.aviary.scenes.canvas import Canvas, Colour, Field, at, blurred, mix, rgb, vary
from bgbias_core.aviary.scenes.shapes import fir, land, spears, stem
from bgbias_core.aviary.scenes.sky import Light, paint_sky


def _receding_ground(canvas: Canvas, rng: np.random.Generator, horizon: float, across: float, along: float) -> Field:
    """Noise on the ground from the unit height ``horizon`` to the viewer, float32 ``[side, side]``."""
    axis = canvas.axis()
    distance = np.float32(1 - horizon + 0.1) / np.maximum(axis - np.float32(horizon - 0.1), np.float32(0.06))
    # Half the resolution is enough for what the lens blurs anyway.
    coarse = noise.receding(noise.lattice(rng, (8, 8), 5, 0.65), distance[::2], axis[::2], across, along)
    return noise.spread(coarse, canvas.side, canvas.side)


def paint_desert(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """A desert: mesas in the haze, dunes with lit and shaded flanks, cacti, ripples and stones."""
    axis = canvas.axis()
    horizon = float(rng.uniform(0.38, 0.54))
    sand = vary(rng, mix(rgb(222, 178, 112), rgb(206, 128, 82), float(rng.random())), 0.08)
    paint_sky(canvas, rng, light, horizon + 0.08)
    _mesas(canvas, rng, light, horizon, mix(sand, rgb(150, 84, 66), 0.6))
    canvas.blur(0.007, 0.0, horizon + 0.1)

    ripples = _receding_ground(canvas, rng, horizon, 9.0, 34.0)
    levels = horizon + np.array([0.0, 0.07, 0.17, 0.30]) + rng.uniform(-0.015, 0.015, 4)
    for index, level in enumerate(levels):
        swell = noise.ridge(rng, axis, int(rng.integers(2, 4)), 2, 0.3)
        crest = np.float32(level) - swell * np.float32(0.026 + 0.006 * index)
        # The flank that faces the sun is bright; the crest keeps a sharp line between light and shade.
        slope = np.gradient(crest) * np.float32(canvas.side * light.side)
        shade = vary(rng, sand, 0.05)
        colours = (
            light.far(shade * np.float32(1.07), 0.45 - 0.14 * index),
            light.far(shade * np.float32(0.86), 0.3 - 0.1 * index),
        )
        bottom = 1.0 if index == 3 else levels[index + 1] + 0.12
        relief = ripples * np.float32(0.018 + 0.016 * index)
        land(canvas, crest, colours, 0.22, bottom=bottom, relief=relief, flank=slope * np.float32(1.3))
        if index < 3:
            _plants(canvas, rng, light, crest, 0.05 + 0.055 * index, (3, 2, 2)[index], 0.4 - 0.17 * index)
            canvas.blur(0.0065 - 0.0018 * index, level - 0.3, bottom)
    count = 22
    depth = rng.random(count) ** 1.5
    stones = np.stack([rng.random(count), levels[2] + 0.05 + (1 - levels[2]) * depth], -1)
    canvas.discs(stones + at(0.0, 0.002), 0.003 + 0.008 * depth, [light.on(sand * np.float32(0.5))] * count)
    canvas.discs(stones, 0.0025 + 0.007 * depth, [light.on(sand * np.float32(0.78))] * count)
    canvas.blur(0.003)


def _mesas(canvas: Canvas, rng: np.random.Generator, light: Light, horizon: float, rock: Colour) -> None:
    """Flat-topped hills far away, with a few strata."""
    for distance in (0.75, 0.5):
        for _ in range(int(rng.integers(1, 4))):
            x, half, height = rng.uniform(-0.1, 1.1), rng.uniform(0.05, 0.17), rng.uniform(0.03, 0.13)
            colour = light.far(vary(rng, rock, 0.1), distance)
            jag = rng.uniform(-0.008, 0.008, (8, 2))
            foot, edge = horizon + 0.06, horizon - height
            across = half * np.array([-1.45, -1.0, -0.9, -0.3, 0.4, 0.88, 1.0, 1.5])
            down = np.array([foot, edge + height * 0.4, edge, edge, edge, edge, edge + height * 0.4, foot])
            outline = np.stack([x + across, down], -1) + jag
            canvas.polygon(outline, colour)
            shaded = outline[:4] if light.side > 0 else outline[4:]
            canvas.polygon(np.concatenate([shaded, [[x, foot]]]), colour * np.float32(0.9))


def _plants(
    canvas: Canvas, rng: np.random.Generator, light: Light, crest: Field, height: float, count: int, distance: float
) -> None:
    """Saguaros and dry shrubs that stand on a dune."""
    for _ in range(count):
        x, size = rng.uniform(0.03, 0.97), height * rng.uniform(0.8, 1.7)
        foot = np.array([x, crest[int(x * canvas.side)] + 0.025])
        arms = rng.uniform(0.3, 0.6, 2)
        grows = rng.random(3) < (0.8, 0.7, 0.72)
        if not grows[2]:
            tips = foot + np.stack([rng.uniform(-0.35, 0.35, 12), -rng.uniform(0.15, 0.45, 12)], -1) * size
            twigs = spears(np.repeat(foot[None], 12, 0), tips, np.full(12, 0.006))
            canvas.convex(twigs, [light.far(vary(rng, rgb(128, 118, 62), 0.2), distance) for _ in range(12)])
            continue
        colour = light.far(vary(rng, rgb(82, 116, 66), 0.15), distance)
        width = size * 0.17
        top = foot - at(0, size * 1.5)
        stem(canvas, foot, top, width, colour, light.side, 6)
        canvas.discs(top[None], np.array([width * 0.5]), [colour * np.float32(0.95)])
        for direction, share, grown in zip((-1, 1), arms, grows[:2], strict=True):
            if grown:
                joint = foot - at(0, size * 1.5 * share)
                elbow = joint + at(direction * width * 1.5, 0)
                tip = elbow - at(0, size * (0.25 + 0.5 * (0.7 - share)))
                stem(canvas, joint, elbow, width * 0.66, colour * np.float32(0.9), -1, 4)
                stem(canvas, elbow + at(0, width * 0.3), tip, width * 0.66, colour, light.side, 5)
                canvas.discs(tip[None], np.array([width * 0.33]), [colour * np.float32(0.95)])


def paint_meadow(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """A meadow: rolling hills, clumps of trees, grass that turns to blades, flowers of the season."""
    axis = canvas.axis()
    horizon = float(rng.uniform(0.36, 0.52))
    green = vary(rng, mix(rgb(104, 158, 56), rgb(150, 158, 66), float(rng.random())), 0.12)
    paint_sky(canvas, rng, light, horizon + 0.06)
    for index, distance in enumerate((0.85, 0.6, 0.35)):
        swell = noise.ridge(rng, axis, 2, 4, 0.32) * np.float32(rng.uniform(0.02, 0.05))
        crest = np.float32(horizon - 0.07 + 0.035 * index) + swell
        tone = mix(vary(rng, green, 0.08), rgb(84, 112, 100), 0.5 * distance)
        land(
            canvas,
            crest,
            (light.far(tone, distance), light.far(tone * np.float32(0.85), distance * 0.8)),
            0.12,
            bottom=horizon + 0.2,
        )
        _trees(canvas, rng, light, crest, green, 3 + 5 * index, distance)
        canvas.blur(0.006, 0.0, horizon + 0.2)

    ground = _receding_ground(canvas, rng, horizon, 30.0, 40.0)
    crest = np.float32(horizon + 0.03) + noise.ridge(rng, axis, 2, 2, 0.4) * np.float32(0.008)
    colours = (light.far(mix(green, rgb(196, 204, 110), 0.3), 0.22), light.on(green * np.float32(0.66)))
    land(canvas, crest, colours, 0.55, relief=ground * np.float32(0.09))
    bloom = _bloom(rng)
    for near, sigma in ((0.0, 0.005), (0.33, 0.003), (0.68, 0.0016)):
        start = horizon + 0.05 + (1 - horizon) * near
        _grass(canvas, rng, light, start, green, 70, 0.05 + 0.13 * near)
        _flowers(canvas, rng, light, start, bloom, 22 if near < 0.5 else 12, 0.006 + 0.019 * near)
        canvas.blur(sigma, start - 0.2)
    _grass(canvas, rng, light, 1.0, green * np.float32(0.8), 34, 0.2)
    canvas.blur(0.004, 0.82)


def _trees(
    canvas: Canvas, rng: np.random.Generator, light: Light, crest: Field, green: Colour, count: int, distance: float
) -> None:
    """Round clumps of trees on a hill."""
    for _ in range(count):
        x, size = rng.uniform(0, 1), rng.uniform(0.008, 0.022) * (1.4 - distance)
        offsets = rng.normal(0, size, (5, 2)) * [1.5, 0.6]
        foot = np.array([x, crest[min(int(x * canvas.side), canvas.side - 1)]])
        colour = light.far(vary(rng, green, 0.1) * np.float32(0.52), distance * 0.9)
        canvas.discs(
            foot + offsets, np.full(5, size), [colour * np.float32(shade) for shade in (0.85, 0.92, 1, 1.08, 1.15)]
        )


def _grass(
    canvas: Canvas, rng: np.random.Generator, light: Light, y: float, green: Colour, count: int, height: float
) -> None:
    base = np.stack([rng.uniform(-0.03, 1.03, count), y + np.sort(rng.uniform(0, 0.22, count))], -1)
    rise = height * rng.uniform(0.45, 1.1, count)
    tip = base + np.stack([rng.normal(0, 0.28, count) * rise, -rise], -1)
    colours = light.on(green) * rng.uniform(0.6, 1.35, (count, 1)) + rng.normal(0, 6, (count, 3))
    canvas.convex(spears(base, tip, 0.004 + 0.05 * rise), colours.astype(np.float32))


def _bloom(rng: np.random.Generator) -> Field:
    """The two to four colours that flower in this meadow, float32 ``[N, 3]``."""
    kinds = np.stack(
        [
            rgb(250, 246, 238),
            rgb(250, 206, 52),
            rgb(226, 62, 52),
            rgb(168, 92, 206),
            rgb(236, 128, 176),
            rgb(96, 122, 226),
        ]
    )
    return np.asarray(kinds[rng.permutation(len(kinds))[: int(rng.integers(2, 5))]], np.float32)


def _flowers(
    canvas: Canvas, rng: np.random.Generator, light: Light, y: float, bloom: Field, count: int, radius: float
) -> None:
    """Flowers with five petals around an eye, each on its stalk."""
    head = np.stack([rng.uniform(-0.02, 1.02, count), y + np.sort(rng.uniform(-0.02, 0.26, count))], -1)
    size = radius * rng.uniform(0.7, 1.25, count)
    colours = (light.on(bloom[rng.integers(0, len(bloom), count)]) * rng.uniform(0.85, 1.05, (count, 1))).astype(
        np.float32
    )
    turn = rng.uniform(0, 2 * np.pi, count)[:, None] + np.arange(5) * (2 * np.pi / 5)
    foot = head + np.stack([rng.normal(0, 0.01, count), size * 5], -1)
    canvas.convex(spears(foot, head, size * 0.4), [light.on(rgb(74, 118, 44))] * count)
    petals = head[:, None] + np.stack([np.cos(turn), np.sin(turn) * 0.75], -1) * size[:, None, None] * 0.62
    eyes = np.where(colours[:, :1] + colours[:, 1:2] > 430, rgb(214, 142, 30), rgb(250, 220, 96))
    for index in range(count):
        shades = [colours[index] * np.float32(0.86 + 0.05 * petal) for petal in range(5)]
        canvas.discs(petals[index], np.full(5, size[index] * 0.5), shades)
    canvas.discs(head, size * 0.34, eyes.astype(np.float32))


def paint_snow(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """Snow: white mountains, firs in three depths, drifts with blue shadows, falling flakes."""
    axis = canvas.axis()
    horizon = float(rng.uniform(0.40, 0.54))
    paint_sky(canvas, rng, light, horizon + 0.06)
    white = mix(vary(rng, rgb(244, 247, 252), 0.02), light.on(light.cloud), 0.42)
    shadow = mix(light.zenith, rgb(184, 198, 222), 0.72)
    _mountains(canvas, rng, light, horizon, white, shadow)
    canvas.blur(0.006, 0.0, horizon + 0.1)

    drifts = _receding_ground(canvas, rng, horizon, 16.0, 34.0)
    needles = vary(rng, rgb(44, 78, 62), 0.16)
    for index, (count, height, sigma) in enumerate(((14, 0.13, 0.007), (7, 0.24, 0.0042), (3, 0.40, 0.0025))):
        level = horizon + 0.015 + 0.075 * index
        crest = np.float32(level) + noise.ridge(rng, axis, 3, 3, 0.4) * np.float32(0.011)
        relief = drifts * np.float32(0.016 + 0.010 * index)
        tone = mix(white, shadow, 0.35 - 0.12 * index)
        colours = (light.far(tone, 0.25 - 0.1 * index), mix(white, shadow, 0.42 - 0.16 * index))
        bottom = 1.0 if index == 2 else level + 0.16
        land(canvas, crest, colours, 0.3, bottom=bottom, relief=relief)
        for x in rng.uniform(0, 1, count):
            foot = np.array([x, crest[int(x * (canvas.side - 1))] + 0.012])
            tall = height * rng.uniform(0.6, 1.15)
            tip = foot + at(-0.62 * light.side * tall, 0.3 * tall)
            shade = mix(white, shadow, 0.42 if light.hour == "overcast" else 0.46 + 0.08 * index)
            canvas.convex(spears(foot[None], tip[None], np.array([0.34 * tall])), [shade])
            colour = light.far(vary(rng, needles, 0.14), 0.62 - 0.28 * index)
            fir(canvas, foot, tall, colour, mix(white, light.horizon, 0.5 - 0.25 * index), rng.random((5 + index, 2)))
        canvas.blur(sigma, level - height * 1.2, bottom)
    _flakes(canvas, rng)


def _mountains(
    canvas: Canvas, rng: np.random.Generator, light: Light, horizon: float, white: Colour, shadow: Colour
) -> None:
    """A range in the haze: snow on the flank that faces the sun, rock and shade on the other."""
    axis = canvas.axis()
    for distance in (0.8, 0.6):
        profile = noise.ridge(rng, axis, int(rng.integers(3, 6)), 6, 0.5)
        crest = np.float32(horizon - 0.04) - np.maximum(profile + np.float32(0.6), 0) * np.float32(
            rng.uniform(0.03, 0.07)
        )
        slope = np.clip(np.gradient(crest) * np.float32(canvas.side * light.side), -1, 1)
        rough = noise.spread(noise.lattice(rng, (8, 8), 4, 0.6), canvas.side, canvas.side)
        relief = slope[None, :] * np.float32(0.10) + rough * np.float32(0.03)
        colours = (light.far(white, distance * 0.7), light.far(mix(shadow, rgb(120, 132, 150), 0.35), distance))
        land(canvas, crest, colours, 0.16, bottom=horizon + 0.1, relief=relief)


def _flakes(canvas: Canvas, rng: np.random.Generator) -> None:
    """Falling snow: many small flakes in focus, a few near ones far out of it."""
    fall = float(rng.uniform(0.15, 1.0))
    for most, radius, sigma, power in ((110, 0.0046, 0.0027, 255), (16, 0.013, 0.004, 95)):
        layer = Canvas(canvas.size)
        count = int(most * fall)
        sizes = radius * rng.uniform(0.5, 1.3, count)
        colours = np.full((count, 3), power, np.float32) * rng.uniform(0.5, 1, (count, 1)).astype(np.float32)
        layer.discs(rng.random((count, 2)), sizes, colours)
        canvas.glow(blurred(layer.pixels, sigma * canvas.side))
