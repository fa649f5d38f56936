"""Aviary as a data set: the query that fixes it, its arrays for training, its samples one by one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary import PLACES, SPEC_VERSION, SPECIES, Condition, Recipe, Split, draw_recipes, render
from bgbias_core.data.renderings import Progress, load_recipes
from bgbias_core.data.sample import Entry, Sample
from bgbias_core.registry import lookup

TRAINING_SIZE = 96
LICENCE = "MIT (rendered by this project)"


@dataclass(frozen=True)
class AviaryQuery:
    """What fixes an Aviary data set to the byte.

    Attributes:
        split: Training, validation or test birds; they share no random numbers.
        n: How many samples.
        condition: Places as in training (``ID``) or uniform (``OOD``).
        correlation: c of the ``ID`` condition.
        size: Side in pixels.
        seed: Another seed gives another data set.
    """

    split: Split
    n: int
    condition: Condition = "ID"
    correlation: float = 0.95
    size: int = TRAINING_SIZE
    seed: int = 0

    @property
    def fingerprint(self) -> str:
        """sha256 over all parameters and the version of the specification."""
        body = json.dumps({**asdict(self), "spec": SPEC_VERSION}, sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()

    def recipes(self) -> list[Recipe]:
        """The recipes of the samples, in order."""
        return draw_recipes(self.split, self.n, condition=self.condition, correlation=self.correlation, seed=self.seed)


@dataclass(frozen=True)
class AviarySet:
    """Rendered samples.

    Attributes:
        query: What was asked for.
        images: uint8 ``[N, S, S, 3]``.
        masks: uint8 ``[N, S, S]``, 1 where the bird covers the whole pixel.
        labels: int64 ``[N]``, index into ``SPECIES``.
        places: int64 ``[N]``, index into ``PLACES``.
    """

    query: AviaryQuery
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    labels: NDArray[np.int64]
    places: NDArray[np.int64]


def load_aviary(query: AviaryQuery, *, workers: int | None = None, progress: Progress | None = None) -> AviarySet:
    """Read a data set from the cache, or render it and keep it there.

    Args:
        query: Which data set.
        workers: Processes that render; all cores by default.
        progress: Called with (samples done, samples in all).
    """
    recipes = query.recipes()
    images, masks = load_recipes(recipes, query.size, workers=workers, progress=progress)
    species, places = list(SPECIES), list(PLACES)
    return AviarySet(
        query,
        images,
        masks,
        np.array([species.index(recipe.species) for recipe in recipes], dtype=np.int64),
        np.array([places.index(recipe.place) for recipe in recipes], dtype=np.int64),
    )


@dataclass(frozen=True)
class AviarySamples:
    """The samples of a query, drawn one by one: the Aviary as a :class:`~bgbias_core.data.sample.DataSet`.

    Attributes:
        query: What was asked for. An entry's name says split, condition and number: ``test-ID-00017``.
    """

    query: AviaryQuery
    name: ClassVar[str] = "aviary"
    classes: ClassVar[tuple[str, ...]] = tuple(SPECIES)
    has_masks: ClassVar[bool] = True
    licence: ClassVar[str] = LICENCE

    @property
    def title(self) -> str:
        """As people read it."""
        return f"Aviary, {self.query.split}, {self.query.condition}"

    @property
    def fingerprint(self) -> str:
        """That of the query."""
        return self.query.fingerprint

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """One entry for each recipe, in order."""
        return tuple(
            Entry(name, recipe.species, self.query.split, recipe.place) for name, recipe in self._recipes.items()
        )

    def read(self, entry: Entry) -> Sample:
        """Draw one sample at the query's size, with its exact masks and its empty scene.

        Raises:
            UnknownNameError: The entry belongs to another query.
        """
        return replace(aviary_sample(self.recipe(entry), self.query.size), name=entry.name)

    def recipe(self, entry: Entry) -> Recipe:
        """What a sample is drawn from, for other places and sizes.

        Raises:
            UnknownNameError: The entry belongs to another query.
        """
        return lookup(self._recipes, entry.name, "sample")

    @cached_property
    def _recipes(self) -> dict[str, Recipe]:
        prefix = f"{self.query.split}-{self.query.condition}"
        return {f"{prefix}-{index:05d}": recipe for index, recipe in enumerate(self.query.recipes())}


def aviary_sample(recipe: Recipe, size: int) -> Sample:
    """One Aviary picture as a sample, at any size."""
    rendering = render(recipe, size)
    return Sample(
        name=f"{recipe.species} {recipe.bird_seed}",
        image=rendering.image,
        label=recipe.species,
        mask=rendering.mask,
        place=recipe.place,
        parts=rendering.parts,
        scene=rendering.scene,
    )


def swapped_places(recipe: Recipe) -> dict[str, Recipe]:
    """The same bird in every place, with the same scene seed."""
    return {place: Recipe(recipe.species, recipe.bird_seed, place, recipe.scene_seed, recipe.parts) for place in PLACES}
