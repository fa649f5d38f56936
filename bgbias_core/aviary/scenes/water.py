"""Two places on water: ocean and lake."""

from __future__ import annotations

import cv2
import numpy as np

from bgbias_core.aviary.scenes import noise
from bgbias_core.aviary.scenes.canvas import Canvas, Colour, Field, at, mix, rgb, smooth, vary
from bgbias_core.aviary.scenes.shapes import fir, land, spears, stem
from bgbias_core.aviary.scenes.sky import Light, paint_sky


def _glitter(canvas: Canvas, light: Light, rows: Field, waves: Field, width: float) -> Field:
    """How brightly the sun glitters on the water, float32 ``[h, side]`` in [0, 1]."""
    axis = canvas.axis()
    spread = np.float32(width) * (np.float32(0.4) + 2 * (rows - rows[0]))
    path = np.exp(-(((axis - np.float32(light.sun))[None, :] / spread[:, None]) ** 2))
    power = 0.15 if light.hour == "overcast" else 0.8
    return np.asarray(path * smooth(0.2, 1.6, waves) * np.float32(power), np.float32)


def paint_ocean(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """The open sea: a level horizon, swell with shaded troughs, crests with foam, the sun's glitter."""
    axis = canvas.axis()
    horizon = float(rng.uniform(0.38, 0.56))
    deep = vary(rng, mix(rgb(14, 62, 116), rgb(16, 104, 118), float(rng.random() ** 1.4)), 0.12)
    paint_sky(canvas, rng, light, horizon)
    if rng.random() < 0.3:
        _islands(canvas, rng, light, horizon)
    canvas.blur(0.005, 0.0, horizon)

    top = canvas.row(horizon)
    rows = axis[top:]
    share = (rows - np.float32(horizon)) / np.float32(1 - horizon)
    distance = np.float32(1.18) / (share + np.float32(0.18))
    swell = noise.receding(noise.lattice(rng, (16, 8), 4, 0.55), distance, axis, 7.0, 15.0, float(rng.uniform(0, 30)))
    chop = noise.receding(noise.lattice(rng, (24, 16), 4, 0.8), distance, axis, 34.0, 80.0, float(rng.uniform(0, 30)))
    near = smooth(0.0, 0.35, share)[:, None]

    far_tone = mix(light.on(deep), light.horizon, 0.28 + 0.2 * light.haze)
    near_tone = light.on(deep * np.float32(0.72))
    base = far_tone + (near_tone - far_tone) * (share**0.6)[:, None]
    sheen = mix(light.horizon, light.zenith, 0.5)
    waves = swell * np.float32(0.75) + chop * np.float32(0.5)
    tilt = smooth(-0.4, 2.4, waves) * (np.float32(0.22) + np.float32(0.22) * near)
    canvas.lay(base[:, None] * (1 + waves * np.float32(0.11) * (np.float32(0.35) + near))[..., None], top)
    canvas.lay(np.broadcast_to(sheen, (1, 1, 3)), top, tilt)
    foam_level = float(rng.uniform(1.15, 1.75))
    foam = (
        smooth(foam_level, foam_level + 0.7, waves)
        * smooth(-0.6, 0.8, chop)
        * (np.float32(0.15) + np.float32(0.75) * near)
    )
    canvas.lay(np.broadcast_to(light.on(rgb(244, 250, 252)), (1, 1, 3)), top, foam)
    canvas.lay(np.broadcast_to(light.cloud, (1, 1, 3)), top, _glitter(canvas, light, rows, chop, 0.22))
    _crests(canvas, rng, light, horizon, deep)
    canvas.blur(0.0035, horizon - 0.02, horizon + 0.15)
    canvas.blur(0.0022, horizon + 0.15)


def _islands(canvas: Canvas, rng: np.random.Generator, light: Light, horizon: float) -> None:
    axis = canvas.axis()
    bump = np.exp(-(((axis - rng.uniform(0, 1)) / rng.uniform(0.08, 0.25)) ** 2)) * rng.uniform(0.02, 0.06)
    rough = noise.ridge(rng, axis, 6, 4) * 0.006
    crest = (horizon + 0.006 - bump + rough).astype(np.float32)
    tone = light.far(vary(rng, rgb(84, 98, 104), 0.1), 0.7)
    land(canvas, crest, (tone, tone), 0.05, bottom=horizon)


def _crests(canvas: Canvas, rng: np.random.Generator, light: Light, horizon: float, deep: Colour) -> None:
    """Breaking crests: bent slivers of foam over a dark trough, larger towards the viewer."""
    count = int(rng.integers(20, 46))
    share = np.sort(rng.random(count) ** 1.2)
    place = np.stack([rng.uniform(-0.05, 1.05, count), horizon + 0.03 + (0.98 - horizon) * share], -1)
    half = (0.010 + 0.06 * share) * rng.uniform(0.5, 1.5, count)
    t = np.linspace(-1, 1, 11)
    lens = 1 - t**2
    # A crest leans to the side it runs to; its lower edge is torn.
    arch = -half[:, None] * rng.uniform(0.08, 0.2, (count, 1)) * lens * (1 + rng.uniform(-0.5, 0.5, (count, 1)) * t)
    torn = (0.0018 + 0.0075 * share[:, None]) * lens * rng.uniform(0.3, 1.2, (count, len(t)))
    upper = place[:, None] + np.stack([half[:, None] * t, arch], -1)
    lower = upper + np.stack([0 * torn, torn], -1)
    trough = upper + np.stack([0 * torn, (0.004 + 0.02 * share[:, None]) * lens], -1)
    hollow = np.concatenate([upper, trough[:, ::-1]], 1)
    foam = np.concatenate([upper, lower[:, ::-1]], 1)
    pale = mix(light.on(rgb(240, 247, 250)), deep, 0.1)
    tones = pale + (light.on(deep) - pale) * (0.4 - 0.35 * share[:, None])
    canvas.polygons(hollow, [light.on(deep * np.float32(0.66))] * count)
    canvas.polygons(foam, tones.astype(np.float32))


def paint_lake(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """A lake: hills and woods that mirror in calm water, reeds with cattails, lily pads."""
    axis = canvas.axis()
    shore = float(rng.uniform(0.38, 0.52))
    paint_sky(canvas, rng, light, shore)
    hill = vary(rng, mix(rgb(92, 116, 92), rgb(98, 104, 130), float(rng.random())), 0.14)
    for index, distance in enumerate((0.75, 0.5)):
        swell = noise.ridge(rng, axis, 2, 5, 0.42) * np.float32(rng.uniform(0.018, 0.045))
        crest = np.float32(shore - 0.10 + 0.045 * index) + swell
        land(
            canvas, crest, (light.far(hill, distance), light.far(hill * np.float32(0.85), distance)), 0.12, bottom=shore
        )
    canvas.blur(0.006, 0.0, shore)
    _woods(canvas, rng, light, shore)
    canvas.blur(0.005, 0.0, shore)

    _mirror(canvas, rng, light, shore)
    _lilies(canvas, rng, light, shore)
    for near, sigma in ((0.25, 0.004), (0.75, 0.0018)):
        _reeds(canvas, rng, light, shore + (1 - shore) * near, 0.14 + 0.3 * near, int(rng.integers(4, 13)))
        canvas.blur(sigma, shore - 0.2)


def _woods(canvas: Canvas, rng: np.random.Generator, light: Light, shore: float) -> None:
    """A line of trees along the far shore: firs and round crowns."""
    axis = canvas.axis()
    tone = light.far(vary(rng, rgb(48, 74, 50), 0.16), 0.28)
    height = 0.02 + noise.ridge(rng, axis, 4, 6, 0.75) * np.float32(0.008)
    land(canvas, (np.float32(shore) - height).astype(np.float32), (tone, tone * np.float32(0.8)), 0.05, bottom=shore)
    for x in rng.uniform(0, 1, int(rng.integers(6, 22))):
        fir(
            canvas,
            at(x, shore + 0.002),
            rng.uniform(0.05, 0.11),
            vary(rng, tone, 0.1),
            None,
            rng.random((3, 2)),
        )


def _mirror(canvas: Canvas, rng: np.random.Generator, light: Light, shore: float) -> None:
    """The water: what lies above the shore mirrored, broken up by ripples, darker towards the viewer."""
    axis = canvas.axis()
    top = canvas.row(shore)
    rows = axis[top:]
    share = (rows - np.float32(shore)) / np.float32(1 - shore)
    distance = np.float32(1.12) / (share + np.float32(0.12))
    ripple = noise.receding(noise.lattice(rng, (24, 8), 4, 0.62), distance, axis, 5.0, 26.0, float(rng.uniform(0, 30)))
    sway = ripple * (np.float32(0.006) + np.float32(0.022) * share)[:, None]
    # A mirrored ray ends higher up the steeper one looks down; the sky above the frame repeats its topmost row.
    height = (np.float32(shore) - (rows - np.float32(shore)) * np.float32(shore / (1 - shore)))[:, None] + sway
    map_y = np.clip(height * canvas.side, 0, top - 1).astype(np.float32)
    map_x = np.broadcast_to(np.arange(canvas.side, dtype=np.float32), map_y.shape) + sway * np.float32(
        0.3 * canvas.side
    )
    mirrored = cv2.remap(canvas.pixels[:top], map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    water = light.on(vary(rng, mix(rgb(44, 96, 96), rgb(52, 84, 108), float(rng.random())), 0.14))
    own = (np.float32(0.22) + np.float32(0.42) * share)[:, None]
    canvas.lay(mirrored.astype(np.float32), top)
    canvas.lay(np.broadcast_to(water, (1, 1, 3)), top, np.broadcast_to(own, map_y.shape))
    glint = smooth(0.5, 2.6, ripple) * (np.float32(0.32) + np.float32(0.2) * share)[:, None]
    canvas.lay(np.broadcast_to(mix(light.horizon, light.cloud, 0.5), (1, 1, 3)), top, glint)
    dark = smooth(0.5, 2.6, -ripple) * (np.float32(0.12) + np.float32(0.3) * share)[:, None]
    canvas.lay(np.broadcast_to(water * np.float32(0.45), (1, 1, 3)), top, dark)
    canvas.lay(
        np.broadcast_to(light.cloud, (1, 1, 3)), top, _glitter(canvas, light, rows, ripple, 0.1) * np.float32(0.7)
    )
    canvas.blur(0.003, shore)


def _lilies(canvas: Canvas, rng: np.random.Generator, light: Light, shore: float) -> None:
    """Lily pads in a drift, some of them in flower."""
    count = int(rng.integers(0, 26))
    centre = np.array([rng.uniform(0, 1), shore + (1 - shore) * rng.uniform(0.3, 0.85)])
    places = centre + rng.normal(0, 1, (count, 2)) * [0.15, 0.05]
    flowers = rng.random(count) < 0.22
    turn = np.linspace(0.25, 2 * np.pi - 0.25, 14)
    for place, flower in sorted(zip(places.tolist(), flowers.tolist(), strict=True), key=lambda pad: pad[0][1]):
        radius = 0.008 + 0.05 * max(place[1] - shore, 0.02)
        green = light.on(vary(rng, rgb(82, 134, 66), 0.16))
        rim = np.stack([np.cos(turn), np.sin(turn) * 0.32], -1) * radius
        canvas.polygon(rim + place + at(0, 0.003), green * np.float32(0.5))
        canvas.polygon(rim + place, green)
        if flower:
            heads = np.array(place) + np.array([[-0.4, -0.15], [0.4, -0.15], [0, -0.35]]) * radius
            canvas.discs(heads, np.full(3, radius * 0.3), [light.on(rgb(246, 226, 232))] * 3)


def _reeds(canvas: Canvas, rng: np.random.Generator, light: Light, water: float, height: float, count: int) -> None:
    """Reeds in a clump at one side, some with a cattail."""
    side = rng.choice([0.0, 1.0])
    x = np.clip(side + rng.normal(0, 0.2, count), -0.02, 1.02)
    foot = np.stack([x, water + rng.uniform(0, 0.12, count)], -1)
    rise = height * rng.uniform(0.55, 1.1, count)
    top = foot + np.stack([rng.normal(0, 0.06, count) * rise, -rise], -1)
    green = light.on(vary(rng, rgb(96, 128, 58), 0.14))
    leaves = np.repeat(foot, 2, 0)
    bent = leaves + np.stack(
        [rng.normal(0, 0.3, 2 * count) * np.repeat(rise, 2), -np.repeat(rise, 2) * rng.uniform(0.5, 0.95, 2 * count)],
        -1,
    )
    shades = (green * rng.uniform(0.6, 1.1, (2 * count, 1))).astype(np.float32)
    canvas.convex(spears(leaves, bent, np.full(2 * count, 0.004 + 0.016 * height)), shades)
    cattail = rng.random(count) < 0.7
    for index in range(count):
        stem(canvas, foot[index], top[index], 0.003 + 0.008 * height, green, light.side, 2)
        if cattail[index]:
            along = (top[index] - foot[index]) / rise[index]
            stem(
                canvas,
                top[index] - along * height * 0.22,
                top[index] - along * height * 0.03,
                0.008 + 0.026 * height,
                light.on(rgb(112, 62, 36)),
                light.side,
                4,
            )
