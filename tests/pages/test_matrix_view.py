"""The matrix of conditions: every number with interval and n, identities and silences in words, texts escaped."""

from __future__ import annotations

from bgbias_core.conditions import CONDITIONS
from bgbias_core.evaluation.matrices import Cell, MatrixRow
from pages.components.matrix_view import SHOWS, matrix_html
from tests.pages.tables import Table

FEW = Cell(None, None, None, 3, "too few to say (n = 3)")


def cell(value: float, n: int = 300, note: str = "") -> Cell:
    return Cell(value, value - 0.125, value + 0.125, n, note)


def row(name: str, source: str, *cells: Cell, title: str = "Small") -> MatrixRow:
    conditions = ("ID", "OOD", "Noise-FG")
    masker = "grabcut" if source == "predicted" else ""
    return MatrixRow(name, title, "early", source, masker, "", dict(zip(conditions, cells, strict=True)))


ROWS = (
    row("a", "none", cell(0.75, 1500), cell(0.25), FEW, title="<i>Plain"),
    row("b", "given", cell(0.5), cell(0.5), cell(0.375)),
    row("b", "predicted", cell(0.5), cell(0.375, note="3 scenes"), FEW),
)


def test_every_number_has_its_interval_and_n_and_every_row_its_mask() -> None:
    text = matrix_html(ROWS, frozenset(), "birds")
    assert "<i>Plain" not in text
    head, first, second, third = Table(text).rows
    assert head[1] == f"ID{SHOWS['ID']}"
    assert first == ["<i>Plainlooks at no mask", "75.0% 62.5–87.5, n = 1,500", "25.0% 12.5–37.5, n = 300", FEW.note]
    assert second[0] == "Smallgiven mask"
    assert third[0] == "Smallpredicted mask (GrabCut)"
    assert third[2].endswith("3 scenes")


def test_identities_are_marked_where_pixels_cannot_differ() -> None:
    _, _, given, predicted = Table(matrix_html(ROWS, frozenset("b"), "birds")).rows
    assert [text.endswith("the same pixels") for text in given[1:]] == [False, True, False], "noise changes the object"
    assert not any("same pixels" in text for text in predicted)


def test_many_rows_scroll_within_themselves() -> None:
    assert "conditions tall" in matrix_html(ROWS * 5, frozenset(), "birds")
    assert "conditions tall" not in matrix_html(ROWS, frozenset(), "birds")


def test_every_condition_is_told() -> None:
    assert {spec.title for spec in CONDITIONS.values()} <= SHOWS.keys()
