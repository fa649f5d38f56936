"""An evaluation as tables of measures, a paired verdict and a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import BgBiasError
from bgbias_core.masks import mask_words
from pages.components.evaluation_picker import read_evaluation, version_of
from pages.components.measured import figure_cell
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.evaluation import Comparison, SummaryRow
    from bgbias_core.evaluation.matrices import MatrixRow

Titles = Mapping[str, tuple[str, str]]
SUMMARY: Titles = {
    "accuracy ID": ("Right in the usual places", "accuracy ID"),
    "accuracy OOD": ("Right in random places", "accuracy OOD"),
    "ID–OOD gap": ("Lost between the two", "ID–OOD gap, in points"),
    "flip rate": ("Name changes with the place", "flip rate"),
    "worst-group accuracy": ("Right in its worst group", "worst-group accuracy OOD"),
}
"""The columns in short, on Aviary: measures, what each means, and its name."""
RELIANCE: Titles = {
    "ID–OOD gap": ("Lost in random places", "ID–OOD gap, in points"),
    "foreign-scene drop": ("Lost on foreign scenes", "foreign-scene drop, in points"),
    "BG-Gap": ("Lost on other classes’ backgrounds", "BG-Gap, in points"),
    "flip rate": ("Name changes with the background", "flip rate"),
    "probability lost": ("Lost by its first answer", "probability, in points"),
    "challenge accuracy": ("Right on every background", "challenge accuracy"),
    "RFS": ("Hurt more by noise on the object", "RFS, from −1 to 1"),
    "Shapley background share": ("What the background decides", "two-player Shapley share"),
}
"""How much hangs on the background."""
RELIABILITY: Titles = {
    "worst-group accuracy": ("Right in its worst group", "worst-group accuracy"),
    "plain average": ("Average of all pictures", "plain average"),
    "adjusted average accuracy (train-weighted)": ("Average weighted as in training", "adjusted average accuracy"),
    "group average (unweighted)": ("Average of the groups", "group average (unweighted)"),
    "ECE ID": ("Off in its confidence, usual places", "calibration error, ECE ID"),
    "ECE OOD": ("Off in its confidence, random places", "calibration error, ECE OOD"),
    "ECE original": ("Off in its confidence, photographs", "calibration error, ECE original"),
    "ECE foreign scene": ("Off in its confidence, foreign scenes", "calibration error, ECE foreign scene"),
}
"""How evenly it is right, and whether it knows."""
CSV_COLUMNS = (
    "checkpoint", "title", "strategy", "mask source", "masker", "lifted by", "measure", "value", "low", "high", "n",
    "interval", "note",
)  # fmt: skip
_POINTS = ("ID–OOD gap", "foreign-scene drop", "BG-Gap", "probability lost")
_WORST = (
    " The **worst group** is one species in one group of places: the lowest of all that have at least 20 birds. Chosen "
    "for being the lowest, it looks a little worse than it is."
)


def looking(row: SummaryRow | MatrixRow) -> str:
    """Which mask a row's checkpoint looks at, and where that is another one, which one cut the objects out."""
    cut = f"; objects cut out with the {row.lifted_by} mask" if row.lifted_by not in {"", row.mask_source} else ""
    return f"{mask_words(row.mask_source, row.masker)}{cut}"


def row_titles(rows: Sequence[SummaryRow] | Sequence[MatrixRow]) -> list[str]:
    """One text for each row, all different: title and mask, and the name where titles are shared."""
    from bgbias_core.plots.cells import shared_titles

    shared = shared_titles(rows)
    return [f"{row.title}{f' ({row.checkpoint})' if row.title in shared else ''}, {looking(row)}" for row in rows]


