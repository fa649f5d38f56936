"""What training runs have reached so far: loss, and accuracy on training samples, ID and OOD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from bgbias_core.models import StrategyName
from bgbias_core.plots.style import FAINT, STRATEGY_COLOURS, SYMBOLS, clear_ground

_DASHES = {"OOD": "solid", "ID": "dash", "training": "dot"}


@dataclass(frozen=True)
class RunCurve:
    """One training run.

    Attributes:
        title: What the legend calls it.
        strategy: Gives the colour and the marks.
        loss: (epochs done, mean training loss) in order; fractions of an epoch are allowed.
        accuracy: The same for each of ``training``, ``ID`` and ``OOD`` that is known, in [0, 1].
    """

    title: str
    strategy: StrategyName
    loss: Sequence[tuple[float, float]]
    accuracy: Mapping[str, Sequence[tuple[float, float]]]


def accuracy_figure(runs: Sequence[RunCurve], epochs: int) -> go.Figure:
    """Draw accuracies over epochs: a colour for each run's strategy; solid OOD, dashed ID, dotted training.

    Args:
        runs: Which runs.
        epochs: Where the axis ends.
    """
    figure = go.Figure()
    for number, run in enumerate(runs):
        for name, dash in _DASHES.items():
            points = run.accuracy.get(name, ())
            if points:
                line = {"dash": dash, "width": 3 if name == "OOD" else 2}
                _add(figure, run, points, line, number, name, "%{y:.1%}")
    _axes(figure, epochs, "Accuracy")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def loss_figure(runs: Sequence[RunCurve], epochs: int) -> go.Figure:
    """Draw the mean training loss over epochs.

    Args:
        runs: Which runs.
        epochs: Where the axis ends.
    """
    figure = go.Figure()
    for number, run in enumerate(runs):
        if run.loss:
            _add(figure, run, run.loss, {"width": 2.5}, number, "loss", "%{y:.3f}")
    _axes(figure, epochs, "Training loss")
    figure.update_yaxes(rangemode="tozero")
    return figure


def _add(
    figure: go.Figure,
    run: RunCurve,
    points: Sequence[tuple[float, float]],
    line: Mapping[str, Any],
    group: int,
    what: str,
    number: str,
) -> None:
    colour = STRATEGY_COLOURS[run.strategy]
    at_epochs = what in {"OOD", "ID"}
    figure.add_scatter(
        x=[epoch for epoch, _ in points],
        y=[value for _, value in points],
        name=f"{run.title}: {what}",
        legendgroup=str(group),
        mode="lines+markers" if at_epochs else "lines",
        line={"color": colour, **line},
        marker={"symbol": SYMBOLS[run.strategy], "size": 8 if what == "OOD" else 6},
        hovertemplate=number + "<extra>%{fullData.name}</extra>",
    )


def _axes(figure: go.Figure, epochs: int, title: str) -> None:
    # Whole epochs, and no more of them than fit on a narrow screen.
    figure.update_xaxes(range=[0, epochs * 1.02], title="Epoch", dtick=max(1, -(-epochs // 8)), showgrid=False)
    figure.update_yaxes(title=title, gridcolor=FAINT, zeroline=False)
    figure.update_layout(
        height=300 + 13 * len(figure.data),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        showlegend=True,
        uirevision="same",  # a reader's zoom survives the next refresh
    )
    clear_ground(figure)
