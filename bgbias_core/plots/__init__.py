"""Results as Plotly figures, readable on light and on dark ground and by colour-blind readers."""

from bgbias_core.plots.dials import dial_figure
from bgbias_core.plots.fading import Curve, fade_figure
from bgbias_core.plots.groups import class_change_figure, group_figure, worst_group
from bgbias_core.plots.matrix import matrix_figure
from bgbias_core.plots.style import STRATEGY_COLOURS
from bgbias_core.plots.training import RunCurve, accuracy_figure, loss_figure

__all__ = [
    "STRATEGY_COLOURS",
    "Curve",
    "RunCurve",
    "accuracy_figure",
    "class_change_figure",
    "dial_figure",
    "fade_figure",
    "group_figure",
    "loss_figure",
    "matrix_figure",
    "worst_group",
]
