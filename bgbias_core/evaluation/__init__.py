"""Predicting, measuring, and saying how sure the measured numbers are."""

from bgbias_core.evaluation.aviary import N_PREDICTED, N, common_correlation, evaluate_on_aviary
from bgbias_core.evaluation.composites import ALL, MIXED, Scene, draw_scenes
from bgbias_core.evaluation.curves import DialCurve, Point, dial_curves
from bgbias_core.evaluation.definitions import MEASURES, MeasureSpec
from bgbias_core.evaluation.dials import DIALS, MASK_QUALITY, OBJECT_SIZE
from bgbias_core.evaluation.doubt import DOUBTED_SHARE, doubtful_below, highest_probabilities, is_doubtful
from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap, wilson
from bgbias_core.evaluation.matrices import (
    Cell,
    ClassChange,
    GroupMatrix,
    MatrixRow,
    class_changes,
    condition_matrix,
    group_matrix,
)
from bgbias_core.evaluation.measures import Measured, SummaryRow, card_metrics, summarise
from bgbias_core.evaluation.paired import paired_difference
from bgbias_core.evaluation.pairs import COMPARABLE, Comparison, compare_pair
from bgbias_core.evaluation.photographs import BOTH, PHOTOGRAPHS, evaluate_on_photographs
from bgbias_core.evaluation.predict import Prediction, network_input, predict_probabilities, top_predictions
from bgbias_core.evaluation.results import (
    Evaluation,
    EvaluationListing,
    Header,
    find_evaluation,
    list_evaluations,
    load_evaluation,
    seal_of,
)
from bgbias_core.evaluation.shapley import (
    Coalitions,
    Shapley,
    aviary_coalitions,
    photograph_coalitions,
    shapley_batch,
    shapley_values,
)
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
from bgbias_core.evaluation.table import COLUMNS

__all__ = [
    "ALL",
    "BOTH",
    "COLUMNS",
    "COMPARABLE",
    "DIALS",
    "DOUBTED_SHARE",
    "MASK_QUALITY",
    "MEASURES",
    "MIXED",
    "NO_OBJECT",
    "N_PREDICTED",
    "OBJECT_SIZE",
    "ORIGINAL",
    "PHOTOGRAPHS",
    "Cell",
    "ClassChange",
    "Coalitions",
    "Comparison",
    "DialCurve",
    "Evaluation",
    "EvaluationListing",
    "GroupMatrix",
    "Header",
    "Interval",
    "MatrixRow",
    "MeasureSpec",
    "Measured",
    "N",
    "Point",
    "Prediction",
    "Presentation",
    "Scene",
    "Shapley",
    "SummaryRow",
    "Verdict",
    "aviary_coalitions",
    "card_metrics",
    "changed",
    "class_changes",
    "cluster_bootstrap",
    "common_correlation",
    "compare_pair",
    "condition_matrix",
    "confidence",
    "dial_curves",
    "doubtful_below",
    "draw_scenes",
    "evaluate_on_aviary",
    "evaluate_on_photographs",
    "find_evaluation",
    "group_matrix",
    "highest_probabilities",
    "is_doubtful",
    "judge",
    "list_evaluations",
    "load_evaluation",
    "network_input",
    "paired_difference",
    "photograph_coalitions",
    "predict_probabilities",
    "present",
    "present_fade",
    "seal_of",
    "shapley_batch",
    "shapley_values",
    "summarise",
    "top_predictions",
    "wilson",
]
