"""Intervals against numbers known by hand, and against what they promise: 95% of them hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import cluster_bootstrap, paired_difference, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # From the closed form with z = 1.959964; 0 of n ends at z² / (n + z²).
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (0, 0, 0, 1)],
)
def test_wilson_by_hand(successes, n, low, high) -> None:
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(pair) -> None:
    successes, n = pair
    interval, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= interval.low <= successes / n <= interval.high <= 1
    assert (interval.low, interval.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3)])
def test_wilson_refuses_what_is_no_share(successes, n) -> None:
    with pytest.raises(ConfigError, match="0 ≤ successes ≤ n"):
        wilson(successes, n)


def test_wilson_covers() -> None:
    random = np.random.default_rng(0)
    shares = random.random(2000)  # of many shares, because counts of one are too coarse to hold it just 95 times in 100
    intervals = [wilson(int(successes), 60) for successes in random.binomial(60, shares)]
    held = [interval.low <= share <= interval.high for interval, share in zip(intervals, shares, strict=True)]
    assert 0.93 <= np.mean(held) <= 0.97


def test_cluster_bootstrap_covers_where_repeats_agree() -> None:
    """Each photograph flips on nearly all scenes or on nearly none: 400 pairs are worth about 50 photographs."""
    random = np.random.default_rng(0)
    held = []
    for seed in range(150):
        leaning = random.beta(0.3, 0.3, size=(50, 1))  # mean 0.5
        values = random.random((50, 8)) < leaning
        interval = cluster_bootstrap(values, seed)
        held.append(interval.low <= 0.5 <= interval.high)
    assert 0.88 <= np.mean(held) <= 0.99


def test_cluster_bootstrap_widens_with_agreement_within_photographs() -> None:
    random = np.random.default_rng(1)
    independent = (random.random((60, 8)) < 0.5).astype(float)
    agreeing = np.repeat(independent[:, :1], 8, axis=1)
    wide, narrow = cluster_bootstrap(agreeing), cluster_bootstrap(independent)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_cluster_bootstrap_of_one_repeat_agrees_with_the_normal_interval() -> None:
    values = np.repeat([0.0, 1.0], [120, 280])[:, None]
    interval = cluster_bootstrap(values)
    half = 1.96 * np.sqrt(0.7 * 0.3 / 400)
    assert (interval.low, interval.high) == pytest.approx((0.7 - half, 0.7 + half), abs=0.01)


def test_missing_repeats_are_left_out_and_not_counted_as_nothing() -> None:
    values = np.array([[1.0, np.nan], [1.0, 1.0], [0.0, np.nan], [np.nan, np.nan]] * 30)
    interval = cluster_bootstrap(values)
    assert interval.low < 0.75 < interval.high
    assert interval == cluster_bootstrap(values[(np.arange(120) % 4) != 3])


@pytest.mark.parametrize(("constant", "low", "high"), [(0.0, 0.0, 0.2775), (1.0, 0.7225, 1.0)])
def test_seeing_no_difference_is_no_certainty(constant, low, high) -> None:
    interval = cluster_bootstrap(np.full((10, 8), constant))
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random((20, 3))
    assert cluster_bootstrap(values, 1) == cluster_bootstrap(values, 1) != cluster_bootstrap(values, 2)


def test_a_pair_knows_more_than_two_groups() -> None:
    """15 of 200 birds are lost and none won: the gap is 7.5 points, and clearly above zero."""
    first, second = np.ones(200, dtype=bool), np.arange(200) >= 15
    interval = paired_difference(first, second)
    assert (interval.low, interval.high) == pytest.approx((0.075 - 0.0365, 0.075 + 0.0365), abs=0.006)
    swapped = paired_difference(second, first)
    assert (swapped.low, swapped.high) == pytest.approx((-interval.high, -interval.low), abs=0.006)


def test_nothing_to_compute_from_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing to compute"):
        cluster_bootstrap(np.full((3, 2), np.nan))
    with pytest.raises(ConfigError, match="photographs, repeats"):
        cluster_bootstrap(np.zeros(3))
    with pytest.raises(ConfigError, match="one length"):
        paired_difference(np.zeros(3), np.zeros(2))
