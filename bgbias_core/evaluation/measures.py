"""What an evaluation shows: for each checkpoint and mask source its measures, or why one is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bgbias_core.conditions import CONDITIONS
from bgbias_core.evaluation.estimates import Estimate, estimate
from bgbias_core.evaluation.groups import group_condition, measure_groups
from bgbias_core.evaluation.headers import command_of
from bgbias_core.evaluation.intervals import IntervalKind
from bgbias_core.evaluation.parts import (
    ACCURACY,
    ACCURACY_ID,
    ACCURACY_NOISE_BG,
    ACCURACY_NOISE_FG,
    ACCURACY_OOD,
    AVIARY_MEASURES,
    BG_GAP,
    BOUNDS,
    CALIBRATION,
    CHALLENGE,
    DIFFERENCES,
    FLIPS,
    GAP,
    GROUP_MEASURES,
    LOST,
    NEED_CLASSES,
    PHOTOGRAPH_MEASURES,
    RFS,
    SHAPLEY,
    WHERE,
    WITHOUT_OBJECT,
    ZERO_BY_IDENTITY,
    Part,
    conditions_of,
    parts,
    per_pair,
    per_scene,
)
from bgbias_core.evaluation.results import Evaluation
from bgbias_core.evaluation.sensitivity import measure_calibration, measure_rfs
from bgbias_core.models import Metric


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

    What each is, stands in :data:`~bgbias_core.evaluation.definitions.MEASURES`; which interval it has, in
    :func:`~bgbias_core.evaluation.estimates.estimate`. No object found counts as wrong; where a name is compared with
    the reference's, pairs without an object before or after are left out.
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


_SHOWN_BY = {spec.title: spec.name for spec in CONDITIONS.values() if spec.name not in ("original", "foreign")}


def _asked(measure: str) -> tuple[tuple[str, ...], ...]:
    """Conditions that a measure asks for: of each tuple at least one must be there."""
    if measure in CALIBRATION:
        return ((CALIBRATION[measure],),)
    if measure == RFS:
        return tuple(WHERE[name][0] for name in (ACCURACY_NOISE_FG, ACCURACY_NOISE_BG))
    if measure in GROUP_MEASURES or measure == SHAPLEY:
        return ()
    return tuple(WHERE[name][0] for name in DIFFERENCES.get(measure, (measure,)))


def _not_shown(measure: str) -> str:
    """Why there are no pictures, and where an option shows them, which."""
    names = [_SHOWN_BY[some[0]] for some in _asked(measure) if some[0] in _SHOWN_BY]
    if not names:
        return "no object was put on other backgrounds"
    what = "no object was put on other samples' backgrounds" if measure in _MIXED else "no picture was made for it"
    return f"{what}; evaluate with {' '.join(f'--condition {name}' for name in names)}"


_MIXED = {*DIFFERENCES[BG_GAP], BG_GAP}


def _why_absent(part: Part, measure: str) -> str:
    """Why a measure means nothing here, or was not computed; empty where it can be had."""
    about, table = part.about, part.table
    shown = set(table["condition"].unique())
    reasons = {
        f"its {about.class_count:,} classes are those of {about.trained_on}, not the data's": (
            measure in NEED_CLASSES and not about.same_classes
        ),
        "the places of these photographs are not known": (
            measure in GROUP_MEASURES and not table["place_group"].notna().any()
        ),
        _not_shown(measure): any(shown.isdisjoint(some) for some in _asked(measure)),
        "with given masks it sees the same pixels on every background: 0 by construction, and no finding": (
            measure in ZERO_BY_IDENTITY and part.identity
        ),
        "with given masks there is no object to look at: no answer by construction, and no finding": (
            measure in WITHOUT_OBJECT and part.mask_source == "given"
        ),
        f"not computed; evaluate with --shapley {min(part.header.n, 300)}": (
            measure == SHAPLEY and not table["phi_background"].notna().any()
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _measure(part: Part, measure: str) -> Measured | str:
    if measure in GROUP_MEASURES or measure in CALIBRATION or measure == RFS:
        return _no_mean(part, measure)
    values = per_pair(part, measure)
    if values.empty:
        return "there is nothing to measure: no object was found before and after"
    found = estimate(
        values,
        BOUNDS[measure],
        paired=measure in DIFFERENCES,
        scenes=per_scene(part, measure),
        each_once=measure in DIFFERENCES,
    )
    conditions = [name for one in DIFFERENCES.get(measure, (measure,)) for name in conditions_of(part, one)]
    name = "accuracy" if measure.startswith("accuracy") else measure
    return _measured(part, name, ", ".join(conditions), found, _note(part, measure, len(values), found))


def _no_mean(part: Part, measure: str) -> Measured | str:
    if measure in GROUP_MEASURES:
        condition, found = group_condition(part), measure_groups(part, measure)
    elif measure == RFS:
        condition, found = ", ".join(some[0] for some in _asked(RFS)), measure_rfs(part)
    else:
        condition, found = CALIBRATION[measure], measure_calibration(part, measure)
    if isinstance(found, str):
        return found
    name = "ECE" if measure in CALIBRATION else measure
    return _measured(part, name, condition, *found)


def _note(part: Part, measure: str, count: int, found: Estimate) -> str:
    notes = []
    if measure in (FLIPS, LOST):
        missing = len(part.where(*conditions_of(part, measure))) - count
        notes += [f"{count:,} pairs"] + [f"{missing:,} left out, no object found before or after"] * (missing > 0)
    elif measure == CHALLENGE:
        shown = part.where(*conditions_of(part, measure))["sample"].value_counts()
        fewest, most = int(shown[shown > 0].min()), int(shown.max())
        notes += [f"each on {fewest if fewest == most else f'{fewest} to {most}'} backgrounds"]
        if part.identity:
            notes += ["with given masks it sees the same pixels on each, so this is its accuracy"]
    elif measure in NEED_CLASSES and measure not in DIFFERENCES and found.kind != "wilson":
        notes += [f"{count:,} pictures"]
    elif measure == SHAPLEY:
        notes += [f"of {part.table['phi_background'].notna().sum():,} pictures, {count:,} with a defined share"]
    if found.scenes:
        notes += [f"{found.scenes} scenes resampled with the samples"]
    return "; ".join(notes)


def _measured(part: Part, measure: str, condition: str, found: Estimate, note: str) -> Measured:
    return Measured(
        measure=measure,
        condition=condition,
        mask_source=part.mask_source,
        masker=part.masker,
        value=found.value,
        low=found.low,
        high=found.high,
        n=found.n,
        interval=found.kind,
        note=note,
    )
