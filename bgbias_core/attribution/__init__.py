"""Which pixels, cells or players earned an answer, and how much of that lies on the background."""

from bgbias_core.attribution.attribute import attribute
from bgbias_core.attribution.contract import Attribution, Level
from bgbias_core.attribution.methods import METHODS, MethodSpec
from bgbias_core.attribution.picture import colours, outlined, overlay
from bgbias_core.attribution.shares import MeanShare, ShareDifference, Shares, measure_shares

__all__ = [
    "METHODS",
    "Attribution",
    "Level",
    "MeanShare",
    "MethodSpec",
    "ShareDifference",
    "Shares",
    "attribute",
    "colours",
    "measure_shares",
    "outlined",
    "overlay",
]
