"""Predicting, measuring, and saying how sure the measured numbers are."""

from bgbias_core.evaluation.aviary import N_PREDICTED, N, evaluate_aviary
from bgbias_core.evaluation.flips import FlipCount, Photograph, count_flips, draw_photographs, draw_scenes
from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap, paired_difference, wilson
from bgbias_core.evaluation.predict import Prediction, network_input, predict_probabilities, top_predictions
from bgbias_core.evaluation.swaps import (
    NO_OBJECT,
    ORIGINAL,
    Presentation,
    Verdict,
    changed,
    confidence,
    judge,
    present,
    present_fade,
)

__all__ = [
    "NO_OBJECT",
    "N_PREDICTED",
    "ORIGINAL",
    "FlipCount",
    "Interval",
    "N",
    "Photograph",
    "Prediction",
    "Presentation",
    "Verdict",
    "changed",
    "cluster_bootstrap",
    "confidence",
    "count_flips",
    "draw_photographs",
    "draw_scenes",
    "evaluate_aviary",
    "judge",
    "network_input",
    "paired_difference",
    "predict_probabilities",
    "present",
    "present_fade",
    "top_predictions",
    "wilson",
]
