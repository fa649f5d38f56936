"""What an evaluation shows: for each checkpoint and mask source its measures, or why one is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bgbias_core.evaluation.headers import command_of
from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap, wilson
from bgbias_core.evaluation.parts import (
    ACCURACY,
    ACCURACY_ID,
    ACCURACY_OOD,
    AVIARY_MEASURES,
    BG_GAP,
    BOUNDS,
    DIFFERENCES,
    FLIPS,
    GAP,
    LOST,
    NEED_CLASSES,
    PHOTOGRAPH_MEASURES,
    SHAPLEY,
    WHERE,
    WORST_GROUP,
    ZERO_BY_IDENTITY,
    Part,
    by_sample,
    parts,
    per_pair,
)
from bgbias_core.evaluation.results import Evaluation
from bgbias_core.models import Metric

IntervalKind = Literal["wilson", "cluster bootstrap", "paired bootstrap"]

SMALLEST_GROUP = 20
"""Samples below which a group's accuracy is too uncertain to be called the worst."""


@dataclass(frozen=True)
class Measured:
    """One measured number with its 95% interval.

    Attributes:
        measure: What was measured ("accuracy", "flip rate").
        condition: On which condition ("ID", "all places", "foreign scene").
        mask_source: What the checkpoint looked at: ``none``, ``given`` or ``predicted``.
        masker: Name of the masker where the mask is predicted.
        value: A share in [0, 1], or a difference of shares in [−1, 1].
        low: Lower end of the 95% interval.
        high: Upper end.
        n: Number of samples, where one may count several times.
        interval: How the interval was computed.
        note: What else must be known to read the number.
    """

    measure: str
    condition: str
    mask_source: str
    masker: str
    value: float
    low: float
    high: float
    n: int
    interval: IntervalKind
    note: str = ""


@dataclass(frozen=True)
class SummaryRow:
    """What one checkpoint with one mask source achieved.

    Attributes:
        checkpoint: Its name.
        title: As people read it.
        strategy: Its strategy.
        mask_source: What it looked at.
        masker: Name of the masker where the mask is predicted.
        lifted_by: Which mask cut the objects out; empty where nothing was cut.
        n: Number of samples.
        measures: Its measures by name.
        absent: Why a measure is not there, by name.
    """

    checkpoint: str
    title: str
    strategy: str
    mask_source: str
    masker: str
    lifted_by: str
    n: int
    measures: Mapping[str, Measured] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


def summarise(evaluation: Evaluation) -> list[SummaryRow]:
    """Every measure of an evaluation, one row for each checkpoint, mask source and mask that cut objects out.

    - accuracy: share of pictures that are named right, Wilson's interval; where a sample is shown several times, a
      bootstrap over samples. No object found counts as wrong.
    - ID–OOD gap: accuracy ID − accuracy OOD on the same samples, paired bootstrap.
    - BG-Gap: accuracy Mixed-Same − accuracy Mixed-Rand on the same samples, paired bootstrap; a sample that is shown
      several times counts with its means.
    - foreign-scene drop: accuracy on the photographs − accuracy on foreign scenes, likewise.
    - flip rate: share of (sample, scene) pairs whose name differs from the same sample's reference; pairs without an
      object before or after are left out; bootstrap over samples.
    - worst-group accuracy: the lowest accuracy (on Aviary: OOD) of any (label, place group) with at least
      ``SMALLEST_GROUP`` samples, with that group's own interval.
    - probability lost: mean of what the reference's name lost in probability, over the same pairs.
    - Shapley background share: mean of |φ_bg| / (|φ_bg| + |φ_fg|) of the name given to each picture, where defined.

    Reference: Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts", ICLR 2020 (worst group);
        Xiao et al., "Noise or Signal: The Role of Image Backgrounds in Object Recognition", ICLR 2021 (BG-Gap);
        Shapley, "A value for n-person games", 1953.
    """
    return [_summary(part) for part in parts(evaluation)]


def card_metrics(evaluation: Evaluation, checkpoint: str) -> tuple[Metric, ...]:
    """The figures of one checkpoint that its model card carries.

    Args:
        evaluation: An evaluation on Aviary or on photographs.
        checkpoint: Name of one of its checkpoints.

    Raises:
        UnknownNameError: The evaluation holds no such checkpoint.
    """
    header = evaluation.header
    header.checkpoint(checkpoint)
    command = command_of(header.data.kind, [checkpoint], header.data.parameters["options"])
    return tuple(
        Metric.model_validate(
            {
                "measure": found.measure,
                "condition": found.condition,
                "mask_source": found.mask_source,
                "masker": found.masker,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": found.n,
                "interval": found.interval,
                "command": command,
            }
        )
        for part in parts(evaluation)
        if part.about.name == checkpoint
        for row in [_summary(part)]
        for name in (ACCURACY, ACCURACY_ID, ACCURACY_OOD, GAP, FLIPS)
        if (found := row.measures.get(name)) is not None
    )


