"""Masks: one contract for everything that says where the object is, and the tools that mend a mask."""

from bgbias_core.masks.contract import Box, Masker, MaskResult, Source, check_box
from bgbias_core.masks.files import from_file, given
from bgbias_core.masks.grabcut import GrabCut
from bgbias_core.masks.maskers import DEFAULT_MASKER, MASKERS, MaskerSpec, load_masker

__all__ = [
    "DEFAULT_MASKER",
    "MASKERS",
    "Box",
    "GrabCut",
    "MaskResult",
    "Masker",
    "MaskerSpec",
    "Source",
    "check_box",
    "from_file",
    "given",
    "load_masker",
]
