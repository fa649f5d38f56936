"""A benchmark's evaluations as one table and as verdicts: every figure with n and its 95% interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bgbias_core.benchmark.plan import Arm
from bgbias_core.evaluation import Evaluation, summarise
from bgbias_core.evaluation.estimates import estimate
from bgbias_core.evaluation.parts import (
    ACCURACY,
    ACCURACY_FOREIGN,
    ACCURACY_RAND,
    ACCURACY_SAME,
    BG_GAP,
    BOUNDS,
    FOREIGN_DROP,
    Part,
    parts,
    per_pair,
)

COLUMNS = {
    ACCURACY: "ID",
    ACCURACY_SAME: "Mixed-Same",
    ACCURACY_RAND: "Mixed-Rand",
    BG_GAP: BG_GAP,
    ACCURACY_FOREIGN: "foreign scenes",
    FOREIGN_DROP: FOREIGN_DROP,
}
"""The table's measures and their heads; ID is the test photographs as they are."""


@dataclass(frozen=True)
class Figure:
    """One number of the table.

    Attributes:
        value: A share in [0, 1], or a difference of shares in [−1, 1].
        low: Lower end of the 95% interval.
        high: Upper end.
        n: Number of photographs, where one may count several times.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class TableRow:
    """What a classifier achieved with one kind of mask.

    Attributes:
        arm: The classifier.
        mask_source: What it looked at: ``none``, ``given``, or ``predicted`` on the very picture.
        masker: Name of the masker where the mask is predicted.
        lifted_by: Which mask cut the objects out.
        seed: Its seed; ``None`` for the mean over all seeds, whose interval resamples photographs with all that was
            measured on them under every seed.
        seeds: How many seeds went in.
        measures: Figures by the measure's name.
        absent: Why a measure is not there, by name.
    """

    arm: Arm
    mask_source: str
    masker: str
    lifted_by: str
    seed: int | None
    seeds: int
    measures: Mapping[str, Figure]
    absent: Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """Whether something that the paper says holds here.

    Attributes:
        claim: What is claimed.
        arm: Of which classifier.
        figure: The difference that decides, pooled over all seeds; ``None`` where nothing was to be had.
        holds: Whether it is above 0 beyond its interval.
        by_seed: The same difference of each seed alone.
    """

    claim: str
    arm: Arm
    figure: Figure | None
    holds: bool
    by_seed: tuple[Figure, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        who = f"{self.arm.backbone}, {self.arm.pooling}: {self.claim}"
        if self.figure is None:
            return f"Not measured: {who}"
        alone = sum(one.low > 0 for one in self.by_seed)
        return (
            f"{'Holds' if self.holds else 'Does not hold'}: {who}: {_points(self.figure.value)} points "
            f"(95% interval {_points(self.figure.low)} to {_points(self.figure.high)}, n = {self.figure.n}; "
            f"on {alone} of {len(self.by_seed)} seeds alone)"
        )


def make_table(evaluations: Mapping[int, Evaluation], arms: Sequence[Arm]) -> list[TableRow]:
    """All rows: for each classifier and mask source the mean over seeds, and each seed where there are several.

    Args:
        evaluations: By seed; each holds a checkpoint of every classifier.
        arms: The classifiers.
    """
    rows: list[TableRow] = []
    for arm in arms:
        found = {seed: _parts(evaluation, arm, seed) for seed, evaluation in evaluations.items()}
        for source in ("none", "given", "predicted"):
            own = {seed: some[source] for seed, some in found.items() if source in some}
            if not own:
                continue
            summaries = {seed: _summary(evaluations[seed], part) for seed, part in own.items()}
            first = next(iter(own.values()))
            measures, absent = next(iter(summaries.values()))
            if len(own) > 1:
                measures = {name: _pooled([*own.values()], name) for name in COLUMNS if name not in absent}
            head = (arm, source, first.masker, first.lifted_by)
            rows.append(TableRow(*head, None, len(own), measures, absent))
            if len(own) > 1:
                rows += [TableRow(*head, seed, 1, *summary) for seed, summary in summaries.items()]
    return rows


def make_verdicts(evaluations: Mapping[int, Evaluation], arms: Sequence[Arm]) -> list[Verdict]:
    """What the paper claims, for each backbone and pooling.

    - Unmasked: BG-Gap above 0, and the drop on foreign scenes above 0.
    - Early with masks predicted on the composite is right more often on foreign scenes than unmasked, on the very same
      composites.

    Each holds where it does so beyond its 95% interval, a bootstrap over photographs with all seeds together.
    """
    verdicts: list[Verdict] = []
    for arm in arms:
        found = [_parts(evaluation, arm, seed) for seed, evaluation in evaluations.items()]
        if arm.strategy == "unmasked":
            for measure, claim in ((BG_GAP, "the BG-Gap of unmasked"), (FOREIGN_DROP, "unmasked's foreign-scene drop")):
                values = [per_pair(some["none"], measure) for some in found if "none" in some]
                verdicts.append(_verdict(f"{claim} is above 0", arm, values))
        if arm.strategy == "early":
            plain = Arm(arm.backbone, "unmasked", arm.pooling)
            others = [_parts(evaluation, plain, seed) for seed, evaluation in evaluations.items()]
            values = [
                _paired(some["predicted"], other["none"], ACCURACY_FOREIGN)
                for some, other in zip(found, others, strict=True)
                if "predicted" in some and "none" in other
            ]
            claim = "early with masks predicted on the composite is better than unmasked on foreign scenes"
            verdicts.append(_verdict(claim, arm, values))
    return verdicts


def as_markdown(rows: Sequence[TableRow], verdicts: Sequence[Verdict]) -> str:
    """The table and the verdicts, to be read as they are or put into a page."""
    heads = ("backbone", "strategy", "pooling", "mask", "seed", *COLUMNS.values(), "n")
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        seed = str(row.seed) if row.seed is not None else "all" if row.seeds == 1 else f"mean of {row.seeds}"
        cells = [_cell(row.measures.get(name)) for name in COLUMNS]
        n = max((one.n for one in row.measures.values()), default=0)
        mask = f"{row.mask_source} {row.masker}".strip()
        cells = [row.arm.backbone, row.arm.strategy, row.arm.pooling, mask, seed, *cells, str(n)]
        lines.append(f"| {' | '.join(cells)} |")
    reasons = dict.fromkeys(reason for row in rows for name, reason in row.absent.items() if name in COLUMNS)
    lines += ["", *(f"–: {reason}" for reason in reasons), *(f"- {verdict.sentence}" for verdict in verdicts)]
    return "\n".join(lines) + "\n"


def _parts(evaluation: Evaluation, arm: Arm, seed: int) -> dict[str, Part]:
    """Parts of one classifier by mask source, of the composites that the most trusted mask cut out."""
    own = [part for part in parts(evaluation) if part.about.name == arm.name(seed)]
    lifts = {part.lifted_by for part in own}
    cut = "given" if "given" in lifts else "predicted"
    return {part.mask_source: part for part in own if part.lifted_by in ("", cut)}


def _summary(evaluation: Evaluation, part: Part) -> tuple[dict[str, Figure], dict[str, str]]:
    """Figures of one seed, and why others are absent."""
    [row] = [
        row
        for row in summarise(evaluation)
        if (row.checkpoint, row.mask_source, row.lifted_by) == (part.about.name, part.mask_source, part.lifted_by)
    ]
    figures = {
        name: Figure(found.value, found.low, found.high, found.n)
        for name, found in row.measures.items()
        if name in COLUMNS
    }
    return figures, {name: reason for name, reason in row.absent.items() if name in COLUMNS}


def _pooled(some: Sequence[Part], measure: str) -> Figure:
    return _figure([per_pair(part, measure) for part in some], BOUNDS[measure])


def _paired(first: Part, second: Part, measure: str) -> pd.Series:
    pair = pd.concat([per_pair(first, measure), per_pair(second, measure)], axis=1, join="inner")
    return pair[0] - pair[1]


def _figure(values: Sequence[pd.Series], bounds: tuple[float, float]) -> Figure:
    """The mean of what was measured under all seeds; a photograph is one cluster, whatever the seed."""
    found = estimate(pd.concat(values), bounds, paired=bounds[0] < 0)
    return Figure(found.value, found.low, found.high, found.n)


def _verdict(claim: str, arm: Arm, values: Sequence[pd.Series]) -> Verdict:
    measured = [one for one in values if len(one)]
    if not measured:
        return Verdict(claim, arm, None, False, ())
    figure = _figure(measured, (-1.0, 1.0))
    alone = tuple(_figure([one], (-1.0, 1.0)) for one in measured)
    return Verdict(claim, arm, figure, figure.low > 0, alone)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    return f"{_points(figure.value)} ({_points(figure.low)} to {_points(figure.high)})"


def _points(share: float) -> str:
    return f"{100 * share:.1f}".replace("-", "−")
