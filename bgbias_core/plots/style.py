"""What all figures share: colours and marks that stand on light and on dark ground and for every colour vision."""

from __future__ import annotations

import plotly.graph_objects as go

from bgbias_core.models import StrategyName

STRATEGY_COLOURS: dict[StrategyName, str] = {"unmasked": "#D55E00", "early": "#009E73", "late": "#4C8CC4"}
"""After Okabe and Ito: told apart with every colour vision, and at least 3:1 against off-white and near-black."""
SYMBOLS: dict[StrategyName, str] = {"unmasked": "circle", "early": "square", "late": "diamond"}
# Several backbones of one strategy share its colour and differ in their dashes.
DASHES = ("solid", "dash", "dot", "dashdot")
NEUTRAL = "#8A938E"
FAINT = "rgba(138, 147, 142, 0.25)"


def clear_ground(figure: go.Figure) -> go.Figure:
    """Let the page's own ground show through a figure, on light and on dark alike."""
    return figure.update_layout(paper_bgcolor="rgba(0, 0, 0, 0)", plot_bgcolor="rgba(0, 0, 0, 0)")
