"""What the numbers say in plain words, and only as far as their intervals allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bgbias_core.errors import BgBiasError
from bgbias_core.evaluation import Evaluation, Measured, SummaryRow, compare_pair
from bgbias_core.evaluation.parts import (
    ACCURACY_FOREIGN,
    ACCURACY_OOD,
    ACCURACY_RAND,
    BG_GAP,
    DIFFERENCES,
    FLIPS,
    FOREIGN_DROP,
    GAP,
)
from bgbias_core.masks import masker_title
from bgbias_core.plots.cells import percent
from bgbias_core.report.words import ends, figure, noun_of

_MOST_LOSSES, _MOST_COMPARISONS = 2, 4
_LOSSES = (GAP, FOREIGN_DROP, BG_GAP, FLIPS)
_COMPARED = (ACCURACY_OOD, ACCURACY_FOREIGN, ACCURACY_RAND, FLIPS)
_BOTH_SIDES = {
    GAP: ("where they stand ID", "OOD"),
    FOREIGN_DROP: ("as they are", "on foreign scenes"),
    BG_GAP: ("on backgrounds of their own class", "on backgrounds of another class"),
}


@dataclass(frozen=True)
class Statement:
    """One thing that was found, or that could not be.

    Attributes:
        sentence: In words.
        measure: Of which measure.
        checkpoints: About whom.
        mask_sources: What each of them looked at.
        value: The number, or the first minus the second.
        low: Lower end of its 95% interval.
        high: Upper end.
        n: Number of samples.
        clear: Whether the interval leaves 0 out.
    """

    sentence: str
    measure: str
    checkpoints: tuple[str, ...]
    mask_sources: tuple[str, ...]
    value: float
    low: float
    high: float
    n: int
    clear: bool


@dataclass(frozen=True)
class Finding:
    """What an evaluation found.

    Attributes:
        statements: One after the other.
        limits: What must be known to read them.
    """

    statements: tuple[Statement, ...]
    limits: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it in plain words, the limits last."""
        said = tuple(statement.sentence for statement in self.statements)
        return (*(said or ("The numbers of this evaluation allow no plain statement.",)), self.limits)

    @property
    def paragraph(self) -> str:
        """The sentences in one."""
        return " ".join(self.sentences)


def find(evaluation: Evaluation, rows: Sequence[SummaryRow]) -> Finding:
    """Say what unmasked checkpoints lose on other backgrounds, and how masked ones of the same backbone compare.

    Masked checkpoints are told with predicted masks, as in real use, and with given ones only where there are no
    others. Comparisons are paired, on the very same samples.

    Args:
        evaluation: Which.
        rows: Its measures.
    """
    told = [row for row in rows if row.mask_source == "none"] or [row for row in rows if row.mask_source != "none"]
    losses = list(islice(_losses(evaluation, _once(told)), _MOST_LOSSES))
    compared = list(_comparisons(evaluation, rows))
    shown = compared[:_MOST_COMPARISONS]
    header = evaluation.header
    limits = [f"This holds for these {header.n:,} {noun_of(header.data.kind)} and these very checkpoints."]
    if any("predicted" in statement.mask_sources for statement in (*losses, *shown)):
        limits.append(f"Predicted masks are those of {masker_title(header.masker)}.")
    if len(losses) + len(shown) > 1:
        limits.append("The intervals are not widened for their number.")
    if len(compared) > len(shown):
        limits.append(f"{len(compared) - len(shown)} more comparisons can be made from the tables below.")
    return Finding((*losses, *shown), " ".join(limits))


def _once(rows: Iterable[SummaryRow]) -> list[SummaryRow]:
    """The first row of each checkpoint."""
    first: dict[str, SummaryRow] = {}
    for row in rows:
        first.setdefault(row.checkpoint, row)
    return list(first.values())


def _losses(evaluation: Evaluation, rows: Iterable[SummaryRow]) -> Iterator[Statement]:
    for row in rows:
        measure = next((name for name in _LOSSES if name in row.measures), None)
        if measure is not None:
            found = row.measures[measure]
            clear = not found.low <= 0 <= found.high
            sentence = _loss(evaluation, row, measure, found, clear)
            yield Statement(
                sentence,
                measure,
                (row.checkpoint,),
                (row.mask_source,),
                found.value,
                found.low,
                found.high,
                found.n,
                clear,
            )


def _loss(evaluation: Evaluation, row: SummaryRow, measure: str, found: Measured, clear: bool) -> str:
    noun = noun_of(evaluation.header.data.kind)
    who = row.title if row.mask_source == "none" else f"{row.title} ({row.mask_source} mask)"
    sure = f"(95% interval {ends(measure, found.low, found.high)}, n = {found.n:,})"
    if measure == FLIPS:
        return f"{who} changes its answer in {percent(found.value)} {sure} of the pictures with exchanged backgrounds."
    first, second = (row.measures.get(name) for name in DIFFERENCES[measure])
    here, there = _BOTH_SIDES[measure]
    if not clear:
        return f"Whether {who} loses accuracy {there} is not clear: {figure(measure, found.value)} {sure}."
    shares = ""
    if first is not None and second is not None:
        shares = f" names {percent(first.value)} of the {noun} right {here} and {percent(second.value)} {there}: it"
    loses = "loses" if found.value > 0 else "gains"
    return f"{who}{shares} {loses} {figure(measure, abs(found.value))} {_turned(measure, found)}."


def _turned(measure: str, found: Measured) -> str:
    low, high = (found.low, found.high) if found.value > 0 else (-found.high, -found.low)
    return f"(95% interval {ends(measure, low, high)}, n = {found.n:,})"


def _comparisons(evaluation: Evaluation, rows: Sequence[SummaryRow]) -> Iterator[Statement]:
    backbones = {one.name: one.backbone for one in evaluation.header.checkpoints}
    for plain in _once(row for row in rows if row.mask_source == "none"):
        masked = [
            row
            for row in rows
            if row.mask_source != "none"
            and backbones[row.checkpoint] == backbones[plain.checkpoint]
            and row.lifted_by == plain.lifted_by
        ]
        predicted = {row.checkpoint for row in masked if row.mask_source == "predicted"}
        for row in masked:
            if row.mask_source == "given" and row.checkpoint in predicted:
                continue
            measure = next((name for name in _COMPARED if {name} <= row.measures.keys() & plain.measures.keys()), None)
            statement = None if measure is None else _comparison(evaluation, row, plain, measure)
            if statement is not None:
                yield statement


def _comparison(evaluation: Evaluation, first: SummaryRow, second: SummaryRow, measure: str) -> Statement | None:
    pair = [(row.checkpoint, row.mask_source, row.lifted_by) for row in (first, second)]
    try:
        found = compare_pair(evaluation, pair[0], pair[1], measure)
    except BgBiasError:
        return None
    return Statement(
        found.sentence,
        measure,
        (first.checkpoint, second.checkpoint),
        (first.mask_source, second.mask_source),
        found.difference,
        found.low,
        found.high,
        found.n,
        found.clear,
    )
