"""Evaluating checkpoints on Aviary: the same unseen birds at home, elsewhere, and in every place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bgbias_core.aviary import PLACES, SPEC_VERSION, SPECIES, TEST_BIRDS, Recipe
from bgbias_core.data import AviaryQuery, load_recipes, swapped_places
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.headers import (
    check_checkpoints,
    command_of,
    describe_checkpoint,
    now,
    usual_name,
    versions,
)
from bgbias_core.evaluation.results import EvaluatedData, Evaluation, Header, check_name
from bgbias_core.evaluation.run import (
    SHAPLEY_PICTURES,
    Progress,
    Shown,
    Tick,
    evaluate,
    mask_sources,
)
from bgbias_core.evaluation.shapley import Coalitions, aviary_coalitions
from bgbias_core.evaluation.sharing import LookedAt
from bgbias_core.evaluation.table import make_table
from bgbias_core.images import Mask
from bgbias_core.masks import KeptMasks, default_masker, load_masker
from bgbias_core.models import Card, Checkpoint

N = TEST_BIRDS
N_PREDICTED = 300
AT_HOME, ELSEWHERE, EVERYWHERE = "ID", "OOD", "all places"


def evaluate_on_aviary(
    checkpoints: Sequence[Checkpoint],
    *,
    n: int = N,
    n_predicted: int = N_PREDICTED,
    correlation: float | None = None,
    masker: str | None = None,
    seed: int = 0,
    shapley: int = 0,
    name: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Show checkpoints the same test birds: where they stand ID, where they stand OOD, and in every other place.

    Conditions: ``ID`` (the reference) and ``OOD`` for all birds, ``all places`` (each of the places where the bird
    does not stand ID) for the first ones. Masked checkpoints look at the given mask, and for the first birds also at
    the mask that the masker finds in each very picture. An empty predicted mask is no answer.

    Args:
        checkpoints: Checkpoints trained on Aviary.
        n: Number of test birds.
        n_predicted: Number of those birds, the first ones, for predicted masks and for all places; may be 0.
        correlation: Correlation of the ID places; by default that of the checkpoints' training data.
        masker: Name of the masker; ``None`` takes Aviary's segmenter.
        seed: Another seed gives other birds.
        shapley: For how many birds, the first ones, two-player Shapley values are computed, ID and OOD.
        name: Name of the evaluation; by default made from checkpoints and options.
        progress: Called with (steps done, all of them): pictures drawn, masked and classified.

    Raises:
        ConfigError: A checkpoint was not trained on Aviary, the checkpoints differ in correlation, or a number is not
            positive.
        UnknownNameError: There is no such masker.
        EvaluationError: The name cannot be one.
    """
    if n < 1 or n_predicted < 0 or shapley < 0:
        raise ConfigError(
            f"Got n = {n}, n-predicted = {n_predicted} and shapley = {shapley}; measure at least 1 bird, and predicted "
            "masks and Shapley values of 0 or more."
        )
    check_checkpoints(checkpoints)
    masker = masker or default_masker("aviary")
    options: dict[str, object] = {
        "n": n if n != N else None,
        "n-predicted": n_predicted if n_predicted != N_PREDICTED else None,
        "correlation": correlation,
        "masker": masker if masker != default_masker("aviary") else None,
        "seed": seed or None,
    }
    names = [checkpoint.card.name for checkpoint in checkpoints]
    command = command_of("aviary", names, options | {"shapley": shapley or None})
    name = check_name(name or usual_name("aviary", names, command))
    correlation = common_correlation([checkpoint.card for checkpoint in checkpoints], correlation)
    query = AviaryQuery("test", n, correlation=correlation, seed=seed)
    birds = _Birds(query, min(n_predicted, n), min(shapley, n), KeptMasks(load_masker(masker)))
    header = Header(
        name=name,
        title=f"Aviary, {n:,} test birds: {_titles(checkpoints)}",
        data=EvaluatedData(
            kind="aviary",
            title="Aviary, test birds",
            fingerprint=query.fingerprint,
            parameters={
                "n": n,
                "n_predicted": birds.first,
                "shapley": birds.shapley,
                "correlation": correlation,
                "spec_version": SPEC_VERSION,
                "options": {key: value for key, value in options.items() if value is not None},
            },
        ),
        classes=tuple(SPECIES),
        checkpoints=tuple(describe_checkpoint(one, tuple(SPECIES), hard_masks=True) for one in checkpoints),
        masker=masker,
        seed=seed,
        n=n,
        created=now(),
        command=command,
        versions=versions(),
    )
    return Evaluation(header, _evaluate_by_size(checkpoints, birds, progress))


