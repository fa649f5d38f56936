"""Pairs: Tango's interval against its definition solved by brute force, McNemar's test against the binomial's sum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import paired_difference, wilson
from bgbias_core.evaluation.paired import mcnemar, paired_score

PAIRS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60)).filter(lambda counts: sum(counts) > 0)


def by_brute_force(first: int, second: int, n: int) -> tuple[float, float]:
    """Every difference that is not rejected: its likeliest discordant shares are found on a grid, not by a formula."""
    kept = []
    for difference in np.linspace(-0.99, 0.99, 397):
        # second share q, first share q + difference, concordant 1 − 2 q − difference
        low, high = max(0.0, -difference), (1 - difference) / 2
        q = np.linspace(low, high, 4001)[1:-1]
        likelihood = (
            first * np.log(q + difference + 1e-300)
            + second * np.log(q)
            + (n - first - second) * np.log1p(-2 * q - difference)
        )
        best = q[likelihood.argmax()]
        error = math.sqrt((2 * best + difference - difference**2) / n)
        if abs((first - second) / n - difference) <= 1.959964 * error:
            kept.append(difference)
    return min(kept), max(kept)


@pytest.mark.parametrize(("first", "second", "n"), [(12, 2, 50), (5, 5, 40), (20, 1, 200), (3, 9, 30)])
def test_tango_by_brute_force(first, second, n) -> None:
    interval = paired_score(first, second, n)
    assert (interval.low, interval.high) == pytest.approx(by_brute_force(first, second, n), abs=0.006)


def test_where_nothing_differs_it_is_as_wide_as_wilsons() -> None:
    interval = paired_score(0, 0, 20)
    assert (-interval.low, interval.high) == pytest.approx((wilson(0, 20).high, wilson(0, 20).high))


@given(PAIRS)
def test_it_holds_the_difference_mirrors_and_agrees_with_mcnemars_score(counts) -> None:
    first, second, same = counts
    n = first + second + same
    interval, mirrored = paired_score(first, second, n), paired_score(second, first, n)
    assert -1 <= interval.low <= (first - second) / n <= interval.high <= 1
    assert (interval.low, interval.high) == pytest.approx((-mirrored.high, -mirrored.low))
    if first + second:
        statistic = abs(first - second) / math.sqrt(first + second)
        if abs(statistic - 1.96) > 0.01:
            assert (statistic > 1.96) == (interval.low > 1e-9 or interval.high < -1e-9)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomials_two_tails(first, second) -> None:
    n = first + second
    tail = sum(math.comb(n, k) for k in range(min(first, second) + 1)) / 2**n
    assert mcnemar(first, second) == pytest.approx(min(1, 2 * tail)) == mcnemar(second, first)


def test_mcnemar_by_hand_and_of_many() -> None:
    assert mcnemar(0, 6) == 2 / 64
    assert mcnemar(1, 9) == pytest.approx(2 * 11 / 1024)
    assert mcnemar(0, 0) == 1
    assert 0 < mcnemar(0, 1000) < 1e-300
    assert mcnemar(3000, 2900) == pytest.approx(math.erfc(99 / math.sqrt(2 * 5900)), rel=0.01)


def test_a_pair_knows_more_than_two_groups() -> None:
    """15 of 200 birds are lost and none won: the gap is 7.5 points, and clearly above zero."""
    first, second = np.ones(200, dtype=bool), np.arange(200) >= 15
    interval = paired_difference(first, second)
    assert interval == paired_score(15, 0, 200)
    assert (interval.low, interval.high) == pytest.approx((0.075 - 0.029, 0.075 + 0.045), abs=0.001)


def test_differences_of_shares_are_resampled() -> None:
    random = np.random.default_rng(0)
    first, second = random.random(400), random.random(400)
    interval = paired_difference(first, second)
    half = 1.96 * (first - second).std() / 20
    mean = (first - second).mean()
    assert (interval.low, interval.high) == pytest.approx((mean - half, mean + half), abs=0.004)


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(ConfigError, match="one length"):
        paired_difference(np.zeros(3), np.zeros(2))
    with pytest.raises(ConfigError, match="Of 5 photographs 4 \\+ 2 cannot differ"):
        paired_score(4, 2, 5)
    with pytest.raises(ConfigError, match="nothing to compute"):
        paired_difference(np.zeros(0), np.zeros(0))
