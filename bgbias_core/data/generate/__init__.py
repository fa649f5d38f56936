"""Making data sets: Waterbirds with any places and labels, and the twin sets of one condition."""

from bgbias_core.data.generate.labels import COMPAT, FIXED, is_water_bird, label_classes
from bgbias_core.data.generate.plan import PUBLISHED_GROUPS, Draws, PlaceGroup, count_groups, draw
from bgbias_core.data.generate.twins import make_twins
from bgbias_core.data.generate.waterbirds import WaterbirdsPlan, make_waterbirds, plan_waterbirds
from bgbias_core.data.generate.writing import PROVENANCE, Written

__all__ = [
    "COMPAT",
    "FIXED",
    "PROVENANCE",
    "PUBLISHED_GROUPS",
    "Draws",
    "PlaceGroup",
    "WaterbirdsPlan",
    "Written",
    "count_groups",
    "draw",
    "is_water_bird",
    "label_classes",
    "make_twins",
    "make_waterbirds",
    "plan_waterbirds",
]
