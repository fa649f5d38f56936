"""Intervals against numbers known by hand; what they promise is held by ``test_coverage.py``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import cluster_bootstrap, wilson
from bgbias_core.evaluation.intervals import (
    RARE,
    can_be_resampled,
    effective_answers,
    score,
    sums_of,
    two_way_bootstrap,
)
from bgbias_core.evaluation.resampling import student


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


def test_few_that_differ_have_the_score_interval() -> None:
    """Photographs that flip on all nine scenes or on none: as though each were seen once."""
    values = np.zeros((100, 9))
    values[: RARE - 1] = 1
    assert cluster_bootstrap(values) == wilson(RARE - 1, 100)
    assert not can_be_resampled(values)
    values[RARE - 1] = 1
    assert can_be_resampled(values)
    assert can_be_resampled(values[RARE - 3 :], (-1.0, 1.0)), "differences need but three"


def test_what_photographs_are_worth_lies_between_their_number_and_their_pictures() -> None:
    alike = np.zeros((100, 9))
    alike[:5] = 1
    assert effective_answers(sums_of(alike)) == pytest.approx(100)
    apart = np.zeros((100, 9))
    apart[np.arange(45) * 2, np.arange(45) % 9] = 1  # as evenly as it goes: nothing agrees within a photograph
    # One imagined photograph that agrees, beside the 45 that do not, makes the correlation 1 / 46.
    assert effective_answers(sums_of(apart)) == pytest.approx(900 / (1 + 8 / 46))
    half = alike.copy()
    half[:5, 4:] = 0
    assert 100 < effective_answers(sums_of(half)) < 900


def test_one_photograph_is_one_answer() -> None:
    values = np.array([[0.0, 1.0, 1.0]])
    assert effective_answers(sums_of(values)) == 1
    assert cluster_bootstrap(values) == score(2 / 3, 1)


def test_photographs_with_unlike_numbers_of_pictures_are_worth_something_too() -> None:
    values = np.zeros((100, 9))
    values[:5, :4] = 1
    values[50:, 5:] = np.nan
    assert 100 < effective_answers(sums_of(values)) < np.isfinite(values).sum()


def test_the_score_interval_of_a_difference_mirrors() -> None:
    interval, mirrored = score(0.5, 20, (-1.0, 1.0)), score(-0.5, 20, (-1.0, 1.0))
    assert (interval.low, interval.high) == pytest.approx((-mirrored.high, -mirrored.low))
    share = wilson(15, 20)  # half of the way up from the middle
    assert (interval.low, interval.high) == pytest.approx((2 * share.low - 1, 2 * share.high - 1))


def test_a_skewed_mean_has_a_skewed_interval() -> None:
    """The exact interval of an exponential mean from 50 draws reaches further up than down."""
    values = np.random.default_rng(3).exponential(size=50)[:, None]
    interval = cluster_bootstrap(values, bounds=(0.0, np.inf))
    mean = values.mean()
    assert interval.high - mean > 1.15 * (mean - interval.low)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (8, 2.306), (30, 2.042), (1000, 1.962)]
)
def test_students_quantiles(freedom, quantile) -> None:
    assert student(freedom) == pytest.approx(quantile, abs=1e-3)


def test_two_ways_where_scenes_do_nothing_is_not_narrower_than_one() -> None:
    values = np.repeat(np.arange(100) < 30, 9).reshape(100, 9).astype(float)
    one, two = cluster_bootstrap(values), two_way_bootstrap(values)
    assert two.low <= one.low
    assert one.high <= two.high


def test_two_ways_is_wide_where_scenes_decide() -> None:
    """Four of nine scenes turn every photograph: of photographs alone that would be a certainty."""
    values = np.tile(np.arange(9) < 4, (100, 1)).astype(float)
    interval = two_way_bootstrap(values)
    # Student's interval of nine scenes is 4/9 ± 2.306 · √(20/81 / 8) = 0.04 to 0.85; resamples are whole ninths.
    assert (interval.low, interval.high) == pytest.approx((0.04, 0.85), abs=0.08)


def test_weights_let_each_photograph_count_once() -> None:
    values = np.array([[1.0, np.nan, np.nan], [0.0, 0.0, 0.0]] * 40)
    weights = np.array([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]] * 40)
    once, pairs = two_way_bootstrap(values, weights=weights), two_way_bootstrap(values)
    assert pairs.high < 1
    assert once.low < 0.5 < once.high


def test_nothing_to_compute_from_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing to compute"):
        cluster_bootstrap(np.full((3, 2), np.nan))
    with pytest.raises(ConfigError, match="photographs, repeats"):
        cluster_bootstrap(np.zeros(3))
    with pytest.raises(ConfigError, match="nothing to compute"):
        two_way_bootstrap(np.full((3, 2), np.nan))
