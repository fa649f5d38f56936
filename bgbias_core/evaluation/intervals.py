"""95% intervals: Wilson's for a share, and bootstraps that resample whole photographs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError

RESAMPLES = 4000
_Z = 1.959963984540054
# Keeps the table of resampled photographs at a few megabytes however many there are.
_AT_ONCE = 500
_FEW = 2000  # photographs whose resamples are kept: drawing them costs more than all that is done with them


@dataclass(frozen=True)
class Interval:
    """A 95% interval."""

    low: float
    high: float


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a share.

    Args:
        successes: How many of ``n`` hold.
        n: How many were looked at; of none nothing is known, which is [0, 1].

    Raises:
        ConfigError: Not 0 ≤ successes ≤ n.

    Reference: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.

    >>> interval = wilson(8, 10)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.49, 0.943)
    """
    if not 0 <= successes <= n:
        raise ConfigError(f"A share needs 0 ≤ successes ≤ n, got {successes} of {n}.")
    if n == 0:
        return Interval(0.0, 1.0)
    share = successes / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # At the ends the two terms are equal, but for rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low, high)


def cluster_bootstrap(values: NDArray[Any], seed: int = 0, *, bounds: tuple[float, float] = (0.0, 1.0)) -> Interval:
    """Percentile interval of the mean, resampling photographs with everything that was measured on them.

    Where every photograph has the same mean, no resample differs and the percentiles would claim certainty; the
    interval then reaches as far as Wilson's does for an event seen in none of the photographs.

    Args:
        values: ``[photographs, repeats]``, each within ``bounds``; NaN where there is none.
        seed: Seed of the resampling.
        bounds: What no value can leave, and so no interval either.

    Raises:
        ConfigError: There is nothing to average.

    Reference: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, §13.3; Davison & Hinkley 1997, §3.8.
    """
    low, high = _bootstrap(np.asarray(values, dtype=np.float64), seed)
    return Interval(max(low, bounds[0]), min(high, bounds[1]))


def paired_difference(first: NDArray[Any], second: NDArray[Any], seed: int = 0) -> Interval:
    """Percentile interval of ``mean(first) − mean(second)`` over the same photographs.

    Args:
        first: ``[photographs]`` in [0, 1].
        second: ``[photographs]`` in [0, 1], of the same photographs in the same order.
        seed: Seed of the resampling.

    Raises:
        ConfigError: The two differ in length, or are empty.
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ConfigError(f"Pairs need two lists of one length, got {list(first.shape)} and {list(second.shape)}.")
    return cluster_bootstrap(
        first.astype(np.float64)[:, None] - second.astype(np.float64)[:, None], seed, bounds=(-1.0, 1.0)
    )


def _bootstrap(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    if values.ndim != 2:
        raise ConfigError(f"A bootstrap needs values [photographs, repeats], got shape {list(values.shape)}.")
    measured = ~np.isnan(values)
    values, measured = values[measured.any(axis=1)], measured[measured.any(axis=1)]
    photographs = len(values)
    if photographs == 0:
        raise ConfigError("There is nothing to compute an interval from; measure at least one photograph.")
    sums, counts = np.where(measured, values, 0).sum(axis=1), measured.sum(axis=1)
    means = sums / counts
    if np.ptp(means) == 0:
        reach = wilson(0, photographs).high
        return means[0] - reach, means[0] + reach
    drawn = _kept_weights(photographs, seed) if photographs <= _FEW else _weights(photographs, seed)
    pair = np.stack([sums, counts], axis=1)
    totals = np.concatenate([weights.astype(np.float64) @ pair for weights in drawn])
    low, high = np.percentile(totals[:, 0] / totals[:, 1], [2.5, 97.5])
    return float(low), float(high)


def _weights(photographs: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    """How often each photograph is drawn in each resample, some resamples at once: ``[resamples, photographs]``."""
    random = np.random.default_rng(seed)
    for _ in range(0, RESAMPLES, _AT_ONCE):
        drawn = random.multinomial(photographs, np.full(photographs, 1 / photographs), size=_AT_ONCE)
        yield drawn.astype(np.uint16)


@lru_cache(maxsize=4)
def _kept_weights(photographs: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    return tuple(_weights(photographs, seed))
