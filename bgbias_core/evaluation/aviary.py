"""Measuring a checkpoint on Aviary: the same unseen birds at home, elsewhere, and in every place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary import SPECIES, TEST_BIRDS, Condition, render
from bgbias_core.data import AviaryQuery, load_aviary, swapped_places
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap, paired_difference, wilson
from bgbias_core.evaluation.predict import predict_probabilities
from bgbias_core.images import Image, Mask
from bgbias_core.masks import DEFAULT_MASKER, load_masker
from bgbias_core.models import Card, Checkpoint, Metric

Progress = Callable[[int, int], None]
MetricSource = Literal["given", "predicted", "none"]

N = TEST_BIRDS
N_PREDICTED = 300

_NO_ANSWER = -1
_CONDITIONS: tuple[Condition, ...] = ("ID", "OOD")


def evaluate_aviary(
    checkpoint: Checkpoint,
    *,
    n: int = N,
    n_predicted: int = N_PREDICTED,
    masker: str = DEFAULT_MASKER,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Metric, ...]:
    """Accuracy ID and OOD, the gap between them, and the flip rate over all places, each with its 95% interval.

    The flip rate is the share of (bird, place) pairs whose name differs from that of the same bird where it stands
    ID; every bird is put in each of the other places. Masked checkpoints are measured with the given mask and with
    the masker run on each very picture. An empty predicted mask is no answer: it counts as wrong, and its pairs are
    left out of the flip rate. Gap and flip rate of early masking with given masks are left out too: the checkpoint
    sees the same pixels in every place, so they are 0 by identity and no finding.

    Args:
        checkpoint: A checkpoint trained on Aviary; ID means places drawn with its own correlation.
        n: Number of test birds.
        n_predicted: Number of those birds, the first ones, for predicted masks and for the flip rates.
        masker: Name of the masker.
        seed: Another seed gives other birds.
        progress: Called with (pictures made or masked, all of them).

    Raises:
        ConfigError: The checkpoint was not trained on Aviary, or a number is not positive.
        UnknownNameError: There is no such masker.
    """
    if n < 1 or n_predicted < 1:
        raise ConfigError(f"Got n = {n} and n-predicted = {n_predicted}; measure at least 1 bird.")
    card = checkpoint.card
    query = AviaryQuery("test", n, correlation=_correlation(card), size=card.preprocessing.size, seed=seed)
    pictures = _pictures(query, min(n, n_predicted), masker)
    sources: tuple[MetricSource, ...] = ("given", "predicted") if card.strategy.needs_mask else ("none",)
    tick = _Tick(progress, pictures.work("predicted" in sources))
    command = _command(card.name, n, n_predicted, masker, seed)
    return tuple(chain.from_iterable(_metrics(checkpoint, pictures, source, command, tick) for source in sources))


def _metrics(
    checkpoint: Checkpoint, pictures: _Pictures, source: MetricSource, command: str, tick: _Tick
) -> list[Metric]:
    labels = pictures.labels
    used = pictures.birds if source == "predicted" else len(labels)
    answers = {
        condition: _answers(checkpoint, *pictures.condition(condition, source, used, tick)) for condition in _CONDITIONS
    }
    right = {condition: answers[condition] == labels[:used] for condition in _CONDITIONS}

    def metric(measure: str, condition: str, value: float, interval: Interval, n: int, kind: str) -> Metric:
        masker = pictures.masker if source == "predicted" else ""
        return Metric.model_validate(
            {
                "measure": measure,
                "condition": condition,
                "mask_source": source,
                "masker": masker,
                "value": value,
                "low": interval.low,
                "high": interval.high,
                "n": n,
                "interval": kind,
                "command": command,
            }
        )

    metrics = [
        metric("accuracy", name, float(hits.mean()), wilson(int(hits.sum()), used), used, "wilson")
        for name, hits in right.items()
    ]
    if source == "given" and checkpoint.card.strategy.hides_background:
        return metrics  # no gap and no flip rate: it sees the same pixels in every place
    gap = float(right["ID"].mean() - right["OOD"].mean())
    interval = paired_difference(right["ID"], right["OOD"])
    metrics.append(metric("ID–OOD gap", "ID, OOD", gap, interval, used, "paired bootstrap"))
    flips = _flips(answers["ID"][: pictures.birds], _answers(checkpoint, *pictures.elsewhere(source, tick)))
    if not np.isnan(flips).all():
        rate, n = float(np.nanmean(flips)), int((~np.isnan(flips)).any(axis=1).sum())
        metrics.append(metric("flip rate", "all places", rate, cluster_bootstrap(flips), n, "cluster bootstrap"))
    return metrics


def _flips(at_home: NDArray[np.int64], elsewhere: NDArray[np.int64]) -> NDArray[np.float64]:
    """``[birds, places]``: 1 where the name changed, NaN where there was no answer before or after."""
    after = elsewhere.reshape(len(at_home), -1)
    before = at_home[:, None]
    return np.where((before == _NO_ANSWER) | (after == _NO_ANSWER), np.nan, after != before)


def _answers(checkpoint: Checkpoint, images: Sequence[Image], masks: Sequence[Mask] | None) -> NDArray[np.int64]:
    """Index into ``SPECIES`` for every picture; −1 where a masked checkpoint is shown no object."""
    answers: NDArray[np.int64] = predict_probabilities(checkpoint, images, masks).argmax(axis=1)
    species = list(SPECIES)
    answers = np.array([species.index(name) for name in checkpoint.card.classes])[answers]
    if masks is not None:
        answers[[not mask.any() for mask in masks]] = _NO_ANSWER
    return answers


Pairs = tuple[list[Image], list[Mask] | None]


class _Tick:
    """Counts pictures for a progress callback."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, pictures: int = 1) -> None:
        self.done += pictures
        if self.progress is not None:
            self.progress(self.done, self.total)


