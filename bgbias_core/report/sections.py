"""The sections of a report's page, from what was found to how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bgbias_core.evaluation.definitions import MEASURES
from bgbias_core.masks import masker_title
from bgbias_core.plots import class_change_figure, dial_figure, group_figure, matrix_figure
from bgbias_core.report.appendix import show_examples, show_glossary, show_origin
from bgbias_core.report.content import PartDetail, Report
from bgbias_core.report.figures import figure_html
from bgbias_core.report.glossary import dial_words
from bgbias_core.report.markup import Html, tag
from bgbias_core.report.tables import (
    by_dial,
    changes_table,
    dial_table,
    groups_table,
    matrix_table,
    measure_table,
)
from bgbias_core.report.words import Titles, noun_of, scale_words


def sections(report: Report) -> Iterator[Html]:
    """Everything that stands on the page."""
    yield tag("header", *_head(report))
    yield tag(
        "main",
        tag(
            "section",
            tag("h2", "What was found"),
            *(tag("p", sentence.replace("n = ", "n\u00a0=\u00a0")) for sentence in report.finding.sentences),
            class_="finding",
            id="finding",
        ),
        _section("conditions", "Conditions and checkpoints", _matrix(report)),
        _section("measures", "Measures", _measures(report)),
        _section("groups", "Groups", _groups(report)),
        _section("classes", "What each class loses", _changes(report)),
        _section("dials", "Dials", _dials(report)) if report.dials else None,
        _section("examples", "Examples", show_examples(report)),
        _section("glossary", "Glossary", show_glossary(report)),
        _section("origin", "How it was made", show_origin(report)),
    )


def _head(report: Report) -> Iterator[Html]:
    header = report.header
    facts = (
        header.data.title,
        f"n = {header.n:,} {noun_of(header.data.kind)}",
        f"{len(header.checkpoints)} checkpoint{'' if len(header.checkpoints) == 1 else 's'}",
        f"predicted masks by {masker_title(header.masker)}",
        f"seed {header.seed}",
        f"computed {header.created[:10]}",
    )
    named = {
        "conditions": "Conditions", "measures": "Measures", "groups": "Groups", "classes": "Classes",
        "dials": "Dials" if report.dials else "", "examples": "Examples", "glossary": "Glossary",
        "origin": "How it was made",
    }  # fmt: skip
    yield tag("p", "Background reliance: a report", class_="kind")
    yield tag("h1", header.title)
    yield tag("ul", *(tag("li", fact) for fact in facts), class_="facts")
    yield tag("nav", *(tag("a", name, href=f"#{key}") for key, name in named.items() if name), aria_label="Sections")


def _section(key: str, title: str, content: Iterable[Html]) -> Html:
    return tag("section", tag("h2", title), *content, id=key)


def _matrix(report: Report) -> Iterator[Html]:
    yield tag(
        "p",
        "How often each checkpoint names the object right under each condition; what each condition shows stands in "
        "the glossary. Intervals are 95%.",
    )
    if report.matrix:
        yield figure_html(
            "matrix",
            matrix_figure(report.matrix),
            "Accuracy of each checkpoint under each condition; the same numbers stand in the table below.",
            "Accuracy by condition. The table below holds the same numbers with intervals and n.",
        )
        yield matrix_table(report.matrix, Titles.of(report.matrix))


def _measures(report: Report) -> Iterator[Html]:
    titles = Titles.of(report.rows)
    yield tag(
        "p",
        "The mark on each bar is the value, the band its 95% interval, on the whole scale of the measure. A given mask "
        "came with the picture; a predicted one was found in each very picture, as in real use.",
        class_="lead",
    )
    missing: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for row in report.rows for name in (*row.measures, *row.absent)):
        if not any(name in row.measures for row in report.rows):
            reasons = dict.fromkeys(row.absent[name] for row in report.rows if name in row.absent)
            missing.setdefault("; ".join(reasons), []).append(name)
            continue
        spec = MEASURES.get(name)
        about = None if spec is None else tag("p", tag("small", scale_words(name, spec)))
        yield tag("div", tag("h3", name), about, measure_table(name, spec, report.rows, titles), class_="measure")
    if missing:
        yield tag("h3", "Not measured")
        yield tag("ul", *(tag("li", f"– {', '.join(names)}: {why}") for why, names in missing.items()), class_="absent")


@dataclass(frozen=True, eq=False)
class _Part:
    """One checkpoint with one mask, as a section shows it: a table, and for the leading ones a figure."""

    detail: PartDetail
    table: Html | None
    figure: go.Figure | None
    why_not: str = ""


def _groups(report: Report) -> Iterator[Html]:
    yield tag("p", "Accuracy of each class in each group of places. Where there are too few samples, nothing is said.")
    parts = [
        _Part(one, None, None, one.groups)
        if isinstance(one.groups, str)
        else _Part(one, groups_table(one.groups), group_figure(one.groups) if one.leading else None)
        for one in report.details
    ]
    yield from _by_part("groups", parts, report, "Accuracy by class and place group")


def _changes(report: Report) -> Iterator[Html]:
    yield tag("p", "Accuracy of each class before and after its background is exchanged, on the same samples.")
    parts = [
        _Part(one, None, None, one.changes)
        if isinstance(one.changes, str)
        else _Part(one, changes_table(one.changes), class_change_figure(one.changes) if one.leading else None)
        for one in report.details
    ]
    yield from _by_part("classes", parts, report, "Accuracy of each class before and after")


def _by_part(key: str, parts: Sequence[_Part], report: Report, what: str) -> Iterator[Html]:
    """The leading parts with figure and table, the tables of the others behind a click, and why some are not there."""
    titles = Titles.of(report.rows)
    others: list[Html] = []
    missing: dict[str, list[str]] = {}
    for number, part in enumerate(parts):
        row = part.detail.row
        title = f"{titles.title(row.title, row.checkpoint)}, {titles.mask(row)}"
        if part.table is None:
            missing.setdefault(part.why_not, []).append(title)
        elif part.figure is None:
            others += [tag("h3", title), part.table]
        else:
            alt = f"{what}, {title}; the same numbers stand in the table below."
            drawn = figure_html(f"{key}-{number}", part.figure, alt, f"{what}.")
            yield tag("div", tag("h3", title), drawn, class_="together")
            yield part.table
    if others:
        count = len(others) // 2
        summary = f"{count} more checkpoint{'' if count == 1 else 's'} and masks"
        yield tag("details", tag("summary", summary), *others)
        yield tag("p", f"{summary}: on the screen version of this page, and in the file of numbers.", class_="on-paper")
    if missing:
        lines = (tag("li", f"– {'; '.join(who)}: {why}") for why, who in missing.items())
        yield tag("ul", *lines, class_="absent")


def _dials(report: Report) -> Iterator[Html]:
    titles = Titles.of(report.rows)
    for number, (dial, curves) in enumerate(by_dial(report.dials).items()):
        alt = f"Accuracy of each checkpoint at each level of {dial}; the same numbers stand in the table below."
        drawn = figure_html(f"dials-{number}", dial_figure(curves), alt, dial_words(dial))
        yield tag("div", tag("h3", dial[:1].upper() + dial[1:]), drawn, class_="together")
        yield dial_table(curves, titles)
