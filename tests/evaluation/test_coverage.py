"""What 95% intervals promise: of draws from a known truth 93 to 97 in 100 hold it, exactly or by 2,000 of them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

from bgbias_core.evaluation import Interval, wilson
from bgbias_core.evaluation.intervals import (
    RARE,
    bootstrap,
    cluster_bootstrap,
    differing,
    effective_answers,
    mean_of_sums,
    score,
    two_way_bootstrap,
)
from bgbias_core.evaluation.paired import paired_score

DRAWS = 2000
SCENES = 9
AT_ONCE = 250


def covered(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([interval.low <= truth <= interval.high for interval in intervals]))


@pytest.mark.parametrize("n", [100, 101, 137, 300, 1500])
def test_accuracy(n) -> None:
    """From the binomial distribution itself, at every share: 2,000 draws would scatter half a point around it."""
    shares, right = np.linspace(0.1, 0.9, 401)[:, None], np.arange(n + 1)
    ways = np.array([math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in right])
    chance = np.exp(ways + right * np.log(shares) + (n - right) * np.log(1 - shares))
    made = [wilson(int(k), n) for k in right]
    holds = (np.array([one.low for one in made]) <= shares) & (shares <= np.array([one.high for one in made]))
    found = (chance * holds).sum(axis=1)
    assert found.min() >= 0.93
    assert found.max() <= 0.97


@pytest.mark.parametrize("n", [200, 500, 1500])
@pytest.mark.parametrize("discordant", [20, 60, 0.4])
@pytest.mark.parametrize("lost", [0.5, 0.75, 0.9, 1.0])  # share of them that only the first has right
def test_gap(n, discordant, lost) -> None:
    share = discordant if discordant < 1 else discordant / n
    random = np.random.default_rng(1)
    counts = random.multinomial(n, [share * lost, share * (1 - lost), 1 - share], size=DRAWS)
    made = lru_cache(maxsize=None)(paired_score)
    found = covered([made(int(first), int(second), n) for first, second, _ in counts], share * (2 * lost - 1))
    assert 0.93 <= found <= 0.97


def flips(n: int, rate: float, correlation: float, random: np.random.Generator) -> np.ndarray:
    """How often each photograph flips on nine scenes, ``[draws, photographs]``; beta-binomial with that ICC."""
    if correlation == 0:
        return random.binomial(SCENES, rate, size=(DRAWS, n))
    odds = (1 - correlation) / correlation
    return random.binomial(SCENES, random.beta(rate * odds, (1 - rate) * odds, size=(DRAWS, n)))


def intervals_of(counts: np.ndarray) -> list[Interval]:
    """What ``cluster_bootstrap`` gives for each draw, many at once; a test below holds the two together."""
    made: list[Interval] = []
    for some in (counts[start : start + AT_ONCE] for start in range(0, len(counts), AT_ONCE)):
        sums = np.stack([some, np.full_like(some, SCENES)], axis=-1).astype(np.float64)
        resampled = bootstrap(sums, mean_of_sums)
        for each, interval in zip(sums, resampled, strict=True):
            mean = float(each[:, 0].sum() / each[:, 1].sum())
            made.append(score(mean, effective_answers(each)) if differing(each) < RARE else interval)
    return made


@pytest.mark.parametrize(
    ("n", "rate", "correlation"),
    [
        *((100, rate, r) for rate in (0.05, 0.1, 0.3, 0.9) for r in (0, 0.1, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)),
        *((250, rate, r) for rate in (0.05, 0.5) for r in (0.3, 0.95)),
    ],
)
def test_clustered_flip_rate(n, rate, correlation) -> None:
    counts = flips(n, rate, correlation, np.random.default_rng(3))
    assert 0.93 <= covered(intervals_of(counts), rate) <= 0.97


def test_many_at_once_are_what_each_is_alone() -> None:
    counts = flips(100, 0.05, 0.6, np.random.default_rng(4))[:20]
    counts[0] = 0  # nothing differs
    alone = [cluster_bootstrap((np.arange(SCENES) < row[:, None]).astype(float)) for row in counts]
    assert alone == intervals_of(counts)


@pytest.mark.parametrize("n", [20, 50])
@pytest.mark.parametrize(("rate", "correlation"), [(0.05, 0.3), (0.05, 0.8), (0.5, 0), (0.9, 0.6)])
def test_of_fewer_photographs_an_interval_is_rather_too_wide(n, rate, correlation) -> None:
    counts = flips(n, rate, correlation, np.random.default_rng(5))
    assert covered(intervals_of(counts), rate) >= 0.93


def test_for_scenes_in_general_photographs_alone_would_promise_too_much() -> None:
    """Nine scenes of many, each with its own pull: what photographs alone say of scenes in general is mostly wrong."""
    random = np.random.default_rng(6)
    every = random.normal(size=4000)
    truth = float((1 / (1 + np.exp(-(random.normal(size=(4000, 1)) + every)))).mean())
    two_way, alone = [], []
    for _ in range(200):
        pull = random.normal(size=(100, 1)) + random.choice(every, SCENES)
        values = (random.random((100, SCENES)) < 1 / (1 + np.exp(-pull))).astype(float)
        two_way.append(two_way_bootstrap(values))
        alone.append(cluster_bootstrap(values))
    assert covered(two_way, truth) >= 0.93
    assert covered(alone, truth) < 0.7
