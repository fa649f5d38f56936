"""Which bird stands where: recipes for training, validation and test, with places that follow the label or do not."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bgbias_core.aviary.render import Recipe
from bgbias_core.aviary.scenes import PLACES
from bgbias_core.aviary.species import SPECIES
from bgbias_core.errors import ConfigError

Split = Literal["train", "validation", "test"]
Condition = Literal["ID", "OOD"]

TEST_BIRDS = 1500
"""How many test birds the cards' figures are measured on."""

_SPLIT_STREAM: dict[Split, int] = {"train": 0, "validation": 1, "test": 2}


def draw_recipes(
    split: Split, n: int, *, condition: Condition = "ID", correlation: float = 0.95, seed: int = 0
) -> list[Recipe]:
    """Draw ``n`` recipes; species take turns, so that they are balanced.

    The ``i``-th recipe of a split shows the same bird in both conditions and for every correlation; only its place
    differs. Splits share no random numbers.

    Args:
        split: Which split.
        n: How many.
        condition: ``ID`` (places drawn with ``correlation``) or ``OOD`` (places drawn uniformly, independent of label).
        correlation: c: with probability c a species stands in its home place, otherwise in a place drawn uniformly
            from all.
        seed: Another seed gives another data set.

    Raises:
        ConfigError: The correlation is not in [0, 1] or ``n`` is negative.
    """
    if not 0 <= correlation <= 1:
        raise ConfigError(
            f"The correlation is {correlation}; give a number from 0 (independent) to 1 (always at home)."
        )
    if n < 0:
        raise ConfigError(f"Cannot draw {n} samples; give a number of 0 or more.")
    names, places = list(SPECIES), list(PLACES)
    recipes = []
    for index in range(n):
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, _SPLIT_STREAM[split], index))))
        bird_seed, scene_seed = (int(value) for value in random.integers(2**31, size=2))
        at_home = random.random() < correlation
        id_place, ood_place = (places[int(value)] for value in random.integers(len(places), size=2))
        species = SPECIES[names[index % len(names)]]
        place = ood_place if condition == "OOD" else species.home if at_home else id_place
        recipes.append(Recipe(species.name, bird_seed, place, scene_seed))
    return recipes
