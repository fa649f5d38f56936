"""What every bootstrap is made of: how often each photograph is drawn, and quantiles of what comes out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4000
Z = NormalDist().inv_cdf(0.975)
# Keeps the table of resampled photographs at a few megabytes however many there are.
_AT_ONCE = 500
_FEW = 2000  # photographs whose resamples are kept: drawing them costs more than all that is done with them

Floats = NDArray[np.float64]


def student(freedom: int) -> float:
    """The 97.5% quantile of Student's t.

    Args:
        freedom: Degrees of freedom, at least 1.

    Reference: Hill, "Algorithm 396: Student's t-quantiles", Communications of the ACM 1970.

    >>> round(student(4), 2), round(student(30), 3)
    (2.78, 2.042)
    """
    if freedom == 1:
        return math.tan(math.pi * 0.475)
    if freedom == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    # Cornish and Fisher's expansion about the normal quantile.
    powers: list[float] = [Z**power for power in range(10)]
    terms = (
        (powers[3] + powers[1]) / 4,
        (5 * powers[5] + 16 * powers[3] + 3 * powers[1]) / 96,
        (3 * powers[7] + 19 * powers[5] + 17 * powers[3] - 15 * powers[1]) / 384,
        (79 * powers[9] + 776 * powers[7] + 1482 * powers[5] - 1920 * powers[3] - 945 * powers[1]) / 92160,
    )
    return Z + sum(term / float(freedom) ** order for order, term in enumerate(terms, start=1))


def quantiles(ordered: Floats, levels: list[float]) -> Floats:
    """One quantile of each row.

    Args:
        ordered: ``[rows, resamples]``, each row in ascending order.
        levels: The share of each row that lies below.
    """
    last = ordered.shape[1] - 1
    places = np.clip(np.array(levels) * (last + 2) - 1, 0, last)
    before = np.floor(places).astype(int)
    part, row = places - before, np.arange(len(ordered))
    found: Floats = ordered[row, before] * (1 - part) + ordered[row, np.minimum(before + 1, last)] * part
    return found


def draw_weights(clusters: int, seed: int) -> Iterable[NDArray[np.uint16]]:
    """How often each photograph is drawn in each resample, some resamples at once: ``[resamples, photographs]``.

    Args:
        clusters: Number of photographs.
        seed: Seed of the drawing.
    """
    return _kept(clusters, seed) if clusters <= _FEW else _draw(clusters, seed)


def _draw(clusters: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    random = np.random.default_rng(seed)
    rows = np.arange(_AT_ONCE)[:, None] * clusters
    for _ in range(0, RESAMPLES, _AT_ONCE):
        # Counted from draws: five times faster than numpy's multinomial.
        drawn = rows + random.integers(clusters, size=(_AT_ONCE, clusters))
        yield np.bincount(drawn.ravel(), minlength=rows.size * clusters).reshape(_AT_ONCE, -1).astype(np.uint16)


@lru_cache(maxsize=6)
def _kept(clusters: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    return tuple(_draw(clusters, seed))
