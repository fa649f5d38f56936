"""Figures of trainings: OOD, ID and training stay apart, strategies keep their colours, fractions are drawn."""

from __future__ import annotations

import pytest

from bgbias_core.plots import STRATEGY_COLOURS, RunCurve, accuracy_figure, loss_figure

UNMASKED = RunCurve(
    "Unmasked",
    "unmasked",
    [(1, 2.0), (1.5, 1.4)],
    {"training": [(1, 0.3), (1.5, 0.5)], "ID": [(1, 0.6)], "OOD": [(1, 0.2)]},
)
EARLY = RunCurve("Early", "early", [(1, 2.2)], {"training": [(1, 0.2)], "ID": [(1, 0.4)]})


def test_each_accuracy_of_each_run_is_one_line() -> None:
    figure = accuracy_figure([UNMASKED, EARLY], 3)
    drawn = {trace.name: trace for trace in figure.data}
    assert set(drawn) == {
        "Unmasked: OOD", "Unmasked: ID", "Unmasked: training", "Early: ID", "Early: training",
    }  # fmt: skip
    assert drawn["Unmasked: OOD"].line.dash == "solid"
    assert len({drawn[f"Unmasked: {name}"].line.dash for name in ("OOD", "ID", "training")}) == 3
    assert drawn["Early: ID"].line.color == STRATEGY_COLOURS["early"]
    assert tuple(drawn["Unmasked: training"].x) == (1, 1.5)
    assert tuple(drawn["Unmasked: training"].y) == (0.3, 0.5)


def test_loss_is_drawn_for_every_run_that_has_one() -> None:
    figure = loss_figure([UNMASKED, RunCurve("Late", "late", [], {})], 3)
    assert [trace.name for trace in figure.data] == ["Unmasked: loss"]
    assert tuple(figure.data[0].y) == (2.0, 1.4)


@pytest.mark.parametrize(("epochs", "step"), [(1, 1), (8, 1), (9, 2), (90, 12)])
def test_epochs_are_whole_and_few(epochs: int, step: int) -> None:
    assert accuracy_figure([UNMASKED], epochs).layout.xaxis.dtick == step
