"""A mean over pictures with the interval that holds for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bgbias_core.evaluation.intervals import (
    FEWEST_SCENES,
    TELLING,
    Interval,
    IntervalKind,
    can_be_resampled,
    cluster_bootstrap,
    differing,
    score,
    sums_of,
    two_way_bootstrap,
    wilson,
)
from bgbias_core.evaluation.paired import paired_score
from bgbias_core.evaluation.parts import by_sample


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95% interval.

    Attributes:
        value: The mean.
        low: Lower end of the interval.
        high: Upper end.
        n: Number of photographs.
        kind: How the interval was computed.
        scenes: How many scenes were resampled with the photographs; 0 where none were.
    """

    value: float
    low: float
    high: float
    n: int
    kind: IntervalKind
    scenes: int = 0


def estimate(
    values: pd.Series,
    bounds: tuple[float, float] = (0.0, 1.0),
    *,
    paired: bool = False,
    scenes: pd.DataFrame | None = None,
    each_once: bool = False,
) -> Estimate:
    """The mean of what was measured on pictures.

    - For scenes in general: photographs and scenes are both resampled.
    - Where a photograph counts once and is right or wrong: Wilson's interval; of pairs, Tango's.
    - Else a bootstrap over photographs, or where too few differ, the score interval of the single answers that they
      are worth: see :func:`~bgbias_core.evaluation.intervals.cluster_bootstrap`.

    Args:
        values: One value for each picture, by sample as the first or only level of its index; at least one.
        bounds: What no value can leave.
        paired: Whether they are differences.
        scenes: The same values ``[photographs, scenes]`` where they speak of scenes in general.
        each_once: Whether each photograph counts with the mean of its scenes.
    """
    grouped = by_sample(values)
    value, n = float(values.mean()), len(grouped)
    once = grouped.shape[1] == 1

    def made(interval: Interval, kind: IntervalKind, of_scenes: int = 0) -> Estimate:
        return Estimate(value, interval.low, interval.high, n, kind, of_scenes)

    if scenes is not None and _are_shared(scenes):
        table = scenes.to_numpy(dtype=np.float64)
        weights = 1 / np.repeat((~np.isnan(table)).sum(axis=1, keepdims=True), table.shape[1], axis=1)
        interval = two_way_bootstrap(table, weights=weights if each_once else None, bounds=bounds)
        if differing(sums_of(grouped)) < TELLING:
            # Few photographs differ, if any: that other scenes do as little is then no better known than their share.
            least = score(value, n, bounds)
            interval = Interval(min(interval.low, least.low), max(interval.high, least.high))
        return made(interval, "two-way bootstrap", table.shape[1])
    if once and not paired and bounds == (0.0, 1.0) and np.isin(grouped, (0.0, 1.0)).all():
        return made(wilson(int(grouped.sum()), n), "wilson")
    if once and paired and bounds == (-1.0, 1.0) and np.isin(grouped, (-1.0, 0.0, 1.0)).all():
        return made(paired_score(int((grouped > 0).sum()), int((grouped < 0).sum()), n), "paired score")
    kind: IntervalKind = "paired bootstrap" if paired else "cluster bootstrap"
    return made(cluster_bootstrap(grouped, bounds=bounds), kind if can_be_resampled(grouped, bounds) else "score")


def _are_shared(scenes: pd.DataFrame) -> bool:
    """Whether scenes recur, so that what a scene does is told apart from what a photograph does."""
    return bool(scenes.shape[1] >= FEWEST_SCENES and scenes.count().sum() >= 2 * scenes.shape[1])