def table_html(rows: Sequence[SummaryRow], columns: Titles, noun: str) -> str:
    """The measures as a table; why one is absent stands once below it, under a number.

    Args:
        rows: One for each checkpoint and mask, those of one checkpoint together.
        columns: Title and name by measure; a measure that no row has is left out, and the reason told below.
        noun: What n counts.

    Returns:
        HTML in which every text is escaped; of no table but the reasons where no row has any of the measures.
    """
    shown = [measure for measure in columns if any(measure in row.measures for row in rows)]
    if not shown:
        return _footnotes(rows, columns, shown, {})
    reasons: dict[str, int] = {}
    lines, before = "", ""
    for row in rows:
        cells = "".join(_cell(row, measure, reasons) for measure in shown)
        title = escape(row.title) if row.checkpoint != before else f'<span class="spoken">{escape(row.title)}</span>'
        begins = ' class="begins"' if row.checkpoint != before else ""
        label = f'<th scope="row" class="label">{title}<small>{escape(looking(row))}</small></th>'
        lines += f"<tr{begins}>{label}{cells}</tr>"
        before = row.checkpoint
    heads = "".join(
        f'<th scope="col">{escape(columns[measure][0])}<small>{escape(columns[measure][1])}</small></th>'
        for measure in shown
    )
    return (
        '<div class="measured compared" role="region" tabindex="0" aria-label="Measures of each checkpoint"><table>'
        f"<caption>Measures of each checkpoint with 95% intervals and the number of {escape(noun)}</caption>"
        f'<thead><tr><th scope="col" class="label">Checkpoint</th>{heads}</tr></thead><tbody>{lines}</tbody></table>'
        f"</div>{_footnotes(rows, columns, shown, reasons)}"
    )


def _cell(row: SummaryRow, measure: str, reasons: dict[str, int]) -> str:
    found = row.measures.get(measure)
    if found is not None:
        unit = " points" if measure in _POINTS else "" if measure == "RFS" else "%"
        cell = found.note.partition(", chosen as")[0] if measure == "worst-group accuracy" else ""
        return figure_cell(found, unit=unit, note=cell)
    number = reasons.setdefault(row.absent.get(measure, "not measured"), len(reasons) + 1)
    return f"<td>– <sup>{number}</sup></td>"


def _footnotes(rows: Sequence[SummaryRow], columns: Titles, shown: Sequence[str], reasons: Mapping[str, int]) -> str:
    notes = [f"<sup>{number}</sup> {escape(reason)}" for reason, number in reasons.items()]
    left_out: dict[str, list[str]] = {}
    for measure, (title, name) in columns.items():
        why = dict.fromkeys(row.absent[measure] for row in rows if measure in row.absent)
        told = "; ".join(reason for reason in why if reason not in reasons)
        if measure not in shown and told:
            left_out.setdefault(told, []).append(f"{title} ({name})")
    notes += [f"Left out: {escape(', '.join(names))}: {escape(told)}" for told, names in left_out.items()]
    return f'<p class="notes">{"<br>".join(notes)}</p>' if notes else ""


