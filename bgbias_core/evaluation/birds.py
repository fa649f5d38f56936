"""The test birds of an evaluation: drawn where they stand, under conditions, and at every level of the dials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from bgbias_core.aviary import PLACES, TEST_BIRDS, Condition, Recipe, Rendering, render
from bgbias_core.data import AviaryQuery, Entry, Sample, load_recipes, swapped_places
from bgbias_core.evaluation.composites import Backgrounds
from bgbias_core.evaluation.dials import OBJECT_SIZE, resized, steps_of
from bgbias_core.evaluation.run import Unit, units_of
from bgbias_core.evaluation.shapley import Coalitions, aviary_coalitions
from bgbias_core.evaluation.sharing import LookedAt
from bgbias_core.evaluation.showing import Showing, Shown
from bgbias_core.images import Image, Mask
from bgbias_core.masks import MaskResult, given

AT_HOME: Condition = "ID"
ELSEWHERE: Condition = "OOD"
EVERYWHERE = "all places"


@dataclass(frozen=True, eq=False)
class Birds:
    """The test birds of an evaluation, at one size.

    Attributes:
        query: All of them, ID.
        first: How many are put in all places and get predicted masks.
        shapley: How many get Shapley values.
        size: Side of the pictures in pixels.
        showing: How pictures are made and looked at.
        conditions: Further conditions.
        scenes: Folder of scenes, if there is one.
        draws: How many backgrounds are drawn for each bird.
    """

    query: AviaryQuery
    first: int
    shapley: int
    size: int
    showing: Showing
    conditions: tuple[str, ...]
    scenes: Path | None
    draws: int | None

    def units(self) -> list[Unit]:
        """All birds, some at a time."""
        return [
            Unit(
                f"{self.size}-{some[0]:06d}",
                len(some),
                2 * sum(index < self.shapley for index in some),
                [partial(self._piece, some)],
            )
            for some in units_of(self.query.n)
        ]

    @cached_property
    def _home(self) -> list[Recipe]:
        """Every test bird where it stands ID: more than are shown may lend their backgrounds."""
        return replace(self.query, n=max(self.query.n, TEST_BIRDS)).recipes()

    @cached_property
    def _elsewhere(self) -> list[Recipe]:
        return replace(self.query, condition=ELSEWHERE).recipes()

    @cached_property
    def _backgrounds(self) -> Backgrounds:
        lenders = [
            Entry(_name(index), recipe.species, "test", recipe.place, PLACES[recipe.place].group)
            for index, recipe in enumerate(self._home)
        ]
        at = {entry.name: recipe for entry, recipe in zip(lenders, self._home, strict=True)}
        return Backgrounds(
            lenders,
            lambda entry: lender_sample(entry.name, at[entry.name], render(at[entry.name], self.size)),
            self.scenes,
            self.conditions,
            self.draws,
            self.query.seed,
        )

    def _recipes(self, birds: range) -> list[tuple[int, str, Recipe]]:
        """What is drawn of some birds: each ID, OOD, and the first ones in all places."""
        wanted: list[tuple[int, str, Recipe]] = []
        for index in birds:
            home = self._home[index]
            wanted += [(index, AT_HOME, home), (index, ELSEWHERE, self._elsewhere[index])]
            if index < self.first:
                moved = swapped_places(home).items()
                wanted += [(index, EVERYWHERE, recipe) for place, recipe in moved if place != home.place]
        return wanted

    def _piece(self, birds: range) -> list[Shown]:
        wanted = self._recipes(birds)
        images, masks = load_recipes([recipe for *_, recipe in wanted], self.size, workers=1)
        shown = []
        for (index, condition, recipe), image, mask in zip(wanted, images, masks, strict=True):
            drawn = self._bird(index, condition, recipe, image, mask.astype(np.float32))
            shown.append(drawn)
            if condition == ELSEWHERE:
                shown += self._further(index, drawn)
        return shown

    def _bird(self, index: int, condition: str, recipe: Recipe, image: Image, mask: Mask) -> Shown:
        return Shown(
            sample=_name(index),
            label=recipe.species,
            condition=condition,
            image=image,
            masks=self.showing.looked_at(image, mask, predicted=index < self.first),
            place=recipe.place,
            place_group=PLACES[recipe.place].group,
            players=self._players(recipe) if condition != EVERYWHERE and index < self.shapley else None,
        )

    def _further(self, index: int, elsewhere: Shown) -> Iterator[Shown]:
        """A bird under the further conditions, and OOD at every level of the dials."""
        yield from self.showing.mask_levels(elsewhere)
        if OBJECT_SIZE in self.showing.dials:
            drawn = render(self._elsewhere[index], self.size)
            for dial, scale in steps_of(OBJECT_SIZE):
                made = resized(drawn.image, drawn.mask, drawn.scene, scale)
                masks = self.showing.looked_at(made.image, made.mask, predicted=index < self.first)
                yield replace(elsewhere, image=made.image, masks=masks, dial=dial, level=scale, players=None)
        if self.conditions:
            home = render(self._home[index], self.size)
            entry = self._backgrounds.lenders[index]
            sample = lender_sample(entry.name, self._home[index], home)
            backgrounds = list(self._backgrounds.of(entry))
            cuts: dict[LookedAt, MaskResult] = {"given": given(home.image, home.mask)}
            yield from replace(self.showing, dials=()).on_backgrounds(
                sample, cuts, backgrounds, rim=home.coverage, predicted=index < self.first
            )

    def _players(self, recipe: Recipe) -> Callable[[LookedAt], Coalitions | None]:
        masker, seed = self.showing.masker, self.query.seed
        return lambda source: aviary_coalitions(recipe, self.size, source=source, masker=masker, seed=seed)


def _name(index: int) -> str:
    return f"test-{index:05d}"


def lender_sample(name: str, recipe: Recipe, drawn: Rendering) -> Sample:
    """A bird as others borrow its background: its mask marks every pixel that it touches, so that none stays."""
    return Sample(name, drawn.image, recipe.species, drawn.coverage, recipe.place)
