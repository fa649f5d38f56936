"""An attribution as a picture: one diverging colour scale for all methods, and the object's outline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.attribution.contract import Attribution
from bgbias_core.errors import ConfigError
from bgbias_core.images import Image, Mask, check_image, check_pair, resize, resize_pair
from bgbias_core.masks import MaskResult

SIDE = 512
"""Longer side of an overlay in pixels."""
FULL_PERCENTILE = 99.5
"""The percentile of a map's sizes that gets the full colour."""

# Blue, white, red of ColorBrewer's RdBu, which colour-blind people tell apart: against, neither, for.
_STOPS = np.array(
    [[5, 48, 97], [67, 147, 195], [209, 229, 240], [247, 247, 247], [253, 219, 199], [214, 96, 77], [103, 0, 31]],
    dtype=np.float64,
)


def normalise(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring a map to [−1, 1], where 1 is the 99.5th percentile of its sizes; a map of zeros stays one.

    Args:
        values: float32 ``[S, S]``.
    """
    sizes = np.abs(values)
    # Where less than one pixel in two hundred earns anything, the percentile is 0.
    full = float(np.percentile(sizes, FULL_PERCENTILE)) or float(sizes.max())
    return np.clip(values / full, -1, 1).astype(np.float32) if full > 0 else np.zeros_like(values)


def colours(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colours of the scale: blue at −1 (speaks against), near white at 0, red at 1 (speaks for).

    Args:
        values: float32 of any shape, in [−1, 1].

    Returns:
        uint8, with RGB as a last axis.
    """
    stops = np.linspace(-1, 1, len(_STOPS))
    channels = [np.interp(values, stops, _STOPS[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def overlay(image: Image, attribution: Attribution, mask: MaskResult | None, opacity: float = 0.7) -> Image:
    """Lay an attribution over its picture in grey, with the object's outline.

    Args:
        image: The picture that was explained, uint8 ``[H, W, 3]``.
        attribution: Its attribution.
        mask: The object's mask, drawn as a white line with a dark one beside it; ``None`` draws none.
        opacity: In [0, 1]: 0 = the grey picture, 1 = the map alone.

    Returns:
        uint8, 512 pixels on its longer side; where the network's input was cropped or padded, that square.

    Raises:
        ConfigError: The opacity is not in [0, 1].
        MaskError: The mask does not belong to the picture.
    """
    if not 0 <= opacity <= 1:
        raise ConfigError(f"The opacity must lie in [0, 1], got {opacity}; choose one there.")
    check_image(image)
    size = _shown_size(image) if attribution.rule == "squash" else (SIDE, SIDE)
    outline = None
    if mask is None:
        picture = resize(image, size, attribution.rule)
    else:
        picture, outline = resize_pair(image, mask.mask, size, attribution.rule)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float64)
    spread = np.asarray(cv2.resize(normalise(attribution.values), size[::-1]), dtype=np.float32)
    mixed = np.rint((1 - opacity) * grey + opacity * colours(spread)).astype(np.uint8)
    return mixed if outline is None else _draw_outline(mixed, outline)


def outlined(image: Image, mask: MaskResult) -> Image:
    """A picture with its object's outline: a white line with a dark one beside it, which shows on any ground.

    Args:
        image: uint8 ``[H, W, 3]``.
        mask: The object's mask; its rim lies where it is one half.

    Returns:
        uint8, 512 pixels on its longer side.

    Raises:
        MaskError: The mask does not belong to the picture.
    """
    check_pair(image, mask.mask)
    return _draw_outline(*resize_pair(image, mask.mask, _shown_size(image), "squash"))


def _shown_size(image: Image) -> tuple[int, int]:
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _draw_outline(picture: Image, mask: Mask) -> Image:
    drawn = np.ascontiguousarray(picture).copy()
    edges, _ = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for colour, thickness in ((20, 4), (255, 2)):
        cv2.drawContours(drawn, edges, -1, (colour,) * 3, thickness, cv2.LINE_AA)
    return drawn
