"""Results as Plotly figures, readable on light and on dark ground and by colour-blind readers."""

from bgbias_core.plots.comparison import Dots, comparison_figure
from bgbias_core.plots.fading import Curve, fade_figure
from bgbias_core.plots.style import STRATEGY_COLOURS
from bgbias_core.plots.training import RunCurve, accuracy_figure, loss_figure

__all__ = [
    "STRATEGY_COLOURS",
    "Curve",
    "Dots",
    "RunCurve",
    "accuracy_figure",
    "comparison_figure",
    "fade_figure",
    "loss_figure",
]
