"""Two answers to the same photographs: the interval of their difference, and the exact test that there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap
from bgbias_core.evaluation.resampling import Z


def paired_score(first_only: int, second_only: int, n: int) -> Interval:
    """Tango's score interval of the difference of two shares of the same photographs.

    Args:
        first_only: For how many only the first holds.
        second_only: For how many only the second holds.
        n: How many there are, those included where both or neither holds.

    Raises:
        ConfigError: More differ than there are, or there is none.

    Reference: Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
        design", Statistics in Medicine 1998, eq. 7 and 8.

    >>> interval = paired_score(12, 1, 50)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.094, 0.359)
    """
    if not (first_only >= 0 and second_only >= 0 and 0 < n >= first_only + second_only):
        raise ConfigError(
            f"Of {n} photographs {first_only} + {second_only} cannot differ; give counts that are at most as many."
        )
    return Interval(-_highest(second_only, first_only, n), _highest(first_only, second_only, n))


def paired_difference(first: NDArray[Any], second: NDArray[Any], seed: int = 0) -> Interval:
    """Interval of ``mean(first) − mean(second)`` over the same photographs.

    Where both are right or wrong on each photograph it is :func:`paired_score`'s, else a bootstrap over photographs.

    Args:
        first: ``[photographs]`` in [0, 1].
        second: ``[photographs]`` in [0, 1], of the same photographs in the same order.
        seed: Seed of the resampling.

    Raises:
        ConfigError: The two differ in length, or are empty.
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ConfigError(f"Pairs need two lists of one length, got {list(first.shape)} and {list(second.shape)}.")
    differences = first.astype(np.float64) - second.astype(np.float64)
    if len(differences) and np.isin(differences, (-1.0, 0.0, 1.0)).all():
        return paired_score(int((differences > 0).sum()), int((differences < 0).sum()), len(differences))
    return cluster_bootstrap(differences[:, None], seed, bounds=(-1.0, 1.0))


def mcnemar(first_only: int, second_only: int) -> float:
    """McNemar's exact two-sided p-value: how often so many or more of those that differ would differ in one direction.

    Args:
        first_only: For how many only the first holds.
        second_only: For how many only the second holds.

    Reference: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
        Psychometrika 1947, with the binomial distribution in place of its limit.

    >>> mcnemar(0, 6)
    0.03125
    """
    n, fewer = first_only + second_only, min(first_only, second_only)
    if n == 0:
        return 1.0
    # In whole numbers: 2 to the n leaves the range of floats at n = 1,024.
    ways = total = 1
    for drawn in range(fewer):
        ways = ways * (n - drawn) // (drawn + 1)
        total += ways
    return min(1.0, 2 * total / (1 << n))


def _highest(first_only: int, second_only: int, n: int) -> float:
    """The largest difference that lies within 1.96 standard errors of the one that was seen, as it itself has them."""
    low, high = (first_only - second_only) / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _score_of(middle, first_only, second_only, n) >= -Z:
            low = middle
        else:
            high = middle
    return low


def _score_of(difference: float, first_only: int, second_only: int, n: int) -> float:
    linear = -first_only - second_only + (2 * n - first_only + second_only) * difference
    constant = -second_only * difference * (1 - difference)
    second_share = (math.sqrt(max(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * second_share + difference * (1 - difference))
    return (first_only - second_only - n * difference) / math.sqrt(max(variance, 1e-300))
