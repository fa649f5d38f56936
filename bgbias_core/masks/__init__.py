"""Masks: one contract for everything that says where the object is, and the tools that mend a mask.

What needs torch is imported from its own module: ``segmenter`` (the masker), ``segmenters`` (its files), ``network``.
"""

from bgbias_core.masks.contract import Box, Masker, MaskResult, NetworkMasker, Source, check_box
from bgbias_core.masks.files import from_file, given
from bgbias_core.masks.grabcut import GrabCut, Refined
from bgbias_core.masks.kept import KeptMasks, masker_key
from bgbias_core.masks.maskers import (
    MASKERS,
    Kind,
    MaskerSpec,
    default_masker,
    list_maskers,
    load_masker,
    mask_words,
    masker_title,
)

__all__ = [
    "MASKERS",
    "Box",
    "GrabCut",
    "KeptMasks",
    "Kind",
    "MaskResult",
    "Masker",
    "MaskerSpec",
    "NetworkMasker",
    "Refined",
    "Source",
    "check_box",
    "default_masker",
    "from_file",
    "given",
    "list_maskers",
    "load_masker",
    "mask_words",
    "masker_key",
    "masker_title",
]
