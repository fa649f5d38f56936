"""The tables of a report: every number with its interval, its n and the mask that was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bgbias_core.evaluation import SummaryRow
from bgbias_core.evaluation.curves import DialCurve
from bgbias_core.evaluation.definitions import MeasureSpec
from bgbias_core.evaluation.matrices import Cell, ClassChange, GroupMatrix, MatrixRow
from bgbias_core.evaluation.parts import ACCURACY, GAP
from bgbias_core.masks import mask_words
from bgbias_core.report.markup import Html, join, tag
from bgbias_core.report.words import Looking, Titles, ends, figure
from bgbias_core.spelling import spell_class

_MANY = 9
"""Columns above which paper needs smaller letters."""
_INTERVALS = {"wilson": "Wilson’s interval"}


def label_cell(row: Looking, strategy: str, titles: Titles) -> Html:
    """The head of a row: checkpoint and mask."""
    title = titles.title(row.title, row.checkpoint)
    return tag("th", _dot(strategy), title, tag("small", titles.mask(row)), scope="row")


def matrix_table(rows: Sequence[MatrixRow], titles: Titles) -> Html:
    """Accuracy by condition, one row for each checkpoint and mask."""
    conditions = list(dict.fromkeys(condition for row in rows for condition in row.cells))
    lines = [
        tag(
            "tr",
            label_cell(row, row.strategy, titles),
            *(cell_html(row.cells.get(condition)) for condition in conditions),
        )
        for row in rows
    ]
    return wide_table("Accuracy under each condition", ["Checkpoint", *conditions], lines)


def groups_table(found: GroupMatrix) -> Html:
    """Accuracy of each class in each place group."""
    lines = [
        tag(
            "tr",
            tag("th", spell_class(label), scope="row"),
            *(cell_html(found.cells.get((label, group))) for group in found.place_groups),
        )
        for label in found.labels
    ]
    heads = ["Class", *(group.replace("_", " ") for group in found.place_groups)]
    return wide_table(f"Accuracy, {found.condition}, by class and place group", heads, lines)


def changes_table(changes: Sequence[ClassChange]) -> Html:
    """What each class loses, the largest loss first."""
    lines = [
        tag(
            "tr",
            tag("th", spell_class(change.label), scope="row"),
            cell_html(change.before),
            cell_html(change.after),
            cell_html(change.difference, GAP),
        )
        for change in changes
    ]
    return wide_table("Accuracy of each class", ["Class", "Before", "After", "Difference"], lines)


def dial_table(curves: Sequence[DialCurve], titles: Titles) -> Html:
    """The curves of one dial in numbers, one column for each level."""
    levels = sorted({point.level for curve in curves for point in curve.points})
    lines = []
    for curve in curves:
        at = {point.level: point.cell for point in curve.points}
        mask = mask_words(curve.mask_source)
        head = tag(
            "th",
            _dot(curve.strategy),
            titles.title(curve.title, curve.checkpoint),
            tag("small", f"{mask}; {curve.condition}"),
            scope="row",
        )
        lines.append(tag("tr", head, *(cell_html(at.get(level)) for level in levels)))
    return wide_table(f"Accuracy at each level of {curves[0].dial}", ["", *(f"{level:g}" for level in levels)], lines)


def wide_table(caption: str, heads: Sequence[str], lines: Iterable[Html]) -> Html:
    """A table that scrolls by itself where the screen is narrower than it is."""
    many = " many" if len(heads) > _MANY else ""
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *lines),
        class_=f"wide{many}",
    )
    return tag("div", table, class_="scroll", role="region", tabindex="0", aria_label=caption)


def cell_html(cell: Cell | None, measure: str = ACCURACY) -> Html:
    """One number with its interval and n, or why there is none."""
    if cell is None:
        return tag("td", "–")
    if cell.value is None:
        return tag("td", "–", tag("small", cell.note))
    interval = "" if cell.low is None or cell.high is None else f"{ends(measure, cell.low, cell.high)}, "
    small = [f"{interval}n = {cell.n:,}", cell.note]
    return tag("td", tag("strong", figure(measure, cell.value)), *(tag("small", one) for one in small if one))


def measure_table(name: str, spec: MeasureSpec | None, rows: Sequence[SummaryRow], titles: Titles) -> Html:
    """One measure of every checkpoint and mask that has it, at least one, and below why others lack it.

    Args:
        name: The measure.
        spec: Its definition, where there is one.
        rows: All rows.
        titles: How rows are called.
    """
    lines = []
    for row in rows:
        found = row.measures.get(name)
        if found is None:
            continue
        interval = _INTERVALS.get(found.interval, found.interval)
        note = "; ".join(part for part in (found.condition, found.note, interval) if part)
        value = tag(
            "td",
            tag("strong", figure(name, found.value)),
            f" ({ends(name, found.low, found.high)}), n = {found.n:,}",
            "" if spec is None else _bar(found.value, found.low, found.high, spec, row.strategy),
        )
        lines.append(tag("tr", label_cell(row, row.strategy, titles), value, tag("td", note)))
    heads = ("Checkpoint and mask", "Value (95% interval), n", "On what; interval")
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *lines),
    )
    return join([table, _absent(name, rows, titles)])


def _absent(name: str, rows: Sequence[SummaryRow], titles: Titles) -> Html | None:
    """Why some have no such number: each reason once."""
    why: dict[str, list[str]] = {}
    for row in rows:
        if name in row.absent:
            who = f"{titles.title(row.title, row.checkpoint)}, {titles.mask(row)}"
            why.setdefault(row.absent[name], []).append(who)
    if not why:
        return None
    lines = (f"– {'; '.join(who)}: {reason}" for reason, who in why.items())
    return tag("ul", *(tag("li", line) for line in lines), class_="absent")


def _dot(strategy: str) -> Html:
    return tag("i", class_=f"dot {strategy}", aria_hidden="true")


def _bar(value: float, low: float, high: float, spec: MeasureSpec, strategy: str) -> Html:
    """The value and its interval on the measure's own scale, with a mark at 0 where that lies within."""

    def at(number: float) -> float:
        return min(100.0, max(0.0, 100 * (number - spec.low) / (spec.high - spec.low)))

    zero = tag("u", style=f"left:{at(0):.2f}%") if spec.low < 0 < spec.high else None
    interval = tag("i", style=f"left:{at(low):.2f}%;width:{at(high) - at(low):.2f}%")
    mark = tag("b", style=f"left:{at(value):.2f}%")
    return tag("span", zero, interval, mark, class_=f"bar {strategy}", aria_hidden="true")


def by_dial(curves: Iterable[DialCurve]) -> Mapping[str, list[DialCurve]]:
    """Curves of each dial, in their order."""
    found: dict[str, list[DialCurve]] = {}
    for curve in curves:
        found.setdefault(curve.dial, []).append(curve)
    return found
