"""Background shares of attributions over many Aviary birds, each checkpoint on the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bgbias_core.attribution.attribute import attribute
from bgbias_core.attribution.contract import Attribution
from bgbias_core.aviary import Recipe, draw_recipes, render
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import Interval, cluster_bootstrap, common_correlation, paired_difference
from bgbias_core.evaluation.shapley import Coalitions, aviary_coalitions
from bgbias_core.masks import Masker, MaskResult, default_masker, given, load_masker
from bgbias_core.models import Checkpoint

Progress = Callable[[int, int], None]
GivenOrPredicted = Literal["given", "predicted"]


@dataclass(frozen=True)
class MeanShare:
    """One checkpoint's mean background share under one method.

    Attributes:
        checkpoint: Its name.
        mask_source: Where the masks come from that it looked at; ``none`` where it looks at none.
        masker: What predicted them; else empty.
        method: A name of ``METHODS``.
        value: Mean share in [0, 1] against the birds' true masks; ``None`` where it is nowhere defined.
        low: Lower end of its 95% interval, resampling birds.
        high: Upper end.
        n: Birds with a share.
        chance: Mean share of a map that treats all pixels alike; ``None`` for two-player Shapley.
        phi_background: For two-player Shapley: mean value of the background in log-odds, over all explained birds.
        phi_low: Lower end of its 95% interval.
        phi_high: Upper end.
        by_identity: Why the share is 0 by construction; empty where it is a finding.
    """

    checkpoint: str
    mask_source: Literal["none", "given", "predicted"]
    masker: str
    method: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    chance: float | None
    phi_background: float | None
    phi_low: float | None
    phi_high: float | None
    by_identity: str


@dataclass(frozen=True)
class ShareDifference:
    """How much larger one checkpoint's mean share is than another's, on the birds where both have one.

    Attributes:
        method: A name of ``METHODS``.
        first: Checkpoint and mask source.
        second: Checkpoint and mask source.
        difference: Mean share of the first minus that of the second.
        low: Lower end of the 95% interval, resampling birds.
        high: Upper end.
        n: Number of those birds.
    """

    method: str
    first: tuple[str, str]
    second: tuple[str, str]
    difference: float
    low: float
    high: float
    n: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Shares:
    """Mean shares, and the first checkpoint's against every other's under each method."""

    means: tuple[MeanShare, ...]
    differences: tuple[ShareDifference, ...]


def measure_shares(
    checkpoints: Sequence[Checkpoint],
    methods: Sequence[str],
    *,
    n: int,
    sources: Sequence[GivenOrPredicted] = ("given", "predicted"),
    masker: str | None = None,
    progress: Progress | None = None,
) -> Shares:
    """Explain each checkpoint's own answer on the first ``n`` test birds, ID, and measure shares on the true masks.

    A masked checkpoint is left out on a bird in which the masker finds nothing.

    Args:
        checkpoints: Checkpoints trained on Aviary.
        methods: Names of ``METHODS``.
        n: Number of birds.
        sources: Where the masks come from that masked checkpoints look at.
        masker: What predicts masks; ``None`` takes Aviary's segmenter.
        progress: Called with (attributions done, all of them).

    Raises:
        UnknownNameError: There is no such method or masker.
        ConfigError: ``n`` is not positive, a checkpoint was not trained on Aviary, or they were trained at different
            correlations.
    """
    if n < 1:
        raise ConfigError(f"Shares are measured on at least 1 bird, got {n}; give a positive number.")
    masker = masker or default_masker("aviary")
    finder = load_masker(masker)
    correlation = common_correlation([checkpoint.card for checkpoint in checkpoints])
    views = [
        (checkpoint, source)
        for checkpoint in checkpoints
        for source in (sources if checkpoint.card.strategy.needs_mask else ("none",))
    ]
    columns: dict[tuple[str, str, str], list[Attribution | None]] = {
        (method, checkpoint.card.name, source): [] for method, (checkpoint, source) in product(methods, views)
    }
    done = 0
    for recipe in draw_recipes("test", n, correlation=correlation):
        bird = _Bird(recipe, finder, {}, {})
        for method, (checkpoint, source) in product(methods, views):
            columns[method, checkpoint.card.name, source].append(bird.explain(checkpoint, method, source))
            done += 1
            if progress is not None:
                progress(done, n * len(columns))
    means = tuple(
        _mean(method, name, source, finder.name if source == "predicted" else "", found)
        for (method, name, source), found in columns.items()
    )
    return Shares(means, tuple(_differences(columns)))


@dataclass(frozen=True)
class _Bird:
    """One bird with everything that its explanations share."""

    recipe: Recipe
    finder: Masker
    pictures: dict[int, tuple[MaskResult, MaskResult, NDArray[np.uint8]]]
    coalitions: dict[tuple[int, str], Coalitions]

    def explain(self, checkpoint: Checkpoint, method: str, source: str) -> Attribution | None:
        """An attribution, or ``None`` where a masked checkpoint is shown no object."""
        size = checkpoint.card.preprocessing.size
        if size not in self.pictures:
            drawn = render(self.recipe, size)
            self.pictures[size] = given(drawn.image, drawn.mask), self.finder(drawn.image), drawn.image
        true, predicted, image = self.pictures[size]
        looked = predicted if source == "predicted" else true
        if source == "predicted" and looked.empty:
            return None
        played = self._coalitions(size, source) if method == "shapley" else None
        return attribute(checkpoint, image, looked, method, object_mask=true, coalitions=played)

    def _coalitions(self, size: int, source: str) -> Coalitions:
        if (size, source) not in self.coalitions:
            self.coalitions[size, source] = aviary_coalitions(
                self.recipe, size, source="predicted" if source == "predicted" else "given", masker=self.finder
            )
        return self.coalitions[size, source]


def _mean(method: str, name: str, source: str, masker: str, found: Sequence[Attribution | None]) -> MeanShare:
    shares = _shares(found)
    chances = [one.chance for one in found if one is not None and one.chance is not None]
    phis = np.array([one.phi_background for one in found if one is not None and one.phi_background is not None])
    interval = None if np.isnan(shares).all() else cluster_bootstrap(shares[:, None])
    spread = Interval(np.nan, np.nan)
    if len(phis):
        spread = cluster_bootstrap(phis[:, None], bounds=(-np.inf, np.inf))
    return MeanShare(
        checkpoint=name,
        mask_source="none" if source == "none" else "predicted" if source == "predicted" else "given",
        masker=masker,
        method=method,
        value=None if interval is None else float(np.nanmean(shares)),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        n=int((~np.isnan(shares)).sum()),
        chance=float(np.mean(chances)) if chances else None,
        phi_background=float(phis.mean()) if len(phis) else None,
        phi_low=spread.low if len(phis) else None,
        phi_high=spread.high if len(phis) else None,
        by_identity=next((one.by_identity for one in found if one is not None), ""),
    )


def _differences(columns: dict[tuple[str, str, str], list[Attribution | None]]) -> list[ShareDifference]:
    differences = []
    for method in dict.fromkeys(method for method, _, _ in columns):
        views = {key[1:]: _shares(found) for key, found in columns.items() if key[0] == method}
        (first, shares), *others = views.items()
        for second, other in others:
            both = ~np.isnan(shares) & ~np.isnan(other)
            if both.any():
                interval = paired_difference(shares[both], other[both])
                mean = float((shares[both] - other[both]).mean())
                differences.append(
                    ShareDifference(method, first, second, mean, interval.low, interval.high, int(both.sum()))
                )
    return differences


def _shares(found: Sequence[Attribution | None]) -> NDArray[np.float64]:
    """``[birds]``; NaN where a share is not defined."""
    shares = [None if one is None else one.background_share for one in found]
    return np.array([np.nan if share is None else share for share in shares])
