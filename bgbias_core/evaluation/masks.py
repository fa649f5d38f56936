"""How well a masker's masks cover the given ones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import EvaluationError
from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap
from bgbias_core.images import Image, Mask, check_pair
from bgbias_core.masks import Masker

BAD = 0.5
"""An object whose mask has a smaller IoU than this was missed."""


@dataclass(frozen=True, eq=False)
class MaskScores:
    """A masker's scores, one an image.

    Attributes:
        masker: Its name.
        names: Names of the images.
        ious: Intersection over union at threshold 0.5, in [0, 1], float64 ``[N]``; 1 where both masks are empty.
        confidences: The masker's confidence in [0, 1], NaN where it has none, float64 ``[N]``.
        seconds: Time a mask took, float64 ``[N]``, without reading the image.
    """

    masker: str
    names: Sequence[str]
    ious: NDArray[np.float64]
    confidences: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @property
    def mean_iou(self) -> tuple[float, Interval]:
        """Mean per-image IoU with its 95% interval, by resampling images."""
        return float(self.ious.mean()), cluster_bootstrap(self.ious[:, None])

    @property
    def missed(self) -> float:
        """Share of images whose IoU is below 0.5."""
        return float((self.ious < BAD).mean())

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``; every image with it."""
        value, interval = self.mean_iou
        return {
            "masker": self.masker,
            "n": len(self.names),
            "mean_iou": value,
            "low": interval.low,
            "high": interval.high,
            "missed": self.missed,
            "milliseconds": 1000 * float(np.median(self.seconds)),
            "images": [
                {"name": name, "iou": float(iou), "confidence": None if np.isnan(confidence) else float(confidence)}
                for name, iou, confidence in zip(self.names, self.ious, self.confidences, strict=True)
            ],
        }


def score_masks(
    masker: Masker,
    pairs: Iterable[tuple[str, Image, Mask]],
    *,
    total: int,
    progress: Callable[[int, int], None] | None = None,
) -> MaskScores:
    """Run a masker on images one by one and compare its masks with the given ones.

    Args:
        masker: What finds the object.
        pairs: Name, image uint8 ``[H, W, 3]`` and given mask float32 ``[H, W]``; above 0.5 is foreground.
        total: How many there are, for the progress.
        progress: Called with (images done, all of them).

    Raises:
        EvaluationError: There is no image.
        MaskError: A given mask has another size than its image.
    """
    names: list[str] = []
    scores: list[tuple[float, float, float]] = []
    for name, image, mask in pairs:
        check_pair(image, mask)
        started = time.perf_counter()
        found = masker(image)
        seconds = time.perf_counter() - started
        confidence = np.nan if found.confidence is None else found.confidence
        names.append(name)
        scores.append((iou(found.mask > 0.5, mask > 0.5), confidence, seconds))
        if progress is not None:
            progress(len(names), total)
    if not names:
        raise EvaluationError("No image with a mask was given; a masker is scored on at least one.")
    ious, confidences, times = np.array(scores, dtype=np.float64).T
    return MaskScores(masker.name, names, ious, confidences, times)


def together(parts: Sequence[MaskScores]) -> MaskScores:
    """Scores of maskers that each have pictures of their own, as of one: cross-validation, where each held some back.

    Args:
        parts: The scores of each.

    Raises:
        EvaluationError: There is none, or two maskers were scored on the same picture, which would count twice.
    """
    if not parts:
        raise EvaluationError("No scores were given; take together those of at least one masker.")
    names = [name for part in parts for name in part.names]
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise EvaluationError(
            f"Two of these maskers are scored on the same picture, '{twice}', which can count only once; measure them "
            "one by one."
        )
    return MaskScores(
        ", ".join(part.masker for part in parts),
        names,
        *(np.concatenate([getattr(part, one) for part in parts]) for one in ("ious", "confidences", "seconds")),
    )


def iou(found: NDArray[np.bool_], given: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 where both are empty.

    >>> iou(np.array([True, True, False]), np.array([False, True, True]))
    0.3333333333333333
    """
    union = int((found | given).sum())
    return int((found & given).sum()) / union if union else 1.0