def _summary(part: Part) -> SummaryRow:
    aviary = part.header.data.kind == "aviary"
    measures: dict[str, Measured] = {}
    absent: dict[str, str] = {}
    for name in AVIARY_MEASURES if aviary else PHOTOGRAPH_MEASURES:
        found = why if (why := _why_absent(part, name)) else _measure(part, name)
        if isinstance(found, Measured):
            measures[name] = found
        else:
            absent[name] = found
    return SummaryRow(
        checkpoint=part.about.name,
        title=part.about.title,
        strategy=part.about.strategy,
        mask_source=part.mask_source,
        masker=part.masker,
        lifted_by=part.lifted_by,
        n=part.table["sample"].nunique(),
        measures=measures,
        absent=absent,
    )


_NOT_SHOWN = dict.fromkeys(
    (*DIFFERENCES[BG_GAP], BG_GAP),
    "no object was put on other photographs' backgrounds; evaluate with --condition mixed_same --condition mixed_rand",
)


def _shown(part: Part, measure: str) -> bool:
    """Whether there are pictures of every condition that a measure asks for."""
    if measure in (WORST_GROUP, SHAPLEY):
        return True
    return all(part.table["condition"].isin(WHERE[name][0]).any() for name in DIFFERENCES.get(measure, (measure,)))


def _why_absent(part: Part, measure: str) -> str:
    """Why a measure means nothing here, or was not computed; empty where it can be had."""
    about, table = part.about, part.table
    reasons = {
        f"its {about.class_count:,} classes are those of {about.trained_on}, not the data's": (
            measure in NEED_CLASSES and not about.same_classes
        ),
        "the places of these photographs are not known": (
            measure == WORST_GROUP and not table["place_group"].notna().any()
        ),
        _NOT_SHOWN.get(measure, "no object was put on other backgrounds"): not _shown(part, measure),
        "with given masks it sees the same pixels on every background: 0 by construction, and no finding": (
            measure in ZERO_BY_IDENTITY and part.identity
        ),
        f"not computed; evaluate with --shapley {min(part.header.n, 300)}": (
            measure == SHAPLEY and not table["phi_background"].notna().any()
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _measure(part: Part, measure: str) -> Measured | str:
    if measure == WORST_GROUP:
        return _worst_group(part)
    values = per_pair(part, measure)
    if values.empty:
        return "there is nothing to measure: no object was found before and after"
    grouped = by_sample(values)
    mean, samples = float(values.mean()), len(grouped)
    once = grouped.shape[1] == 1
    conditions = _conditions(part, measure)
    if measure in NEED_CLASSES and measure not in DIFFERENCES and once:
        return _measured(part, "accuracy", conditions, mean, wilson(int(values.sum()), samples), samples, "wilson")
    kind: IntervalKind = "paired bootstrap" if measure in DIFFERENCES else "cluster bootstrap"
    interval = cluster_bootstrap(grouped, bounds=BOUNDS[measure])
    name = "accuracy" if measure.startswith("accuracy") else measure
    return _measured(part, name, conditions, mean, interval, samples, kind, _note(part, measure, len(values)))


def _conditions(part: Part, measure: str) -> str:
    asked = [name for one in DIFFERENCES.get(measure, (measure,)) for name in WHERE[one][0]]
    return ", ".join(name for name in asked if (part.table["condition"] == name).any())


def _note(part: Part, measure: str, count: int) -> str:
    if measure in (FLIPS, LOST):
        rows = part.where(*WHERE[measure][0])
        missing = len(rows) - count
        return f"{count:,} pairs" + (f"; {missing:,} left out, no object found before or after" if missing else "")
    if measure in NEED_CLASSES and measure not in DIFFERENCES:
        return f"{count:,} pictures"
    if measure == SHAPLEY:
        return f"of {part.table['phi_background'].notna().sum():,} pictures, {count:,} with a defined share"
    return ""


def _worst_group(part: Part) -> Measured | str:
    condition = "OOD" if part.header.data.kind == "aviary" else "original"
    rows = part.where(condition)
    groups = (
        rows.assign(right=rows["right"].astype("Float64").astype(np.float64))
        .groupby(["label", "place_group"], observed=True)["right"]
        .agg(["sum", "count"])
    )
    large = groups[groups["count"] >= SMALLEST_GROUP]
    if large.empty:
        return f"no group of one class and one place group has {SMALLEST_GROUP} samples"
    worst: Any = (large["sum"] / large["count"]).idxmin()
    right, n = int(large.loc[worst, "sum"]), int(large.loc[worst, "count"])
    note = (
        f"{worst[0]} at {worst[1]}, chosen as the lowest of {len(large)} groups with at least {SMALLEST_GROUP} samples"
    )
    return _measured(part, WORST_GROUP, condition, right / n, wilson(right, n), n, "wilson", note)


def _measured(
    part: Part,
    measure: str,
    condition: str,
    value: float,
    interval: Interval,
    n: int,
    kind: IntervalKind,
    note: str = "",
) -> Measured:
    return Measured(
        measure, condition, part.mask_source, part.masker, value, interval.low, interval.high, n, kind, note
    )
