"""Mending a mask by hand: pure functions, mask in, new mask out."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.images import Mask, check_mask

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


def _check_distance(pixels: float) -> None:
    # Written so that NaN fails it too.
    if not 0 <= pixels <= MAX_DISTANCE:
        raise ConfigError(f"A distance in pixels must lie in [0, {MAX_DISTANCE}], got {pixels}; give one there.")


def _disk(pixels: float) -> NDArray[np.uint8]:
    reach = math.floor(pixels)
    steps = np.arange(-reach, reach + 1)
    return (steps[:, None] ** 2 + steps[None, :] ** 2 <= pixels**2).astype(np.uint8)
