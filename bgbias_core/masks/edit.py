"""Mending a mask by hand: pure functions, mask in, new mask out."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.images import Mask, check_mask
from bgbias_core.masks.contract import Box, check_box

# The work grows with the square of the distance.
MAX_DISTANCE = 200


def paint(mask: Mask, strokes: NDArray[np.bool_], keep: bool) -> Mask:
    """Mark painted pixels as object (``keep``) or as background.

    Args:
        mask: float32 ``[H, W]`` in [0, 1].
        strokes: bool ``[H, W]``, true where the brush was.
        keep: Whether the brush adds to the object or removes from it.

    Raises:
        MaskError: The mask is none, or the strokes have another size or dtype.
    """
    check_mask(mask)
    if strokes.dtype != np.bool_ or strokes.shape != mask.shape:
        raise MaskError(
            f"Strokes must be bool {list(mask.shape)} like the mask, got {strokes.dtype} {list(strokes.shape)}; "
            "bring them to the mask's size."
        )
    return np.where(strokes, np.float32(keep), mask)


def box_to_mask(box: Box, shape: tuple[int, ...]) -> Mask:
    """The mask that is 1 inside a box.

    Args:
        box: Left, top, width, height in pixels; what sticks out of the image is cut off.
        shape: Height and width of the image first.

    Raises:
        MaskError: The box has no area, or lies outside the image.
    """
    left, top, width, height = check_box(box, shape)
    mask = np.zeros(shape[:2], dtype=np.float32)
    mask[top : top + height, left : left + width] = 1
    return mask


def grow(mask: Mask, pixels: float) -> Mask:
    """Let the object grow outward: every pixel takes the highest value within a distance.

    Args:
        mask: float32 ``[H, W]`` in [0, 1], hard or soft.
        pixels: The Euclidean distance between pixel centres, in [0, 200].

    Raises:
        MaskError: The mask is none.
        ConfigError: The distance is outside its range.
    """
    check_mask(mask)
    _check_distance(pixels)
    # Beyond the frame OpenCV assumes what changes nothing, here and in `shrink`.
    return cv2.dilate(mask, _disk(pixels)).astype(np.float32)


def shrink(mask: Mask, pixels: float) -> Mask:
    """Let the background grow inward: every pixel takes the lowest value within a distance.

    What the frame cuts off is not background, so an object at the frame's edge keeps that edge.

    Args:
        mask: float32 ``[H, W]`` in [0, 1], hard or soft.
        pixels: The Euclidean distance between pixel centres, in [0, 200].

    Raises:
        MaskError: The mask is none.
        ConfigError: The distance is outside its range.
    """
    check_mask(mask)
    _check_distance(pixels)
    return cv2.erode(mask, _disk(pixels)).astype(np.float32)


def feather(mask: Mask, pixels: float) -> Mask:
    """Soften the mask's edge, inward and outward alike.

    (Compositing has a feather of its own, which only reaches outward.)

    Args:
        mask: float32 ``[H, W]`` in [0, 1].
        pixels: How far the soft edge reaches on either side: two standard deviations of a Gaussian, in [0, 200].

    Raises:
        MaskError: The mask is none.
        ConfigError: The distance is outside its range.
    """
    check_mask(mask)
    _check_distance(pixels)
    if pixels == 0 or not mask.size:
        return mask.copy()
    blurred = cv2.GaussianBlur(mask, (0, 0), pixels / 2, borderType=cv2.BORDER_REPLICATE)
    blurred = np.where(blurred > 1 - 1e-6, np.float32(1), blurred)  # a sum of weights may miss 1 by a rounding
    return np.clip(blurred, 0, 1).astype(np.float32)


def _check_distance(pixels: float) -> None:
    # Written so that NaN fails it too.
    if not 0 <= pixels <= MAX_DISTANCE:
        raise ConfigError(f"A distance in pixels must lie in [0, {MAX_DISTANCE}], got {pixels}; give one there.")


def _disk(pixels: float) -> NDArray[np.uint8]:
    reach = math.floor(pixels)
    steps = np.arange(-reach, reach + 1)
    return (steps[:, None] ** 2 + steps[None, :] ** 2 <= pixels**2).astype(np.uint8)
