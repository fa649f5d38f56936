"""How much of an attribution lies on the background, and when that says nothing about the model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bgbias_core.attribution.contract import Level
from bgbias_core.images import Mask
from bgbias_core.models import MaskedClassifier

_SAME_PIXELS = (
    "The background is filled before this model sees the picture, so no background pixel can earn anything: "
    "the share is 0 by construction{rim}."
)
_SAME_CELLS = (
    "Late masking sets this very grid to 0 outside the object. What lies outside comes from cells that hold a part of "
    "its rim, so this share says nothing about the model; look at a map of the picture's pixels too."
)


def background_share(values: NDArray[np.float32], mask: Mask) -> float | None:
    """Share of the positive attribution that lies outside the object: ``1 − ΣM·A⁺ / ΣA⁺``.

    Args:
        values: float32 ``[S, S]``; what is negative does not count.
        mask: float32 ``[S, S]`` in [0, 1], 1 = object.

    Returns:
        In [0, 1]; ``None`` where no value is positive.

    Reference: Wang et al., "Score-CAM" (energy-based pointing game), CVPRW 2020; Rao et al. 2023.

    >>> background_share(np.array([[3.0, 1.0, -5.0]], np.float32), np.array([[1.0, 0.0, 0.0]], np.float32))
    0.25
    """
    positive = np.maximum(values, 0).astype(np.float64)
    total = positive.sum()
    return float(((1 - mask) * positive).sum() / total) if total > 0 else None


def identity(classifier: MaskedClassifier, level: Level, hard: bool, input_hard: bool) -> str:
    """Why a share of 0 would be no finding, as a sentence; empty where it would be one.

    Args:
        classifier: The classifier that was explained, whose own mask the share is measured against.
        level: What the attribution distributes the score over.
        hard: Whether that mask has no half-covered pixel in the picture.
        input_hard: Whether it has none in the network's input either.
    """
    if not hard:
        return ""
    if classifier.strategy.hides_background:
        if level == "features":
            return ""  # cells mix object and fill
        return _SAME_PIXELS.format(rim="" if input_hard else ", but for the rim that resizing mixes")
    late = classifier.strategy.name == "late" and classifier.depth == classifier.depths.last
    if level == "features" and late:
        return _SAME_CELLS
    return ""
