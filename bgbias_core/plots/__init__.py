"""Results as Plotly figures, readable on light and on dark ground and by colour-blind readers."""

from bgbias_core.plots.fading import Curve, fade_figure
from bgbias_core.plots.style import STRATEGY_COLOURS

__all__ = ["STRATEGY_COLOURS", "Curve", "fade_figure"]
