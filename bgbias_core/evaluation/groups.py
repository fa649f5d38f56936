"""Accuracy by group, a class on one group of places: the worst, and three averages that go by one name elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bgbias_core.data import Entry
from bgbias_core.evaluation.estimates import Estimate
from bgbias_core.evaluation.intervals import wilson
from bgbias_core.evaluation.parts import ADJUSTED_AVERAGE, GROUP_AVERAGE, PLAIN_AVERAGE, WORST_GROUP, Part

SMALLEST_GROUP = 20
"""Samples below which a group's accuracy is too uncertain to be called the worst."""
TRAIN_GROUPS = "train_groups"
"""Parameter of a header's data: size of each group of the training split, by class and place group with a | between."""

Groups = dict[tuple[str, str], tuple[int, int]]
"""By (label, place group): how many are right, and of how many."""


def train_groups(entries: Sequence[Entry]) -> dict[str, int]:
    """How large each group of the training split is, as :data:`TRAIN_GROUPS` has it; empty without place groups."""
    trained = (entry for entry in entries if entry.split == "train" and entry.place_group is not None)
    return dict(sorted(Counter(f"{entry.label}|{entry.place_group}" for entry in trained).items()))


def group_condition(part: Part) -> str:
    """The condition whose places are drawn independently of the class as far as the data has one."""
    return "OOD" if part.header.data.kind == "aviary" else "original"


def group_counts(part: Part) -> Groups:
    """How many of each group that is there are right; what has no place group is left out."""
    rows = part.where(group_condition(part))
    known = rows[rows["right"].notna() & rows["place_group"].notna()]
    right = known["right"].astype(bool).groupby([known["label"], known["place_group"]], observed=True)
    counts = zip(right.sum().items(), right.count(), strict=True)
    return {(str(key[0]), str(key[1])): (int(hits), int(n)) for (key, hits), n in counts}


def measure_groups(part: Part, measure: str) -> tuple[Estimate, str] | str:
    """One of the measures of groups with its note, or why it cannot be had.

    Args:
        part: Whose.
        measure: One of :data:`~bgbias_core.evaluation.parts.GROUP_MEASURES`.

    Reference: worst group: Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts", ICLR 2020;
        train-weighted: Koh et al., "WILDS: A Benchmark of in-the-Wild Distribution Shifts", ICML 2021, ``adj_acc_avg``.
    """
    groups = group_counts(part)
    if not groups:
        return "no sample has a class and a place group"
    ways: dict[str, Callable[[], tuple[Estimate, str] | str]] = {
        WORST_GROUP: lambda: _worst(groups),
        PLAIN_AVERAGE: lambda: _plain(groups),
        GROUP_AVERAGE: lambda: (
            _weighted(groups, [1 / len(groups)] * len(groups)),
            f"{len(groups)} groups count alike",
        ),
        ADJUSTED_AVERAGE: lambda: _adjusted(groups, part.header.data.parameters.get(TRAIN_GROUPS)),
    }
    return ways[measure]()


def _worst(groups: Groups) -> tuple[Estimate, str] | str:
    large = {group: counts for group, counts in groups.items() if counts[1] >= SMALLEST_GROUP}
    if not large:
        return f"no group of one class and one place group has {SMALLEST_GROUP} samples"
    worst, (right, n) = min(large.items(), key=lambda one: one[1][0] / one[1][1])
    interval = wilson(right, n)
    among = f"{len(large)} groups with at least {SMALLEST_GROUP} samples"
    alike = len(large) > 1 and len({hits / of for hits, of in large.values()}) == 1
    note = f"all {among} are alike" if alike else f"{worst[0]} at {worst[1]}, chosen as the lowest of {among}"
    return Estimate(right / n, interval.low, interval.high, n, "wilson"), note


def _plain(groups: Groups) -> tuple[Estimate, str]:
    right, n = (sum(counts) for counts in zip(*groups.values(), strict=True))
    interval = wilson(right, n)
    return Estimate(right / n, interval.low, interval.high, n, "wilson"), "groups count by their size in this split"


def _adjusted(groups: Groups, train: Mapping[str, int] | None) -> tuple[Estimate, str] | str:
    if not train:
        return "the evaluation does not say how large each group of the training split is"
    sizes = {group: int(train.get("|".join(group), 0)) for group in groups}
    missing = [name for name, size in train.items() if size and tuple(name.split("|", 1)) not in groups]
    if missing:
        told = ", ".join(name.replace("|", " at ") for name in missing)
        return f"no sample of {told} was evaluated, which counts in the training split"
    weights = [size / sum(sizes.values()) for size in sizes.values()]
    return _weighted(groups, weights), f"{len(groups)} groups count by their size in training"


def _weighted(groups: Groups, weights: Sequence[float]) -> Estimate:
    """A weighted mean of shares; each group's Wilson interval, and their distances put together as sides of a box.

    Reference: Zou & Donner, "Construction of confidence limits about the difference between two rates", Statistics in
        Medicine 2008: the square-and-add rule, here of independent shares.
    """
    value = below = above = 0.0
    for weight, (right, n) in zip(weights, groups.values(), strict=True):
        interval = wilson(right, n)
        value += weight * right / n
        below += (weight * (right / n - interval.low)) ** 2
        above += (weight * (interval.high - right / n)) ** 2
    low, high = max(0.0, value - math.sqrt(below)), min(1.0, value + math.sqrt(above))
    return Estimate(value, low, high, sum(n for _, n in groups.values()), "stratified wilson")
