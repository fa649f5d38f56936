"""The two tables of Compare strategies: every number with interval and n, every reason once, every text escaped."""

from __future__ import annotations

import csv
import io
from typing import Any

from bgbias_core.evaluation import Measured, SummaryRow
from bgbias_core.evaluation.parts import AVIARY_MEASURES, PHOTOGRAPH_MEASURES
from pages.components.comparison import RELIABILITY, RELIANCE, SUMMARY, comparison_csv, row_titles, table_html
from pages.components.seen_grid import SeenCell, SeenRow, seen_html
from tests.pages.tables import Table


def test_a_cell_tells_changed_wrong_and_nothing_found_and_escapes_names() -> None:
    cells = [
        SeenCell("data:,a", "a", "<b>gull</b>", 0.5, None, right=True),
        SeenCell("data:,b", "b", "jay", 0.25, changed=True, right=False),
        SeenCell("data:,c", "c", "", float("nan"), None, None),
    ]
    text = seen_html(["Original", "Sea", "Snow"], [SeenRow("<i>Late", "given mask", "", cells)], "A gull")
    assert "<i>" not in text
    assert Table(text).rows[1] == [
        "<i>Lategiven mask",
        "<b>gull</b> 50%right",
        "jay 25%✗ changed · wrong",
        "no object found",
    ]


def measured(value: float, note: str = "") -> Measured:
    return Measured("accuracy", "OOD", "none", "", value, value - 0.125, value + 0.125, 300, "wilson", note)


def row(name: str, source: str, *, lifted_by: str = "", title: str = "Small", **changes: Any) -> SummaryRow:
    masker = "grabcut" if source == "predicted" else ""
    return SummaryRow(name, title, "late", source, masker, lifted_by, 300, **changes)


class TestTable:
    ROWS = (
        row("a", "given", measures={"accuracy OOD": measured(0.5)}, absent={"flip rate": "0 by <construction>"}),
        row("a", "predicted", measures={"ID–OOD gap": measured(-0.0625)}, absent={"flip rate": "0 by <construction>"}),
        row("b", "none", measures={"worst-group accuracy": measured(0.25, "wren at sea, chosen as the lowest of 6")}),
    )

    def test_every_number_has_its_interval_and_n(self) -> None:
        head, first, second, third = Table(table_html(self.ROWS, SUMMARY, "birds")).rows
        assert len(head) == 4, "columns that nobody has are left out"
        assert first[1] == "50.0% 37.5–62.5, n = 300"
        assert second[2] == "−6.2 points −18.8 to 6.2, n = 300"
        assert third[3] == "25.0% 12.5–37.5, n = 300wren at sea"
        assert "predicted mask (GrabCut)" in second[0]
        assert "looks at no mask" in third[0]

    def test_a_reason_stands_once(self) -> None:
        text = table_html(self.ROWS, SUMMARY, "birds")
        assert text.count("0 by &lt;construction&gt;") == 1
        assert "Left out: Name changes with the place (flip rate): 0 by" in text
        rows = [row("a", "none", absent={"flip rate": "no scenes", "ID–OOD gap": "no scenes", "accuracy ID": "other"})]
        assert (
            "Left out: Lost between the two (ID–OOD gap, in points), Name changes with the place (flip rate): no"
            in (table_html(rows, SUMMARY, "birds"))
        )

    def test_of_measures_that_nobody_has_only_the_reasons_stand_there(self) -> None:
        few = [row("a", "given", absent={"ECE ID": "too few to say (n = 9)"})]
        text = table_html(few, RELIABILITY, "birds")
        assert "<table>" not in text
        assert "too few to say (n = 9)" in text

    def test_an_index_is_no_share_of_a_hundred(self) -> None:
        rows = [row("a", "none", measures={"RFS": measured(-0.25)})]
        [_, line] = Table(table_html(rows, RELIANCE, "birds")).rows
        assert line[1] == "−0.25 −0.38 to −0.12, n = 300"

    def test_every_measure_has_its_column(self) -> None:
        by_condition = {name for name in (*AVIARY_MEASURES, *PHOTOGRAPH_MEASURES) if name.startswith("accuracy")}
        assert {*RELIANCE, *RELIABILITY} == {*AVIARY_MEASURES, *PHOTOGRAPH_MEASURES} - by_condition

    def test_titles_differ_where_two_checkpoints_share_one(self) -> None:
        assert row_titles(self.ROWS[:2]) == ["Small, given mask", "Small, predicted mask (GrabCut)"]
        assert len(set(row_titles([*self.ROWS, row("c", "none")]))) == 4

    def test_the_csv_holds_every_measure_and_every_reason(self) -> None:
        lines = list(csv.DictReader(io.StringIO(comparison_csv(self.ROWS).decode())))
        assert [line["measure"] for line in lines] == [
            "accuracy OOD", "flip rate", "ID–OOD gap", "flip rate", "worst-group accuracy",
        ]  # fmt: skip
        assert (lines[0]["value"], lines[0]["low"], lines[0]["high"], lines[0]["n"]) == (
            "0.500000", "0.375000", "0.625000", "300",
        )  # fmt: skip
        assert (lines[1]["value"], lines[1]["note"]) == ("", "0 by <construction>")
        assert (lines[2]["mask source"], lines[2]["masker"]) == ("predicted", "grabcut")
