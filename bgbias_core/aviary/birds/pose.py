"""All that differs between two birds of one species, drawn from the seed alone, in units free of the picture's size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STREAM = 0xB14D


@dataclass(frozen=True)
class Pose:
    """One individual and its moment (angles in degrees; shares in [0, 1]).

    Attributes:
        lean: The body's turn; positive lowers the breast.
        head_tilt: The head's turn on the neck.
        tail_turn: The tail's turn at its root.
        wing_turn: The wing's turn at the shoulder.
        fatness: Height of the body relative to the family's.
        head_size: Size of the head relative to the family's.
        leg_length: Length of the legs relative to the family's.
        span: The longer side of the bird's box as a share of the frame.
        across, down: Where in the room that is left the bird stands, as shares.
        mirrored: Whether it looks to the left.
        light: Unit vector towards the light (x right, y down, z to the viewer).
        strength: Light of the sun over that of the sky.
        warmth: From -1 (blue hour) to 1 (golden hour).
        tints: ``[6, 3]`` factors of red, green and blue for the palette's colours.
        texture: Seed of the plumage's small irregularities.
    """

    lean: float
    head_tilt: float
    tail_turn: float
    wing_turn: float
    fatness: float
    head_size: float
    leg_length: float
    span: float
    across: float
    down: float
    mirrored: bool
    light: tuple[float, float, float]
    strength: float
    warmth: float
    tints: tuple[tuple[float, float, float], ...]
    texture: int


def draw_pose(seed: int) -> Pose:
    """The pose that belongs to ``seed``.

    >>> draw_pose(3) == draw_pose(3)
    True
    """
    rng = np.random.default_rng([_STREAM, seed])
    angle, height = np.deg2rad(rng.uniform(-65, 65)), np.deg2rad(rng.uniform(32, 52))
    light = (np.sin(angle) * np.cos(height), -np.cos(angle) * np.cos(height), np.sin(height))
    value = rng.uniform(0.86, 1.10, (6, 1))
    tints = value * rng.uniform(0.91, 1.09, (6, 3))
    return Pose(
        lean=rng.uniform(-9, 9),
        head_tilt=rng.uniform(-11, 11),
        tail_turn=rng.uniform(-9, 9),
        wing_turn=rng.uniform(-5, 6),
        fatness=rng.uniform(0.94, 1.08),
        head_size=rng.uniform(0.96, 1.05),
        leg_length=rng.uniform(0.88, 1.10),
        span=rng.uniform(0.82, 0.94),
        across=rng.uniform(0, 1),
        down=rng.uniform(0, 1),
        mirrored=bool(rng.integers(2)),
        light=(float(light[0]), float(light[1]), float(light[2])),
        strength=rng.uniform(0.75, 1.2),
        warmth=rng.uniform(-1, 1),
        tints=tuple((float(r), float(g), float(b)) for r, g, b in tints),
        texture=int(rng.integers(2**31)),
    )
