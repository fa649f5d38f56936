"""Scenes: the places of the Aviary without a bird, and what the bird stands on.

Everything random is drawn in unit coordinates from ``(place, seed)`` alone, so that a seed shows the same scene at
every size, on every run and for every number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary.scenes import city, forest, land, perch, water
from bgbias_core.aviary.scenes.canvas import Canvas, over
from bgbias_core.aviary.scenes.sky import Light, draw_light, finish
from bgbias_core.errors import ConfigError
from bgbias_core.registry import lookup

_LIGHT, _SCENE, _PERCH = range(3)  # streams of random numbers that do not disturb one another


@dataclass(frozen=True)
class Place:
    """One place of the Aviary.

    Attributes:
        name: Key in ``PLACES``.
        group: Its place group, "land" or "water".
        title: As people read it.
        paint: Paints the scene on an empty canvas.
        perch: Paints what the bird stands on, through the unit point of its feet, on a transparent canvas.
    """

    name: str
    group: str
    title: str
    paint: Callable[[Canvas, np.random.Generator, Light], None]
    perch: Callable[[Canvas, np.random.Generator, Light, tuple[float, float]], None]


PLACES: dict[str, Place] = {
    place.name: place
    for place in (
        Place("bamboo_forest", "land", "Bamboo forest", forest.paint_bamboo_forest, perch.perch_bamboo),
        Place("broadleaf_forest", "land", "Broadleaf forest", forest.paint_broadleaf_forest, perch.perch_broadleaf),
        Place("desert", "land", "Desert", land.paint_desert, perch.perch_desert),
        Place("meadow", "land", "Meadow", land.paint_meadow, perch.perch_meadow),
        Place("city", "land", "City", city.paint_city, perch.perch_city),
        Place("snow", "land", "Snow", land.paint_snow, perch.perch_snow),
        Place("ocean", "water", "Ocean", water.paint_ocean, perch.perch_ocean),
        Place("lake", "water", "Lake", water.paint_lake, perch.perch_lake),
    )
}


def draw_scene(place: str, seed: int, size: int) -> NDArray[np.uint8]:
    """Draw a scene without a bird.

    Args:
        place: Key in ``PLACES``.
        seed: 0 or more; the same seed shows the same scene at every size.
        size: Side in pixels.

    Returns:
        uint8 RGB ``[size, size, 3]``.

    Raises:
        UnknownNameError: There is no such place.
        ConfigError: The seed is negative or the size is too small to paint on.
    """
    chosen = lookup(PLACES, place, "place")
    _check(seed, size)
    rng = _stream(place, seed, _SCENE)
    light = draw_light(_stream(place, seed, _LIGHT))
    canvas = Canvas(size)
    chosen.paint(canvas, rng, light)
    return finish(canvas, rng, light)


def draw_perch(scene: NDArray[np.uint8], place: str, seed: int, feet: tuple[float, float]) -> NDArray[np.uint8]:
    """Draw what the bird stands on over a scene, in the light of that scene.

    Args:
        scene: uint8 RGB ``[size, size, 3]``, as ``draw_scene`` returns it; it is not changed.
        place: Key in ``PLACES``.
        seed: The seed of the scene.
        feet: Unit x and y at which the bird's feet stand.

    Returns:
        uint8 RGB of the scene's shape; pixels that the perch does not cover keep their bytes.

    Raises:
        UnknownNameError: There is no such place.
        ConfigError: The seed is negative or the size is too small to paint on.
    """
    chosen = lookup(PLACES, place, "place")
    size = scene.shape[0]
    _check(seed, size)
    canvas = Canvas(size, channels=4)
    chosen.perch(canvas, _stream(place, seed, _PERCH), draw_light(_stream(place, seed, _LIGHT)), feet)
    return over(scene, canvas.finished())


def _check(seed: int, size: int) -> None:
    if seed < 0:
        raise ConfigError(f"A scene's seed must be 0 or more, got {seed}; choose another seed.")
    if size < 16:
        raise ConfigError(f"A scene must be at least 16 pixels wide, got {size}; choose a larger size.")


def _stream(place: str, seed: int, stream: int) -> np.random.Generator:
    """Random numbers that depend on the place's name, not on its position in ``PLACES``."""
    entropy = np.random.SeedSequence([int.from_bytes(place.encode(), "big"), seed, stream])
    return np.random.Generator(np.random.PCG64(entropy))
