"""The city: a skyline in the haze, houses with lit windows, a street with lamps and cars."""

from __future__ import annotations

import numpy as np

from bgbias_core.aviary.scenes import noise
from bgbias_core.aviary.scenes.canvas import Canvas, Colour, Points, at, blurred, mix, rgb, vary
from bgbias_core.aviary.scenes.sky import HOURS, Light, paint_sky

_WALLS = (
    rgb(134, 84, 68),
    rgb(158, 122, 92),
    rgb(106, 116, 132),
    rgb(84, 98, 124),
    rgb(176, 160, 140),
    rgb(122, 92, 110),
    rgb(78, 108, 116),
)
_PAINTS = (rgb(186, 48, 44), rgb(52, 86, 150), rgb(224, 220, 214), rgb(52, 54, 60), rgb(232, 178, 52))


def paint_city(canvas: Canvas, rng: np.random.Generator, light: Light) -> None:
    """A street in a city, its houses in three depths."""
    street = float(rng.uniform(0.70, 0.80))
    skyline = street - float(rng.uniform(0.24, 0.34))
    paint_sky(canvas, rng, light, street)
    for distance, lift, width in ((0.8, 0.14, 0.08), (0.45, 0.10, 0.12), (0.08, 0.0, 0.17)):
        x = float(rng.uniform(-0.12, 0.0))
        while x < 1.02:
            own = width * rng.uniform(0.6, 1.25)
            top = skyline - lift + rng.normal(0.02, 0.075) + 0.05 * (0.8 - distance)
            if rng.random() < 0.9:
                _house(canvas, rng, light, (x, max(top, 0.04), own, street + 0.01), distance)
            x += own + (0.004 if distance > 0.2 else rng.uniform(0.0, 0.09))
        canvas.blur((0.0065, 0.005, 0.0042)[int(distance < 0.6) + int(distance < 0.2)], 0.0, street + 0.02)
    _street(canvas, rng, light, street)
    _lamps(canvas, rng, light, street)


def _house(
    canvas: Canvas, rng: np.random.Generator, light: Light, box: tuple[float, float, float, float], distance: float
) -> None:
    """One house in the box (left, top, width, foot): a lit front, a shaded flank, a roof, rows of windows."""
    left, top, width, foot = box
    wall = light.far(vary(rng, _WALLS[int(rng.integers(len(_WALLS)))], 0.12), distance)
    _box(canvas, left, top, left + width, foot, wall)
    flank = width * 0.16
    edge = left if light.side > 0 else left + width - flank
    _box(canvas, edge, top, edge + flank, foot, wall * np.float32(0.78))
    roof = rng.random()
    if roof < 0.45:
        inset = width * rng.uniform(0.15, 0.3)
        _box(canvas, left + inset, top - 0.025, left + width - inset, top, wall * np.float32(0.85))
    elif roof < 0.65:
        mast = np.array(
            [[left + width / 2, top - 0.09], [left + width / 2 + 0.004, top], [left + width / 2 - 0.004, top]]
        )
        canvas.convex(mast[None], [wall * np.float32(0.6)])
    _box(canvas, left - 0.003, top, left + width + 0.003, top + 0.01, wall * np.float32(1.15))

    pitch_x, pitch_y = (
        rng.uniform(0.021, 0.03) * (1.15 - 0.4 * distance),
        rng.uniform(0.028, 0.042) * (1.15 - 0.4 * distance),
    )
    columns, rows = max(2, int(width / pitch_x) - 1), max(1, int((foot - 0.06 - top) / pitch_y))
    lit = rng.random((rows, columns)) < HOURS[light.hour].lamps * rng.uniform(0.5, 1.4)
    glass = mix(light.far(rgb(52, 62, 82), distance), light.zenith, 0.2)
    lamp = rgb(255, 214, 128) if distance < 0.6 else mix(rgb(255, 214, 128), wall, 0.3)
    start = left + (width - columns * pitch_x) / 2 + pitch_x * 0.2
    corner = np.stack(np.meshgrid(start + np.arange(columns) * pitch_x, top + 0.022 + np.arange(rows) * pitch_y), -1)
    pane = np.array([[0, 0], [0.6, 0], [0.6, 0.58], [0, 0.58]]) * [pitch_x, pitch_y]
    shine = rng.random((rows, columns, 1), np.float32)
    panes = np.where(
        lit[..., None], lamp + (rgb(255, 246, 222) - lamp) * shine, glass * (np.float32(0.8) + np.float32(0.45) * shine)
    )
    canvas.convex((corner[:, :, None] + pane).reshape(-1, 4, 2), panes.reshape(-1, 3))


