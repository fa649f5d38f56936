"""The trained network as a masker: an image in, a hard mask and how sure the network is of it out."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from bgbias_core.images import Image, check_image
from bgbias_core.images import resize as resize_image
from bgbias_core.masks.contract import Box, MaskResult, check_box
from bgbias_core.masks.network import STRIDE, with_folded_norms
from bgbias_core.masks.segmenters import load_segmenter

AROUND = 0.15
"""Of the box's sides, added all around it before the network looks: an object is told by what it is not, too."""
CLOSER = 0.75
"""Side of the second look, of the first's. The object nearly fills it and so is seen larger, in half the time."""
_AT_ONCE = 16


class Segmenter:
    """Find the object with a trained network.

    Gives a hard mask (0 or 1) of the image's size. Its confidence is the IoU that is expected of it, taking the
    probabilities p at their word: Σ p over the mask, divided by the area of the mask plus Σ p outside. Below the card's
    ``second_look`` the network looks again, at the mirror image of what it found and a margin around it, and there the
    mean of both probabilities counts. Below ``least_confidence`` nothing clear was found, and the mask is empty.

    Args:
        name: A shipped or own segmenter.

    Raises:
        UnknownNameError: No segmenter has that name.
        CheckpointError: Its files are missing or damaged.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.card, network = load_segmenter(name)
        self._network = with_folded_norms(network, self.card.size)

    @property
    def fingerprint(self) -> str:
        """The seal of its card, which names its weights."""
        return self.card.seal

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        """Find the object; see :class:`bgbias_core.masks.contract.Masker`.

        Raises:
            ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
            MaskError: The box does not touch the image or has no area.
        """
        if box is None:
            return self.find_all([image])[0]
        check_image(image)
        left, top, width, height = check_box(box, image.shape)
        inside = np.zeros(image.shape[:2], dtype=bool)
        inside[top : top + height, left : left + width] = True
        rows, columns = _surroundings((left, top, width, height), image.shape)
        probability = np.zeros(image.shape[:2], dtype=np.float32)
        probability[rows, columns] = self._probabilities([np.ascontiguousarray(image[rows, columns])])[0]
        return self._result(np.where(inside, probability, np.float32(0)), "given box")

    def find_all(self, images: Sequence[Image]) -> list[MaskResult]:
        """Find the object of many images, some of them at once.

        Args:
            images: uint8 ``[H, W, 3]`` each, of any sizes.

        Raises:
            ImageError: An image is not RGB, uint8 ``[H, W, 3]``.
        """
        for image in images:
            check_image(image)
        return [
            self._result(probability, "predicted")
            for start in range(0, len(images), _AT_ONCE)
            for probability in self._probabilities(images[start : start + _AT_ONCE])
        ]

    def _probabilities(self, images: Sequence[Image]) -> list[NDArray[np.float32]]:
        found = self._look(images, self.card.size)
        unsure = [
            (row, _surroundings(cv2.boundingRect(mask.astype(np.uint8)), mask.shape))
            for row, mask in enumerate(probability > 0.5 for probability in found)
            if expected_iou(found[row], mask.astype(np.float32)) < self.card.second_look
        ]
        if unsure:
            closer = [np.ascontiguousarray(np.fliplr(images[row][box])) for row, box in unsure]
            side = STRIDE * round(CLOSER * self.card.size / STRIDE)
            for (row, box), again in zip(unsure, self._look(closer, side), strict=True):
                found[row][box] = (found[row][box] + np.fliplr(again)) / 2
        return found

    def _look(self, images: Sequence[Image], side: int) -> list[NDArray[np.float32]]:
        pixels = torch.from_numpy(np.stack([resize_image(image, (side, side), "squash") for image in images]))
        with torch.inference_mode():
            found = self._network(pixels.permute(0, 3, 1, 2).float().div_(255)).float().sigmoid()[:, 0].numpy()
        return [
            np.asarray(cv2.resize(one, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
            for one, image in zip(found, images, strict=True)
        ]

    def _result(self, probability: NDArray[np.float32], source: str) -> MaskResult:
        mask = (probability > 0.5).astype(np.float32)
        confidence = expected_iou(probability, mask)
        if confidence < self.card.least_confidence:
            mask = np.zeros_like(mask)
        return MaskResult(mask, "given box" if source == "given box" else "predicted", self.name, confidence)


def expected_iou(probability: NDArray[np.float32], mask: NDArray[np.float32]) -> float:
    """The IoU of a mask with an object that takes each pixel with its probability, by the ratio of expectations.

    Args:
        probability: float32 ``[H, W]`` in [0, 1].
        mask: float32 ``[H, W]``, 0 or 1.

    Returns:
        In [0, 1]; 0 for an empty mask.

    >>> expected_iou(np.array([[0.9, 0.2]], np.float32), np.array([[1, 0]], np.float32))
    0.75
    """
    inside = float((probability * mask).sum())
    area = float(mask.sum())
    return round(inside / (area + float((probability * (1 - mask)).sum())), 6) if area else 0.0


def _surroundings(box: Sequence[int], shape: Sequence[int]) -> tuple[slice, slice]:
    """Rows and columns of a box (left, top, width, height) and the margin around it; of an empty one, all."""
    left, top, width, height = box
    return (_around(top, height, shape[0]), _around(left, width, shape[1])) if width else (slice(None), slice(None))


def _around(start: int, length: int, limit: int) -> slice:
    margin = round(AROUND * length)
    return slice(max(0, start - margin), min(limit, start + length + margin))