def _evaluate_by_size(checkpoints: Sequence[Checkpoint], birds: _Birds, progress: Progress | None) -> pd.DataFrame:
    """Pictures are drawn at each size that a checkpoint takes."""
    by_size: dict[int, list[Checkpoint]] = {}
    for checkpoint in checkpoints:
        by_size.setdefault(checkpoint.card.preprocessing.size, []).append(checkpoint)
    tick = Tick(progress, sum(birds.steps(some) for some in by_size.values()))
    tables = []
    for size, some in by_size.items():
        with_predicted = any("predicted" in mask_sources(checkpoint) for checkpoint in some)
        pictures = birds.shown(size, with_predicted, tick)
        tables.append(evaluate(some, pictures, reference=AT_HOME, masker=birds.masker.name, tick=tick))
    if len(tables) == 1:
        return tables[0]
    whole = pd.concat([table.astype("object") for table in tables])
    order = {checkpoint.card.name: position for position, checkpoint in enumerate(checkpoints)}
    whole = whole.sort_values("checkpoint", key=lambda column: column.map(order), kind="stable")
    return make_table({column: whole[column].tolist() for column in whole})


@dataclass(frozen=True)
class _Birds:
    """The test birds of an evaluation.

    Attributes:
        query: All of them, ID.
        first: How many are put in all places and get predicted masks.
        shapley: How many get Shapley values.
        masker: What predicts masks.
    """

    query: AviaryQuery
    first: int
    shapley: int
    masker: KeptMasks

    def steps(self, checkpoints: Sequence[Checkpoint]) -> int:
        """How many pictures are drawn, masked and classified for checkpoints of one size."""
        given = 2 * self.query.n + (len(PLACES) - 1) * self.first
        predicted = (len(PLACES) + 1) * self.first
        rows = {"none": given, "given": given, "predicted": predicted}
        games = {"none": self.shapley, "given": self.shapley, "predicted": min(self.shapley, self.first)}
        sources = [source for checkpoint in checkpoints for source in mask_sources(checkpoint)]
        masks = predicted if "predicted" in sources else 0
        return given + masks + sum(rows[source] + 2 * games[source] * SHAPLEY_PICTURES for source in sources)

    def shown(self, size: int, with_predicted: bool, tick: Tick) -> Iterator[Shown]:
        """Every picture, first ID, then OOD, then all places, bird by bird."""
        at_home = self.query.recipes()
        elsewhere = replace(self.query, condition="OOD").recipes()
        everywhere = [
            (index, moved)
            for index, recipe in enumerate(at_home[: self.first])
            for place, moved in swapped_places(recipe).items()
            if place != recipe.place
        ]
        yield from self._condition(AT_HOME, list(enumerate(at_home)), size, with_predicted, tick)
        yield from self._condition(ELSEWHERE, list(enumerate(elsewhere)), size, with_predicted, tick)
        yield from self._condition(EVERYWHERE, everywhere, size, with_predicted, tick)

    def _condition(
        self, condition: str, recipes: Sequence[tuple[int, Recipe]], size: int, with_predicted: bool, tick: Tick
    ) -> Iterator[Shown]:
        if not recipes:
            return
        drawing = tick.within(len(recipes))
        images, masks = load_recipes([recipe for _, recipe in recipes], size, progress=drawing)
        drawing(1, 1)
        first = [row for row, (index, _) in enumerate(recipes) if index < self.first] if with_predicted else []
        found = self.masker.find_all([images[row] for row in first], tick.within(len(first)))
        for row, (index, recipe) in enumerate(recipes):
            looked_at: dict[LookedAt, Mask] = {"given": masks[row].astype(np.float32)}
            if row < len(first):
                looked_at["predicted"] = found[row].mask
            yield Shown(
                sample=f"test-{index:05d}",
                label=recipe.species,
                condition=condition,
                image=images[row],
                masks=looked_at,
                place=recipe.place,
                place_group=PLACES[recipe.place].group,
                players=self._players(recipe, size) if condition != EVERYWHERE and index < self.shapley else None,
            )

    def _players(self, recipe: Recipe, size: int) -> Callable[[LookedAt], Coalitions | None]:
        return lambda source: aviary_coalitions(recipe, size, source=source, masker=self.masker, seed=self.query.seed)


def common_correlation(cards: Sequence[Card], asked: float | None = None) -> float:
    """The correlation of the places that all these checkpoints were trained with, which makes a condition ID.

    Args:
        cards: Their cards.
        asked: Another correlation to take in its place.

    Raises:
        ConfigError: A checkpoint was not trained on Aviary, or they differ and none was asked for.
    """
    found = {}
    for card in cards:
        own = card.training_data.parameters.get("correlation")
        if set(card.classes) != set(SPECIES) or own is None:
            raise ConfigError(
                f"'{card.name}' was trained on {card.training_data.name}, and its {len(card.classes)} classes are not "
                "Aviary's species; choose a checkpoint trained on Aviary."
            )
        found[card.name] = float(own)
    if asked is not None:
        return asked
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} at {value:g}" for name, value in found.items())
        raise ConfigError(
            f"The checkpoints were trained at different correlations ({told}), so ID means different places for each; "
            "evaluate them apart, or say one correlation for all (--correlation)."
        )
    return next(iter(found.values()))


def _titles(checkpoints: Sequence[Checkpoint]) -> str:
    return checkpoints[0].card.title if len(checkpoints) == 1 else f"{len(checkpoints)} checkpoints"
