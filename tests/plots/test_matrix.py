"""Fields of accuracies: known values land in their cells, with interval and n; what cannot be said is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bgbias_core.plots import matrix_figure
from bgbias_core.plots.heat import DARK_INK, LADDER, LIGHT_INK, ink_on
from tests.plots.cells import FEW, cell, row
from tests.plots.test_fading import luminance

ROWS = [row("a", "none", ID=cell(0.75, 1500), OOD=cell(0.25)), row("a", "given", ID=cell(0.5), OOD=FEW)]


def test_values_land_in_their_cells() -> None:
    field, *_ = matrix_figure(ROWS).data
    assert [list(line) for line in field.z] == [[0.75, 0.25], [0.5, None]]
    assert list(field.y) == [0, -1], "the first row is on top"
    assert field.hovertext[0][0] == "<b>Small, looks at no mask</b><br>ID: 75.0% (62.5–87.5), n = 1,500"
    assert field.hovertext[1][1].endswith("OOD: too few to say (n = 3)")


def test_numbers_with_interval_and_n_stand_on_the_cells_and_words_where_there_is_none() -> None:
    _, said, silent = matrix_figure(ROWS).data
    assert [(x, y) for x, y in zip(said.x, said.y, strict=True)] == [(0, 0), (1, 0), (0, -1)]
    assert "75.0%" in said.text[0]
    assert "62.5–87.5" in said.text[0]
    assert "n = 1,500" in said.text[0]
    assert (silent.x[0], silent.y[0], silent.text[0]) == (1, -1, "too few<br>to say")


def test_every_row_names_its_mask_and_shared_titles_their_checkpoint() -> None:
    rows = [*ROWS, row("b", "predicted", "<b>Other", ID=cell(0.5), OOD=cell(0.5)), row("c", "none", ID=FEW, OOD=FEW)]
    assert [note.text for note in matrix_figure(rows).layout.annotations] == [
        "Small (a), looks at no mask",
        "Small (a), given mask",
        "&lt;b&gt;Other, predicted mask",
        "Small (c), looks at no mask",
    ]


def test_rows_that_differ_in_what_cut_their_objects_out_say_so() -> None:
    rows = [replace(row("a", "none", ID=cell(0.5)), lifted_by=lift) for lift in ("given", "predicted")]
    titles = [note.text for note in matrix_figure(rows).layout.annotations]
    assert [title.replace("<br>", " ").partition(", cut")[2] for title in titles] == [
        " out with the given mask",
        " out with the predicted mask",
    ]
    assert max(len(line) for title in titles for line in title.split("<br>")) <= 50, "a phone is no wider"
    assert "cut out" not in matrix_figure(rows[:1]).layout.annotations[0].text


def test_many_conditions_leave_the_intervals_to_the_hover() -> None:
    cells = {f"condition {number}": cell(0.5) for number in range(9)}
    _, said, _ = matrix_figure([row("a", "none", **cells)]).data
    assert list(said.text) == ["50"] * 9


@pytest.mark.parametrize("percent", range(0, 101, 5))
def test_the_ink_stands_out_from_every_ground(percent: int) -> None:
    from plotly.colors import sample_colorscale, unlabel_rgb

    [ground] = sample_colorscale([list(step) for step in LADDER], [percent / 100])
    colour = "#" + "".join(f"{round(channel):02x}" for channel in unlabel_rgb(ground))
    ink = ink_on(percent / 100)
    assert ink in {DARK_INK, LIGHT_INK}
    darker, lighter = sorted((luminance(colour), luminance(ink)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
