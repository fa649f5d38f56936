"""GrabCut: colour models of object and background, and the cheapest cut between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.images import Image, Mask, check_image
from bgbias_core.masks.contract import Box, Masker, MaskResult, check_box

WORKING_SIDE = 256
CENTRAL_SHARE = 0.8
_ITERATIONS = 5
_SEED = 0
_BAND = 0.1
# Each of GrabCut's two colour models has five components and needs a pixel for each.
_FEWEST_PIXELS = 5


class GrabCut:
    """Find the object inside a box, or inside the central 80% of each side.

    Works at no more than 256 pixels on the long side and gives a hard mask (0 or 1) of the image's size.
    A flat or tiny image holds no object: its mask is empty.

    Reference: Rother, Kolmogorov, Blake, "GrabCut", ACM SIGGRAPH 2004.
    """

    name = "grabcut"

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        """Find the object; see :class:`bgbias_core.masks.contract.Masker`.

        OpenCV's random numbers (of the calling thread) are seeded anew, so the same input gives the same mask.

        Raises:
            ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
            MaskError: The box does not touch the image or has no area.
        """
        check_image(image)
        height, width = image.shape[:2]
        inside = _central_box(height, width) if box is None else check_box(box, image.shape)
        return MaskResult(_cut(image, inside), "predicted" if box is None else "given box", self.name)


class Refined:
    """Another masker's mask, its edge drawn anew by GrabCut where the colours change.

    Only a band around the edge is undecided, a tenth of the object's size on either side; inside of it is surely
    object, outside surely background. The confidence is that of the other masker.

    Args:
        base: What finds the object.
    """

    def __init__(self, base: Masker) -> None:
        self.base = base
        self.name = f"{base.name}+grabcut"

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        """Find the object; see :class:`bgbias_core.masks.contract.Masker`.

        Raises:
            ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
            MaskError: The box does not touch the image or has no area.
        """
        found = self.base(image, box=box)
        return replace(found, mask=_refine(image, found.mask), masker=self.name)


def _refine(image: Image, mask: Mask) -> Mask:
    height, width = mask.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    found = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    reach = max(1, round(_BAND * float(found.sum()) ** 0.5))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inside, around = cv2.erode(found, kernel), cv2.dilate(found, kernel)
    if min(inside.sum(), (1 - around).sum()) < _FEWEST_PIXELS:
        return mask  # too small or too large an object for models of colours
    labels = np.full(found.shape, cv2.GC_BGD, dtype=np.uint8)
    labels[around > 0] = cv2.GC_PR_BGD
    labels[found > 0] = cv2.GC_PR_FGD
    labels[inside > 0] = cv2.GC_FGD
    cut = np.isin(_grab(small, labels), (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    enlarged: Mask = np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    return (enlarged > 0.5).astype(np.float32)


def _central_box(height: int, width: int) -> Box:
    left, top = round(width * (1 - CENTRAL_SHARE) / 2), round(height * (1 - CENTRAL_SHARE) / 2)
    return left, top, width - 2 * left, height - 2 * top


def _cut(image: Image, box: Box) -> Mask:
    height, width = image.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    working = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = cv2.resize(image, working[::-1], interpolation=cv2.INTER_AREA) if scale < 1 else image
    labels = _first_labels(working, box, (working[0] / height, working[1] / width))
    background = (labels == cv2.GC_BGD) | (labels == cv2.GC_PR_BGD)
    nothing = np.zeros((height, width), dtype=np.float32)
    flat = (small == small[0, 0]).all()
    if flat or min(background.sum(), (~background).sum()) < _FEWEST_PIXELS:
        return nothing
    labels = _grab(small, labels)
    found = (labels == cv2.GC_PR_FGD).astype(np.float32)
    enlarged: Mask = np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    return (enlarged > 0.5).astype(np.float32)


def _grab(image: NDArray[Any], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The labels after GrabCut; what was sure stays."""
    cv2.setRNGSeed(_SEED)
    background_model, object_model = np.zeros((1, 65)), np.zeros((1, 65))
    unused_box = (0, 0, 1, 1)
    # GrabCut reads channels as equals: RGB serves as well as OpenCV's BGR.
    cv2.grabCut(
        np.ascontiguousarray(image),
        labels,
        unused_box,
        background_model,
        object_model,
        _ITERATIONS,
        cv2.GC_INIT_WITH_MASK,
    )
    return labels


def _first_labels(shape: tuple[int, int], box: Box, scale: tuple[float, float]) -> NDArray[np.uint8]:
    """Outside the box: surely background. Inside: perhaps object."""
    left, top = int(box[0] * scale[1]), int(box[1] * scale[0])
    right = max(left + 1, round((box[0] + box[2]) * scale[1]))
    bottom = max(top + 1, round((box[1] + box[3]) * scale[0]))
    labels = np.full(shape, cv2.GC_BGD, dtype=np.uint8)
    labels[top:bottom, left:right] = cv2.GC_PR_FGD
    if (labels == cv2.GC_BGD).sum() < _FEWEST_PIXELS:
        # A box around everything leaves no background to learn: the frame's rim is guessed to be some.
        labels[[0, -1], :] = cv2.GC_PR_BGD
        labels[:, [0, -1]] = cv2.GC_PR_BGD
    return labels
