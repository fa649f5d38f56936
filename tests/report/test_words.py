"""Rows of a report can be told apart."""

from __future__ import annotations

from bgbias_core.evaluation import SummaryRow
from bgbias_core.report.words import Titles


def row(checkpoint: str, title: str, mask_source: str, lifted_by: str = "", masker: str = "") -> SummaryRow:
    return SummaryRow(checkpoint, title, "early", mask_source, masker, lifted_by, 1)


def test_names_are_told_where_titles_are_shared() -> None:
    rows = [row("one", "Same", "none"), row("two", "Same", "none"), row("three", "Other", "none")]
    titles = Titles.of(rows)
    assert [titles.title(one.title, one.checkpoint) for one in rows] == ["Same (one)", "Same (two)", "Other"]


def test_cuts_are_told_where_there_are_several() -> None:
    one_cut = [row("one", "A", "none", "given"), row("two", "B", "predicted", "given", "somebody")]
    assert [Titles.of(one_cut).mask(one) for one in one_cut] == ["looks at no mask", "predicted mask (somebody)"]
    both = [row("one", "A", "given", "given"), row("one", "A", "predicted", "predicted", "somebody")]
    assert [Titles.of(both).mask(one) for one in both] == [
        "given mask; objects cut out with the given mask",
        "predicted mask (somebody); objects cut out with the predicted mask",
    ]
