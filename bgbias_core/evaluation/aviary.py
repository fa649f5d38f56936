"""Evaluating checkpoints on Aviary: the same unseen birds at home, elsewhere, in every place, and under conditions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bgbias_core.aviary import SPEC_VERSION, SPECIES, TEST_BIRDS
from bgbias_core.data import AviaryQuery
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.birds import AT_HOME, Birds
from bgbias_core.evaluation.composites import choose_conditions
from bgbias_core.evaluation.dials import choose_dials
from bgbias_core.evaluation.judging import mask_sources
from bgbias_core.evaluation.request import Request, open_masker, plain, whole_path
from bgbias_core.evaluation.results import EvaluatedData, Evaluation
from bgbias_core.evaluation.run import Progress, Work
from bgbias_core.evaluation.showing import Showing
from bgbias_core.masks import default_masker
from bgbias_core.models import Card, Checkpoint

N = TEST_BIRDS
N_PREDICTED = 300


def evaluate_on_aviary(
    checkpoints: Sequence[Checkpoint],
    *,
    n: int = N,
    n_predicted: int = N_PREDICTED,
    correlation: float | None = None,
    masker: str | None = None,
    seed: int = 0,
    shapley: int = 0,
    conditions: Sequence[str] = (),
    scenes: str | Path | None = None,
    draws: int | None = None,
    dials: Sequence[str] = (),
    workers: int = 1,
    batch_size: int | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Show checkpoints the same test birds: where they stand ID, where they stand OOD, and in every other place.

    Conditions: ``ID`` (the reference) and ``OOD`` for all birds, ``all places`` (each of the places where the bird
    does not stand ID) for the first ones; and any others, made of each bird where it stands ID. Masked checkpoints look
    at the given mask, and for the first birds also at the mask that the masker finds in each very picture. An empty
    mask is no answer. Broken off, the same call goes on where it stopped.

    Args:
        checkpoints: Checkpoints trained on Aviary.
        n: Number of test birds.
        n_predicted: Number of those birds, the first ones, for predicted masks and for all places; may be 0.
        correlation: Correlation of the ID places; by default that of the checkpoints' training data.
        masker: Name of the masker; ``None`` takes Aviary's segmenter.
        seed: Another seed gives other birds.
        shapley: For how many birds, the first ones, two-player Shapley values are computed, ID and OOD.
        conditions: Names of further conditions of :data:`~bgbias_core.conditions.CONDITIONS`, or ``all``; backgrounds
            are lent by other test birds where they stand ID.
        scenes: Folder with one folder of scenes for each place: the condition ``foreign scene``.
        draws: How many backgrounds of other birds and how many scenes are drawn for each bird; by default one
            background, and one scene of every place, the same for all birds.
        dials: Families of :data:`~bgbias_core.evaluation.dials.DIALS` that are turned, OOD: ``mask quality`` and
            ``object size``.
        workers: How many threads make pictures ahead of the networks.
        batch_size: How many pictures go through a network at once; by default what is quick on its device.
        name: Name of the evaluation; by default made from checkpoints and options.
        progress: Called with (steps done, all of them): birds drawn, shown and classified, Shapley values.

    Raises:
        ConfigError: A checkpoint was not trained on Aviary, the checkpoints differ in correlation, a number is not
            positive, or foreign scenes are asked for and there are none.
        UnknownNameError: There is no such masker, condition or dial.
        EvaluationError: The name cannot be one.
    """
    if n < 1 or n_predicted < 0 or shapley < 0:
        raise ConfigError(
            f"Got n = {n}, n-predicted = {n_predicted} and shapley = {shapley}; measure at least 1 bird, and predicted "
            "masks and Shapley values of 0 or more."
        )
    families, scene_folder = choose_dials(dials), whole_path(scenes)
    chosen = choose_conditions(conditions, scenes=scene_folder is not None)
    masker = masker or default_masker("aviary")
    options: dict[str, object] = {
        "n": n if n != N else None,
        "n-predicted": n_predicted if n_predicted != N_PREDICTED else None,
        "correlation": correlation,
        "masker": masker if masker != default_masker("aviary") else None,
        "seed": seed or None,
        "batch-size": batch_size,
    }
    # Figures of cards are the same without these.
    further: dict[str, object] = {
        "scenes": scene_folder,
        "condition": tuple(one for one in chosen if one != "foreign") or None,
        "draws": draws,
        "dial": tuple(family.replace(" ", "-") for family in families) or None,
        "shapley": shapley or None,
    }
    request = Request("aviary", checkpoints, options | further, name, open_masker(masker), seed, batch_size)
    correlation = common_correlation([checkpoint.card for checkpoint in checkpoints], correlation)
    query = AviaryQuery("test", n, correlation=correlation, seed=seed)
    works = []
    for size in sorted({checkpoint.card.preprocessing.size for checkpoint in checkpoints}):
        some = [one for one in checkpoints if one.card.preprocessing.size == size]
        showing = Showing(request.masker, any("none" not in mask_sources(one) for one in some), families, seed)
        birds = Birds(query, min(n_predicted, n), min(shapley, n), size, showing, chosen, scene_folder, draws)
        works.append((some, birds))
    birds = works[0][1]
    return request.carry_out(
        [Work(some, birds.units()) for some, birds in works],
        data=EvaluatedData(
            kind="aviary",
            title="Aviary, test birds",
            scenes=str(scene_folder or ""),
            fingerprint=query.fingerprint,
            parameters={
                "n": n,
                "n_predicted": birds.first,
                "shapley": birds.shapley,
                "correlation": correlation,
                "spec_version": SPEC_VERSION,
                "conditions": list(chosen),
                "dials": list(families),
                "draws": draws,
                "options": plain(options),
            },
        ),
        title=f"Aviary, {n:,} test birds",
        classes=tuple(SPECIES),
        n=n,
        reference=AT_HOME,
        workers=workers,
        progress=progress,
    )


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
