"""Everything that a report says, before it becomes a page or a file of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bgbias_core.errors import BgBiasError
from bgbias_core.evaluation import Evaluation, Header, SummaryRow, summarise
from bgbias_core.evaluation.curves import DialCurve, dial_curves
from bgbias_core.evaluation.matrices import (
    ClassChange,
    GroupMatrix,
    MatrixRow,
    class_changes,
    condition_matrix,
    group_matrix,
)
from bgbias_core.report.finding import Finding, find
from bgbias_core.report.glossary import Defined, Explained, define, explain
from bgbias_core.report.origin import Origin, origin_of
from bgbias_core.report.pictures import SAMPLES, Example, examples

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class PartDetail:
    """One checkpoint with one mask, taken apart by group and by class.

    Attributes:
        row: Its measures.
        groups: Its accuracy in each group, or why that cannot be said.
        changes: What each class loses on other backgrounds, or why that cannot be said.
        leading: Whether the page shows it at once.
    """

    row: SummaryRow
    groups: GroupMatrix | str
    changes: tuple[ClassChange, ...] | str
    leading: bool


@dataclass(frozen=True, eq=False)
class Report:
    """What a report says.

    Attributes:
        header: What the evaluation is of.
        finding: The numbers in plain words.
        conditions: What was shown.
        matrix: Accuracy by condition, one row for each checkpoint and mask.
        rows: All measures, likewise.
        details: Groups and classes, likewise.
        dials: Curves; empty where no dial was turned.
        examples: A few samples under every condition.
        glossary: Definitions of the measures.
        origin: How it was made.
    """

    header: Header
    finding: Finding
    conditions: tuple[Explained, ...]
    matrix: tuple[MatrixRow, ...]
    rows: tuple[SummaryRow, ...]
    details: tuple[PartDetail, ...]
    dials: tuple[DialCurve, ...]
    examples: tuple[Example, ...]
    glossary: tuple[Defined, ...]
    origin: Origin


def gather(evaluation: Evaluation, *, progress: Progress | None = None) -> Report:
    """Compute everything that a report says.

    Args:
        evaluation: Which.
        progress: Called with (steps done, all of them).
    """
    rows = summarise(evaluation)
    total, done = 4 + len(rows) + SAMPLES, 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    tick()
    leading = _leading(rows)
    matrix = condition_matrix(evaluation)
    tick()
    details = []
    for row in rows:
        details.append(_detail(evaluation, row, leading=row in leading))
        tick()
    dials = dial_curves(evaluation)
    tick()
    finding = find(evaluation, rows)
    tick()
    shown = examples(evaluation, tick=tick)
    if progress is not None:
        progress(total, total)
    return Report(
        header=evaluation.header,
        finding=finding,
        conditions=tuple(explain(str(one) for one in evaluation.table["condition"].unique())),
        matrix=tuple(matrix),
        rows=tuple(rows),
        details=tuple(details),
        dials=tuple(dials),
        examples=tuple(shown),
        glossary=tuple(define(rows)),
        origin=origin_of(evaluation.header),
    )


def _leading(rows: Sequence[SummaryRow]) -> list[SummaryRow]:
    """One row for each strategy, with predicted masks where there are any: what the page shows at once."""
    first: dict[str, SummaryRow] = {}
    for row in sorted(rows, key=lambda row: row.mask_source == "given"):
        first.setdefault(row.strategy, row)
    return list(first.values())


def _detail(evaluation: Evaluation, row: SummaryRow, *, leading: bool) -> PartDetail:
    selector = (row.checkpoint, row.mask_source, row.lifted_by)
    groups: GroupMatrix | str
    changes: tuple[ClassChange, ...] | str
    try:
        groups = group_matrix(evaluation, selector)
    except BgBiasError as error:
        groups = str(error)
    try:
        changes = tuple(class_changes(evaluation, selector))
    except BgBiasError as error:
        changes = str(error)
    return PartDetail(row, groups, changes, leading)
