"""Scores of maskers: known masks with known overlaps."""

from __future__ import annotations

import numpy as np
import pytest

from bgbias_core.errors import EvaluationError, MaskError
from bgbias_core.evaluation.masks import iou, score_masks, together
from bgbias_core.images import Image, Mask
from bgbias_core.masks import Box, MaskResult


class LeftHalf:
    """Says that the object is the left half, with a confidence of 0.75."""

    name = "left-half"

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:  # noqa: ARG002 - part of the contract
        mask = np.zeros(image.shape[:2], np.float32)
        mask[:, : image.shape[1] // 2] = 1
        return MaskResult(mask, "predicted", self.name, 0.75)


def pair(columns: int) -> tuple[str, Image, Mask]:
    mask = np.zeros((4, 8), np.float32)
    mask[:, :columns] = 1
    return f"{columns}", np.zeros((4, 8, 3), np.uint8), mask


def test_known_overlaps() -> None:
    scores = score_masks(LeftHalf(), [pair(4), pair(8), pair(1), pair(0)], total=4)
    assert scores.ious.tolist() == [1.0, 0.5, 0.25, 0.0]
    value, interval = scores.mean_iou
    assert value == pytest.approx(0.4375)
    assert interval.low <= value <= interval.high
    assert interval.low < interval.high
    assert scores.missed == 0.5, "an IoU of exactly one half is no miss"
    told = scores.as_dict()
    assert told["n"] == 4
    assert told["images"][1] == {"name": "8", "iou": 0.5, "confidence": 0.75}


def test_two_empty_masks_agree() -> None:
    nothing = np.zeros((3, 3), bool)
    assert iou(nothing, nothing) == 1
    assert iou(nothing, ~nothing) == 0


def test_nothing_to_score() -> None:
    with pytest.raises(EvaluationError, match="at least one"):
        score_masks(LeftHalf(), [], total=0)


def test_a_mask_of_another_size() -> None:
    name, image, mask = pair(4)
    with pytest.raises(MaskError):
        score_masks(LeftHalf(), [(name, image, mask[:2])], total=1)


def test_several_on_pictures_of_their_own_count_as_one() -> None:
    parts = [score_masks(LeftHalf(), [pair(columns) for columns in some], total=len(some)) for some in ((4, 8), (1,))]
    scores = together(parts)
    assert list(scores.names) == ["4", "8", "1"]
    assert scores.ious.tolist() == [1.0, 0.5, 0.25]
    assert scores.confidences.tolist() == [0.75] * 3
    with pytest.raises(EvaluationError, match="'4'"):
        together([parts[0], parts[0]])
    with pytest.raises(EvaluationError, match="at least one"):
        together([])
