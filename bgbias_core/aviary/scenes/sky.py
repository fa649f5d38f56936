"""The light of a scene: the hour, the weather, the sky, and the finish that ties a picture together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary.scenes import noise
from bgbias_core.aviary.scenes.canvas import Canvas, Colour, mix, rgb, smooth, vary


@dataclass(frozen=True)
class Hour:
    """The colours of one kind of light."""

    zenith: Colour
    horizon: Colour
    tint: Colour  # multiplies the colours of what stands in this light
    cloud: Colour
    chance: float
    lamps: float  # share of lit windows


HOURS = {
    "noon": Hour(rgb(52, 118, 205), rgb(186, 216, 238), rgb(1.02, 1.02, 0.98), rgb(252, 252, 250), 0.36, 0.08),
    "golden": Hour(rgb(96, 134, 186), rgb(252, 208, 146), rgb(1.09, 0.98, 0.80), rgb(255, 232, 204), 0.24, 0.3),
    "overcast": Hour(rgb(138, 152, 168), rgb(206, 212, 216), rgb(0.90, 0.94, 0.98), rgb(226, 229, 232), 0.16, 0.25),
    "dusk": Hour(rgb(78, 84, 148), rgb(240, 180, 162), rgb(0.90, 0.84, 0.93), rgb(238, 180, 178), 0.12, 0.6),
    "morning": Hour(rgb(126, 172, 206), rgb(240, 234, 216), rgb(1.0, 0.99, 0.94), rgb(252, 244, 232), 0.12, 0.2),
}


@dataclass(frozen=True)
class Light:
    """The light and the weather of one scene.

    Attributes:
        hour: Key into ``HOURS``.
        sun: Unit x of the sun; it may stand outside the picture.
        side: -1 where the light comes from the left, +1 from the right.
        haze: How far the distance fades, in [0, 1].
        clouds: How much of the sky is covered, in [0, 1].
        zenith, horizon, cloud, tint: Colours of this scene's hour, jittered.
    """

    hour: str
    sun: float
    side: int
    haze: float
    clouds: float
    zenith: Colour
    horizon: Colour
    cloud: Colour
    tint: Colour

    def on(self, colour: Colour) -> Colour:
        """``colour`` as it looks in this light."""
        return colour * self.tint

    def far(self, colour: Colour, distance: float) -> Colour:
        """``colour`` in this light, faded towards the horizon by a ``distance`` in [0, 1]."""
        return mix(self.on(colour), self.horizon * np.float32(0.94), distance * (0.55 + 0.45 * self.haze))


def draw_light(rng: np.random.Generator) -> Light:
    """Draw the hour and the weather of a scene."""
    names = list(HOURS)
    name = names[int(rng.choice(len(names), p=[HOURS[name].chance for name in names]))]
    hour = HOURS[name]
    sun = float(rng.uniform(-0.1, 1.1))
    return Light(
        hour=name,
        sun=sun,
        side=-1 if sun < 0.5 else 1,
        haze=float(rng.uniform(0.1, 0.9)),
        clouds=float(rng.uniform(0.15, 0.75)),
        zenith=vary(rng, hour.zenith, 0.14),
        horizon=vary(rng, hour.horizon, 0.06),
        cloud=vary(rng, hour.cloud, 0.03),
        tint=hour.tint * np.float32(rng.uniform(0.93, 1.05)),
    )


def paint_sky(canvas: Canvas, rng: np.random.Generator, light: Light, horizon: float) -> None:
    """Paint the sky down to the unit height ``horizon``: gradient, sun and clouds that recede towards it."""
    texture = noise.lattice(rng, (8, 8), 5, 0.56)
    drift = float(rng.uniform(8, 40))
    bottom = canvas.row(horizon)
    axis = canvas.axis()[::2]  # clouds are soft: half the resolution shows all there is to see
    rows = axis[: -(-bottom // 2)]
    height = rows / np.float32(horizon)
    gradient = light.zenith + (light.horizon - light.zenith) * (height**1.3)[:, None]

    sun_y = np.float32(horizon * 0.55)
    glow = np.exp(-np.add.outer((rows - sun_y) ** 2, (axis - np.float32(light.sun)) ** 2) * np.float32(9))
    sky = gradient[:, None] + (light.cloud - gradient[:, None]) * (glow * np.float32(0.55))[..., None]

    distance = np.float32(1) / (np.float32(1.16) - height)
    density = noise.receding(texture, distance, axis, 26.0, 17.0, drift)
    cover = smooth(1.15 - 2.1 * light.clouds, 2.3 - 2.1 * light.clouds, density)
    # Thick parts of a cloud let less light through: they are greyer below, as seen from the ground.
    thickness = smooth(1.6 - 2.1 * light.clouds, 3.6 - 2.1 * light.clouds, density)
    shadow = mix(light.cloud, light.zenith, 0.42) * np.float32(0.96)
    clouds = light.cloud + (shadow - light.cloud) * (thickness * np.float32(0.8))[..., None]
    cover = cover * (np.float32(0.92) - np.float32(0.45) * height**3)[:, None]
    sky = sky + (clouds - sky) * cover[..., None]
    canvas.lay(cv2.resize(sky, (canvas.side, bottom), interpolation=cv2.INTER_LINEAR).astype(np.float32))


def finish(canvas: Canvas, rng: np.random.Generator, light: Light) -> NDArray[np.uint8]:
    """Reduce the canvas to its size and add what a lens adds: light from one side, a vignette, fine grain.

    Returns:
        uint8 ``[size, size, 3]``.
    """
    grain = noise.spread(noise.lattice(rng, (64, 64), 2, 1.2), canvas.size, canvas.size)
    picture = canvas.finished()
    axis = (np.arange(canvas.size, dtype=np.float32) + np.float32(0.5)) / np.float32(canvas.size) - np.float32(0.5)
    corner = np.add.outer(axis**2 * np.float32(0.9), axis**2)
    gain = 1 - np.float32(0.62) * np.maximum(corner - np.float32(0.08), 0)
    gain += np.float32(light.side * 0.08) * axis[None, :]
    gain += grain * np.float32(0.0055)
    return np.asarray(np.clip(picture * gain[..., None] + np.float32(0.5), 0, 255), np.uint8)