def comparison_csv(rows: Sequence[SummaryRow]) -> bytes:
    """Every measure of every row; one that is absent has no value, and the reason as its note."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        head = (row.checkpoint, row.title, row.strategy, row.mask_source, row.masker, row.lifted_by)
        for measure, found in row.measures.items():
            numbers = (f"{found.value:.6f}", f"{found.low:.6f}", f"{found.high:.6f}", found.n)
            writer.writerow((*head, measure, *numbers, found.interval, found.note))
        for measure, reason in row.absent.items():
            writer.writerow((*head, measure, "", "", "", "", "", reason))
    return buffer.getvalue().encode()


def show_table(rows: Sequence[SummaryRow]) -> None:
    """The measures of an evaluation on Aviary in short, what their marks mean, and the button that saves all."""
    st.html(table_html(rows, SUMMARY, "birds"))
    st.caption(legend("birds") + _worst_words(rows))
    _show_csv(rows)


def show_measures(rows: Sequence[SummaryRow], *, aviary: bool) -> None:
    """All measures but the accuracies by condition, what each is exactly, and the button that saves all."""
    noun = "birds" if aviary else "photographs"
    st.subheader("How much hangs on the background")
    st.html(table_html(rows, RELIANCE, noun))
    st.subheader("How evenly it is right, and whether it knows")
    st.html(table_html(rows, RELIABILITY, noun))
    if told := _worst_words(rows):
        st.caption(told)
    _show_csv(rows)
    with st.expander("What each measure is", icon=":material/menu_book:"):
        st.markdown(_definitions(rows))


def _definitions(rows: Sequence[SummaryRow]) -> str:
    from bgbias_core.report.glossary import define
    from bgbias_core.report.words import scale_words

    return "\n\n".join(
        f"**{plain(one.name)}.** {plain(one.definition)} {plain(scale_words(one.name, one))} "
        f":gray[{plain(one.reference)}]"
        for one in define(rows)
        if one.name in (*RELIANCE, *RELIABILITY)
    )


def legend(noun: str) -> str:
    """What the marks of a table mean."""
    return (
        "Bars run from 0 to 100; the mark across a bar and the two small numbers are the 95% interval; n counts "
        f"{noun}. A **given** mask came with the picture; a **predicted** one was found in each very picture, as in "
        "real use."
    )


def _worst_words(rows: Sequence[SummaryRow]) -> str:
    return _WORST if any("worst-group accuracy" in row.measures for row in rows) else ""


def _show_csv(rows: Sequence[SummaryRow]) -> None:
    st.download_button(
        "Table (CSV)",
        lambda: comparison_csv(rows),
        "comparison.csv",
        "text/csv",
        icon=":material/table:",
        on_click="ignore",
        key="download_comparison",
        help="Every measure of every row, with interval, n and notes.",
    )


def show_verdict(name: str, rows: Sequence[SummaryRow]) -> None:
    """Two rows on the very same samples: is one better, and is that clear?

    Args:
        name: The evaluation's name.
        rows: Its rows.
    """
    from bgbias_core.evaluation.pairs import COMPARABLE

    titles = row_titles(rows)
    first_index, second_index = _usual_pair(rows)
    left, right, what = st.columns([3, 3, 2])
    first = left.selectbox("First", range(len(rows)), index=first_index, format_func=titles.__getitem__, key="first")
    second = right.selectbox(
        "Second", range(len(rows)), index=second_index, format_func=titles.__getitem__, key="second"
    )
    either = rows[first].measures.keys() | rows[second].measures.keys()
    measures = [measure for measure in COMPARABLE if measure in either]
    usual = next((one for one in ("accuracy OOD", "flip rate") if one in measures), None)
    measure = what.selectbox(
        "Measure", measures, index=0 if usual is None else measures.index(usual), key=f"measure_{'_'.join(measures)}"
    )
    if first == second:
        st.info("Choose two different rows.")
        return
    if measure is None:
        st.info("The two have no measure in common; choose others.")
        return
    show_pair(name, rows[first], rows[second], measure)


def show_pair(name: str, first: SummaryRow, second: SummaryRow, measure: str) -> None:
    """Two rows of an evaluation on the very same samples, in one sentence.

    Args:
        name: The evaluation's name.
        first: One of its rows.
        second: Another.
        measure: One of ``COMPARABLE``.
    """
    one, other = ((row.checkpoint, row.mask_source, row.lifted_by) for row in (first, second))
    try:
        compared = _compared(name, version_of(name), one, other, measure)
    except BgBiasError as error:
        st.info(plain(str(error)), icon=":material/block:")
        return
    if compared.clear:
        st.info(plain(compared.sentence), icon=":material/balance:")
    else:
        st.container(border=True).markdown(f":gray[:material/balance: {plain(compared.sentence)}]")


def _usual_pair(rows: Sequence[SummaryRow]) -> tuple[int, int]:
    """Early with predicted masks against unmasked on the same composites, where both are there."""
    early = next((i for i, row in enumerate(rows) if (row.strategy, row.mask_source) == ("early", "predicted")), 0)
    cut = rows[early].lifted_by
    unmasked = [i for i, row in enumerate(rows) if row.strategy == "unmasked" and i != early and row.lifted_by == cut]
    return (early, unmasked[0]) if unmasked else (0, min(1, len(rows) - 1))


@st.cache_data(max_entries=64, show_spinner="Comparing …")
def _compared(
    name: str, key: int, first: tuple[str, str, str], second: tuple[str, str, str], measure: str
) -> Comparison:
    from bgbias_core.evaluation import compare_pair

    return compare_pair(read_evaluation(name), first, second, measure)
