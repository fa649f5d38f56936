"""What becomes of each classifier's first answer while the background fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bgbias_core.models import StrategyName
from bgbias_core.plots.style import DASHES, FAINT, NEUTRAL, STRATEGY_COLOURS, SYMBOLS, clear_ground


@dataclass(frozen=True)
class Curve:
    """One classifier's probability along the fading background.

    Attributes:
        title: What the legend calls it.
        strategy: Gives the colour and the marks.
        name: The class whose probability is followed.
        values: In [0, 1], one for each amount; NaN where no object was found.
    """

    title: str
    strategy: StrategyName
    name: str
    values: Sequence[float]


def fade_figure(amounts: Sequence[float], curves: Sequence[Curve], chosen: float, scene: str) -> go.Figure:
    """Draw what becomes of each classifier's first answer while the background fades to another scene.

    Args:
        amounts: In [0, 1], ascending: 0 = own background, 0.5 = plain grey, 1 = the scene.
        curves: One for each classifier.
        chosen: The amount that is shown as a picture beside the figure.
        scene: The scene's title.
    """
    figure = go.Figure()
    seen: dict[StrategyName, int] = {}
    for curve in curves:
        dash = DASHES[seen.setdefault(curve.strategy, 0) % len(DASHES)]
        seen[curve.strategy] += 1
        colour = STRATEGY_COLOURS[curve.strategy]
        figure.add_scatter(
            x=list(amounts),
            y=list(curve.values),
            name=f"{curve.title}: {curve.name}",
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": SYMBOLS[curve.strategy], "size": 7},
            hovertemplate="%{y:.0%}<extra>%{fullData.name}</extra>",
        )
    figure.add_vline(x=chosen, line={"color": NEUTRAL, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(
        range=[-0.02, 1.02],
        tickvals=[0, 0.5, 1],
        ticktext=["own background", "plain grey", "new scene"],
        title=f"The background fades to: {scene}",
        showgrid=False,
    )
    figure.update_yaxes(
        range=[-0.02, 1.02], tickformat=".0%", title="Probability of its first answer", gridcolor=FAINT, zeroline=False
    )
    figure.update_layout(
        hovermode="x unified",
        height=340 + 18 * len(curves),  # on a narrow screen the legend takes a row for each curve
        margin={"l": 8, "r": 32, "t": 8, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    return clear_ground(figure)
