"""Swapping backgrounds: an object's pixels on another scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError, ImageError, MaskError
from bgbias_core.images import MAX_PIXELS, Image, Mask, check_image, check_pair

MIN_SCALE, MAX_SCALE = 0.05, 10.0
PLAIN_GREY = 128
# Sums of resampling weights miss 1 by a few units in the last place.
_FULL = 1 - 1e-5
_INPAINTING_SIDE = 256


@dataclass(frozen=True)
class Placement:
    """Where an object goes: scaled about the centre of its own bounding box, then shifted by whole pixels.

    Attributes:
        scale: Factor on the object's size, in [0.05, 10].
        dx: Shift to the right in fractions of the image's width, in [-1, 1].
        dy: Shift downwards in fractions of the image's height, in [-1, 1].

    Raises:
        ConfigError: A number is outside its range or not finite.
    """

    scale: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def __post_init__(self) -> None:
        if not MIN_SCALE <= self.scale <= MAX_SCALE:
            raise ConfigError(f"The scale must lie in [{MIN_SCALE}, {MAX_SCALE}], got {self.scale}; choose one there.")
        for name, shift in (("dx", self.dx), ("dy", self.dy)):
            if not -1 <= shift <= 1:
                raise ConfigError(f"The shift {name} must lie in [-1, 1] of the image, got {shift}; choose one there.")


IDENTITY = Placement()


@dataclass(frozen=True, eq=False)
class Composite:
    """An object on a scene.

    Attributes:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1]: where the object now stands, without feather. At the identity placement
            it is the input mask; of a moved or scaled object only pixels that it covers fully count, so that
            no pixel of a hard mask shows the scene.
    """

    image: Image
    mask: Mask


def fit_scene(scene: Image, height: int, width: int) -> Image:
    """Bring a scene to a photograph's size as Waterbirds does: enlarge until it covers, crop the centre, resize.

    Args:
        scene: RGB, uint8 ``[h, w, 3]``.
        height: The photograph's height in pixels.
        width: The photograph's width in pixels.

    Returns:
        RGB, uint8 ``[height, width, 3]``; every resize is Lanczos.

    Raises:
        ImageError: The scene is no image, or so narrow that enlarging it would take more than ``MAX_PIXELS``.
        ConfigError: The height or width is not positive.

    Reference: Sagawa et al. 2020, group_DRO, ``dataset_scripts/dataset_utils.py`` (crop_and_resize).
    """
    check_image(scene)
    if height < 1 or width < 1:
        raise ConfigError(f"A scene cannot be fitted to {width}×{height} pixels; give a size of at least 1×1.")
    fitted = PIL.Image.fromarray(scene)
    while fitted.width < width or fitted.height < height:
        enlarged = (width, int((width / fitted.width) * fitted.height))
        if enlarged[1] < height:
            enlarged = (int((height / fitted.height) * fitted.width), height)
        if enlarged[0] * enlarged[1] > MAX_PIXELS:
            raise ImageError(
                f"The scene is {scene.shape[1]}×{scene.shape[0]} pixels, too narrow to cover {width}×{height}; "
                "choose a scene of a more usual shape."
            )
        fitted = fitted.resize(enlarged, PIL.Image.Resampling.LANCZOS)
    if fitted.width / fitted.height > width / height:
        # One pixel at least: the published formula cuts everything away from a scene for a one-pixel-wide photograph.
        offset = (fitted.width - max(1, int((width / height) * fitted.height))) // 2
        box = (offset, 0, fitted.width - offset, fitted.height)
    else:
        offset = (fitted.height - max(1, int(fitted.width / (width / height)))) // 2
        box = (0, offset, fitted.width, fitted.height - offset)
    return np.array(fitted.crop(box).resize((width, height), PIL.Image.Resampling.LANCZOS))


def swap(image: Image, mask: Mask, scene: Image, *, feather: float = 0.0, placement: Placement = IDENTITY) -> Composite:
    """Put an image's object on another scene.

    Where the mask is 1 the object's pixels stay untouched to the byte (scaling resamples them); in between, a soft
    mask mixes. The scene is fitted by :func:`fit_scene`. What falls outside the frame is cut off.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1], 1 = foreground; used as the opacity.
        scene: RGB, uint8 of any size.
        feather: How many pixels the opacity takes to fall off outside the mask, as a Gaussian; never inward.
        placement: Where the object goes.

    Returns:
        The composite, and where the object stands in it.

    Raises:
        ImageError: The image or the scene is none.
        MaskError: The mask does not belong to the image or marks nothing.
        ConfigError: The feather is negative or not finite.
    """
    _check_object(image, mask, feather)
    return _compose(image, mask, fit_scene(scene, *mask.shape).astype(np.float32), feather, placement)


def fade(
    image: Image,
    mask: Mask,
    scene: Image,
    amount: float,
    *,
    feather: float = 0.0,
    placement: Placement = IDENTITY,
) -> Composite:
    """Fade an object's background: its own, then plain mid grey, then another scene, linear between.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1], 1 = foreground.
        scene: RGB, uint8 of any size.
        amount: 0 = own background, 0.5 = plain grey, 1 = the scene. At 0 and the identity placement the result is the
            image; where the object is moved away, its old place is filled from what surrounds it.
        feather: As for :func:`swap`.
        placement: As for :func:`swap`.

    Raises:
        ImageError: The image or the scene is none.
        MaskError: The mask does not belong to the image or marks nothing.
        ConfigError: The amount is not in [0, 1], or the feather is negative or not finite.
    """
    _check_object(image, mask, feather)
    if not 0 <= amount <= 1:
        raise ConfigError(f"The amount of fading must lie in [0, 1], got {amount}; choose one there.")
    if amount <= 0.5:
        own = image if placement == IDENTITY else without_object(image, mask)
        background, share_of_grey = own, 2 * amount
    else:
        background, share_of_grey = fit_scene(scene, *mask.shape), 2 - 2 * amount
    faded = background * np.float32(1 - share_of_grey) + np.float32(PLAIN_GREY * share_of_grey)
    return _compose(image, mask, faded, feather, placement)


def _check_object(image: Image, mask: Mask, feather: float) -> None:
    check_pair(image, mask)
    if not mask.any():
        raise MaskError(
            "The mask marks nothing, so there is no object to put on a scene; draw a box or paint the object."
        )
    if not (math.isfinite(feather) and feather >= 0):
        raise ConfigError(f"The feather must be a number of pixels of at least 0, got {feather}; give one.")


def _compose(
    image: Image, mask: Mask, background: NDArray[np.float32], feather: float, placement: Placement
) -> Composite:
    """Lay the object on a background of the same size, float32 ``[H, W, 3]`` in [0, 255]."""
    # The feather is in pixels of the composite, so a scaled object gets it before scaling.
    opacity = _reach_outward(mask, feather / placement.scale)
    colour = image * opacity[..., None]
    if placement != IDENTITY:
        # Colours travel multiplied by their opacity: resampling then brings no old background into the rim.
        layers = np.dstack([colour, opacity, mask, mask > 0]).astype(np.float32)
        layers = _place(layers, bounding_box(mask > 0), placement)
        colour, opacity, covered = layers[..., :3], _snapped(layers[..., 3]), layers[..., 5] >= _FULL
        mask = np.where(covered, _snapped(layers[..., 4]), np.float32(0))
    mixed = colour + background * (1 - opacity[..., None])
    return Composite(np.clip(np.rint(mixed), 0, 255).astype(np.uint8), mask.copy())


def _reach_outward(mask: Mask, pixels: float) -> Mask:
    """The highest mask value around each pixel, weighed by a Gaussian that is nearly 0 at this distance."""
    # The maximum of products with a Gaussian is separable, and so exact in two passes.
    reached = mask
    for axis in (0, 1):
        source = np.moveaxis(reached, axis, 0)
        widest = source.copy()
        for step in range(1, min(math.ceil(pixels), len(source) - 1) + 1):
            deviations = 3 * step / pixels
            weight = np.float32(math.exp(-deviations * deviations / 2))
            np.maximum(widest[step:], source[:-step] * weight, out=widest[step:])
            np.maximum(widest[:-step], source[step:] * weight, out=widest[:-step])
        reached = np.moveaxis(widest, 0, axis)
    return reached


def bounding_box(found: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (exclusive) of the true pixels of ``[H, W]``, of which there is at least one."""
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _place(
    layers: NDArray[np.float32], object_box: tuple[int, int, int, int], placement: Placement
) -> NDArray[np.float32]:
    """Scale layers ``[H, W, C]`` about the centre of a box, shift them, cut them to the frame; 0 where nothing is."""
    height, width, channels = layers.shape
    placed = np.zeros_like(layers)
    left, top, right, bottom = bounding_box(np.any(layers, axis=2))
    # Pillow resamples any fractional part of a picture with antialiasing; zeros around let that part stick out.
    border = 2 + math.ceil(1 / placement.scale)
    padded = np.pad(layers[top:bottom, left:right], ((border, border), (border, border), (0, 0)))
    target: list[slice] = []
    source: list[tuple[float, float]] = []
    for start, end, centre, shift, frame in (
        (left, right, (object_box[0] + object_box[2]) / 2, round(placement.dx * width), width),
        (top, bottom, (object_box[1] + object_box[3]) / 2, round(placement.dy * height), height),
    ):
        first = max(0, math.floor(centre + (start - centre) * placement.scale + shift))
        last = min(frame, math.ceil(centre + (end - centre) * placement.scale + shift))
        if last <= first:
            return placed
        target.append(slice(first, last))
        offset = border - start
        source.append(
            (
                centre + (first - shift - centre) / placement.scale + offset,
                centre + (last - shift - centre) / placement.scale + offset,
            )
        )
    (source_left, source_right), (source_top, source_bottom) = source
    size = (target[0].stop - target[0].start, target[1].stop - target[1].start)
    for channel in range(channels):
        layer = PIL.Image.fromarray(np.ascontiguousarray(padded[..., channel]))
        resized = layer.resize(
            size, PIL.Image.Resampling.BILINEAR, box=(source_left, source_top, source_right, source_bottom)
        )
        placed[target[1], target[0], channel] = np.asarray(resized)
    return placed


def _snapped(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(values >= _FULL, np.float32(1), np.clip(values, 0, 1))


def without_object(image: Image, mask: Mask) -> Image:
    """Paint over an image's object from what surrounds it, by inpainting at a small size.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1], 1 = foreground; everything above 0, and one pixel around it, is painted.

    Returns:
        uint8 ``[H, W, 3]``; untouched elsewhere, and plain grey where the object fills the frame.

    Reference: Telea, "An image inpainting technique based on the fast marching method", 2004.
    """
    height, width = mask.shape
    scale = min(1.0, _INPAINTING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    hole = cv2.dilate((mask > 0).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    if hole.all():
        return np.full_like(image, PLAIN_GREY)
    small_hole = (cv2.resize(hole * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    filled = cv2.resize(cv2.inpaint(small, small_hole, 3, cv2.INPAINT_TELEA), (width, height))
    return np.where(hole[..., None] == 1, filled, image).astype(np.uint8)