@dataclass(eq=False)
class _Pictures:
    """The pictures and masks that all checkpoints of one correlation and size share; each is made once."""

    query: AviaryQuery
    birds: int
    masker: str
    _made: dict[tuple[str, str], tuple[list[Image], list[Mask]]] = field(default_factory=dict)

    def work(self, with_predicted: bool) -> int:
        """How many pictures and masks an evaluation makes."""
        swapped = self.birds * (len(swapped_places(self.query.recipes()[0])) - 1)
        return 2 * self.query.n + swapped + (2 * self.birds + swapped if with_predicted else 0)

    @property
    def labels(self) -> NDArray[np.int64]:
        species = list(SPECIES)
        return np.array([species.index(recipe.species) for recipe in self.query.recipes()])

    def condition(self, condition: Condition, source: MetricSource, n: int, tick: _Tick) -> Pairs:
        """The first ``n`` birds, ID or OOD."""
        return self._with_masks(condition, source, n, tick)

    def elsewhere(self, source: MetricSource, tick: _Tick) -> Pairs:
        """Every bird in each place but the one where it stands ID, bird by bird."""
        return self._with_masks("elsewhere", source, None, tick)

    def _with_masks(self, name: str, source: MetricSource, n: int | None, tick: _Tick) -> Pairs:
        images, masks = self._rendered(name, tick)
        if source == "none":
            return images[:n], None
        if source == "given":
            return images[:n], masks[:n]
        if (name, "predicted") not in self._made:
            find = load_masker(self.masker)
            found = []
            for image in images[:n]:
                found.append(find(image).mask)
                tick()
            self._made[name, "predicted"] = images[:n], found
        else:
            tick(len(images[:n]))
        return self._made[name, "predicted"]

    def _rendered(self, name: str, tick: _Tick) -> tuple[list[Image], list[Mask]]:
        if (name, "given") in self._made:
            return self._made[name, "given"]
        self._made[name, "given"] = self._render_elsewhere(tick) if name == "elsewhere" else self._load(name, tick)
        return self._made[name, "given"]

    def _load(self, condition: str, tick: _Tick) -> tuple[list[Image], list[Mask]]:
        query = AviaryQuery(
            self.query.split,
            self.query.n,
            condition="OOD" if condition == "OOD" else "ID",
            correlation=self.query.correlation,
            size=self.query.size,
            seed=self.query.seed,
        )
        data = load_aviary(query)
        tick(query.n)
        return list(data.images), list(data.masks.astype(np.float32))

    def _render_elsewhere(self, tick: _Tick) -> tuple[list[Image], list[Mask]]:
        images, masks = [], []
        for recipe in self.query.recipes()[: self.birds]:
            for place, moved in swapped_places(recipe).items():
                if place != recipe.place:
                    rendering = render(moved, self.query.size)
                    images.append(rendering.image)
                    masks.append(rendering.mask)
                    tick()
        return images, masks


@lru_cache(maxsize=1)
def _pictures(query: AviaryQuery, birds: int, masker: str) -> _Pictures:
    load_masker(masker)  # an unknown name is refused before minutes of work
    return _Pictures(query, birds, masker)


def _correlation(card: Card) -> float:
    correlation = card.training_data.parameters.get("correlation")
    if set(card.classes) != set(SPECIES) or correlation is None:
        raise ConfigError(
            f"'{card.name}' was trained on {card.training_data.name}, and its {len(card.classes)} classes are not "
            "Aviary's species; choose a checkpoint trained on Aviary."
        )
    return float(correlation)


def _command(name: str, n: int, n_predicted: int, masker: str, seed: int) -> str:
    changed = {
        "n": (n, N),
        "n-predicted": (n_predicted, N_PREDICTED),
        "masker": (masker, DEFAULT_MASKER),
        "seed": (seed, 0),
    }
    options = "".join(f" --{option} {value}" for option, (value, usual) in changed.items() if value != usual)
    return f"python -m bgbias_core evaluate --data aviary --checkpoint {name}{options}"
