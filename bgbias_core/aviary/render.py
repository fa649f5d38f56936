"""One Aviary picture: a bird composed onto a scene, with its exact masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bgbias_core.aviary.birds import draw_bird
from bgbias_core.aviary.scenes import draw_perch, draw_scene
from bgbias_core.aviary.species import SPECIES
from bgbias_core.images import Image, Mask
from bgbias_core.registry import lookup


@dataclass(frozen=True)
class Recipe:
    """Everything that fixes a picture, but for its size.

    Attributes:
        species: A name of ``SPECIES``.
        bird_seed: Fixes pose, size, position, mirroring, light and individual colour.
        place: A name of ``PLACES``.
        scene_seed: Fixes the scene.
        parts: Parts to change: a slot's other variant, or ``None`` to remove it.
    """

    species: str
    bird_seed: int
    place: str
    scene_seed: int
    parts: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendering:
    """A picture with everything that is known about it.

    Attributes:
        image: uint8 ``[S, S, 3]``.
        mask: float32 ``[S, S]``, 1 where the bird covers the whole pixel, else 0: no background colour lies inside.
        coverage: float32 ``[S, S]`` in [0, 1], the share of each pixel that the bird covers.
        parts: Coverage of each visible part by name.
        scene: uint8 ``[S, S, 3]``, the same scene without the bird.
    """

    image: Image
    mask: Mask
    coverage: Mask
    parts: Mapping[str, Mask]
    scene: Image


def render(recipe: Recipe, size: int) -> Rendering:
    """Draw a recipe at ``size`` × ``size`` pixels; the same recipe gives the same bytes.

    Raises:
        UnknownNameError: The species or the place is not known.
    """
    species = lookup(SPECIES, recipe.species, "species")
    bird = draw_bird(species, recipe.bird_seed, size, parts=recipe.parts)
    scene = draw_perch(draw_scene(recipe.place, recipe.scene_seed, size), recipe.place, recipe.scene_seed, bird.feet)
    blended = bird.colour + (1 - bird.coverage[..., None]) * scene
    return Rendering(
        image=np.clip(np.rint(blended), 0, 255).astype(np.uint8),
        mask=(bird.coverage == 1).astype(np.float32),
        coverage=bird.coverage,
        parts=bird.parts,
        scene=scene,
    )