def _box(canvas: Canvas, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    canvas.convex(corners[None], [colour])


def _street(canvas: Canvas, rng: np.random.Generator, light: Light, street: float) -> None:
    """Trees and cars along the kerb, asphalt, a dashed line."""
    _box(canvas, -0.1, street, 1.1, 1.1, light.on(rgb(150, 146, 142)))
    for x in rng.uniform(0, 1, int(rng.integers(0, 5))):
        crown = at(x, street - 0.05) + rng.normal(0, 0.016, (7, 2))
        green = light.on(vary(rng, rgb(72, 104, 58), 0.15))
        _box(canvas, x - 0.004, street - 0.05, x + 0.004, street + 0.008, light.on(rgb(70, 56, 48)))
        canvas.discs(crown, np.full(7, 0.026), [green * np.float32(shade) for shade in np.linspace(0.75, 1.2, 7)])
    for x in rng.uniform(-0.05, 1.05, int(rng.integers(1, 4))):
        _car(
            canvas, light, float(x), street + 0.035, light.on(vary(rng, _PAINTS[int(rng.integers(len(_PAINTS)))], 0.1))
        )
    kerb = street + 0.045
    asphalt = light.on(vary(rng, rgb(92, 93, 100), 0.08))
    axis = canvas.axis()
    top = canvas.row(kerb)
    grit = noise.spread(noise.lattice(rng, (24, 12), 3, 0.8), canvas.side, canvas.side)[top:]
    shade = 1 + grit * np.float32(0.025) - (axis[top:, None] - np.float32(kerb)) * np.float32(0.5)
    canvas.lay(asphalt * shade[..., None], top)
    _box(canvas, -0.1, kerb - 0.004, 1.1, kerb + 0.005, light.on(rgb(186, 182, 176)))
    offset = float(rng.uniform(0, 0.22))
    line = kerb + (1 - kerb) * 0.45
    for x in np.arange(offset - 0.3, 1.1, 0.22):
        slant = (x - 0.5) * 0.12
        dash = np.array(
            [
                [x, line],
                [x + 0.11, line],
                [x + 0.115 + slant * 0.1, line + 0.018],
                [x - 0.005 + slant * 0.1, line + 0.018],
            ]
        )
        canvas.convex(dash[None], [light.on(rgb(226, 222, 206))])
    canvas.blur(0.0032, street - 0.1)


def _car(canvas: Canvas, light: Light, x: float, ground: float, colour: Colour) -> None:
    body: Points = np.array(
        [
            [-0.07, -0.008],
            [-0.068, -0.03],
            [-0.045, -0.034],
            [-0.026, -0.056],
            [0.024, -0.056],
            [0.043, -0.034],
            [0.068, -0.028],
            [0.07, -0.008],
        ]
    )
    glass: Points = np.array([[-0.036, -0.034], [-0.022, -0.051], [0.02, -0.051], [0.034, -0.034]])
    canvas.polygon(body + at(x, ground), colour)
    canvas.polygon(glass + at(x, ground), mix(light.on(rgb(60, 74, 92)), light.zenith, 0.3))
    wheels = np.array([[x - 0.042, ground - 0.008], [x + 0.042, ground - 0.008]])
    canvas.discs(wheels, np.full(2, 0.0125), [rgb(32, 32, 36)] * 2)
    canvas.discs(wheels, np.full(2, 0.005), [rgb(140, 142, 146)] * 2)


def _lamps(canvas: Canvas, rng: np.random.Generator, light: Light, street: float) -> None:
    """Discs of defocused light along the street: the brighter, the darker the hour."""
    power = HOURS[light.hour].lamps
    layer = Canvas(canvas.size)
    count = int(3 + 18 * power)
    centres = np.stack([rng.random(count), street + rng.uniform(-0.16, 0.03, count)], -1)
    tones = np.stack([rgb(255, 206, 120), rgb(255, 240, 210), rgb(255, 92, 70), rgb(140, 190, 255)])
    colours = tones[rng.choice(4, count, p=[0.5, 0.28, 0.14, 0.08])] * rng.uniform(0.25, 0.75, (count, 1)).astype(
        np.float32
    )
    layer.discs(
        centres, rng.uniform(0.008, 0.02, count), (colours * np.float32(0.35 + 0.65 * power)).astype(np.float32)
    )
    canvas.glow(blurred(layer.pixels, 0.0025 * canvas.side))
