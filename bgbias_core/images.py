"""Pictures: untrusted bytes become arrays, image and mask change size together, arrays become bytes."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Literal, get_args

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from bgbias_core.decoding import (
    FORMATS,
    MAX_BYTES,
    MAX_PIXELS,
    Image,
    Mask,
    decode,
    decode_mask,
    read_image,
    read_mask,
)
from bgbias_core.errors import ConfigError, ImageError, MaskError

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "Image",
    "Mask",
    "ResizeRule",
    "check_image",
    "check_mask",
    "check_pair",
    "decode",
    "decode_mask",
    "digest",
    "encode_jpeg",
    "encode_mask_png",
    "encode_png",
    "read_image",
    "read_mask",
    "resize",
    "resize_pair",
]

ResizeRule = Literal["squash", "crop", "pad"]


def check_image(image: object) -> None:
    """Refuse what is not an image: RGB, uint8 ``[H, W, 3]`` with at least one pixel.

    Raises:
        ImageError: Another type, shape or dtype.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ImageError(
            f"An image must be RGB, uint8 [H, W, 3], got {_describe(image)}; decode it with images.decode."
        )
    if image.size == 0:
        raise ImageError(f"An image needs at least one pixel, got {_describe(image)}; choose another picture.")


def check_mask(mask: object) -> None:
    """Refuse what is not a mask: float32 ``[H, W]``, every value in [0, 1].

    Raises:
        MaskError: Another type, shape, dtype or range.
    """
    if not isinstance(mask, np.ndarray) or mask.dtype != np.float32 or mask.ndim != 2:
        raise MaskError(f"A mask must be float32 [H, W], got {_describe(mask)}; convert it, 1 = foreground.")
    # Written so that NaN fails it too.
    if mask.size and not (mask.min() >= 0 and mask.max() <= 1):
        raise MaskError(
            f"A mask must lie in [0, 1], got {mask.min():g} to {mask.max():g}; divide it by its white, often 255."
        )


def check_pair(image: Image, mask: Mask) -> None:
    """Refuse a mask that does not belong to its image.

    Raises:
        ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
        MaskError: The mask is not float32 ``[H, W]`` in [0, 1], or has another size than the image.
    """
    check_image(image)
    check_mask(mask)
    if mask.shape != image.shape[:2]:
        raise MaskError(
            f"The mask is {mask.shape[1]}×{mask.shape[0]} pixels but its image is {image.shape[1]}×{image.shape[0]}; "
            "give the mask that was made for this very image, in the same size."
        )


def resize(image: Image, size: tuple[int, int], rule: ResizeRule, *, fill: tuple[int, int, int] = (0, 0, 0)) -> Image:
    """Bring an image to a size by an explicit rule.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        size: Height and width wanted, in pixels.
        rule: ``squash`` stretches the whole image; ``crop`` keeps the aspect ratio and cuts the centre;
            ``pad`` keeps the aspect ratio and centres the whole image on the fill.
        fill: RGB in 0..255 beside a padded image.

    Returns:
        RGB, uint8 ``[size[0], size[1], 3]``, bicubic with antialiasing.

    Raises:
        ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
        ConfigError: The size is not positive, or the rule is unknown.
    """
    check_image(image)
    target, box = _geometry(image.shape[:2], size, rule)
    resized = PIL.Image.fromarray(image).resize(target[::-1], PIL.Image.Resampling.BICUBIC, box=box)
    return _centred(np.array(resized), size, np.array(fill, dtype=np.uint8))


def resize_pair(
    image: Image, mask: Mask, size: tuple[int, int], rule: ResizeRule, *, fill: tuple[int, int, int] = (0, 0, 0)
) -> tuple[Image, Mask]:
    """Bring an image and its mask to a size together, by one geometry.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1]; beside a padded image it is 0.
        size: Height and width wanted, in pixels.
        rule: As for :func:`resize`.
        fill: RGB in 0..255 beside a padded image.

    Returns:
        The image as :func:`resize` gives it, and the mask, bilinear with antialiasing: it never leaves [0, 1],
        and what was 1 (or 0) all around stays exactly 1 (or 0).

    Raises:
        ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
        MaskError: The mask does not belong to the image.
        ConfigError: The size is not positive, or the rule is unknown.
    """
    check_pair(image, mask)
    target, box = _geometry(mask.shape, size, rule)
    # Pillow sums the weights in doubles, so a sum of ones may miss 1 by one unit in the last place.
    resized = np.array(PIL.Image.fromarray(mask).resize(target[::-1], PIL.Image.Resampling.BILINEAR, box=box))
    resized[resized > 1 - 1e-6] = 1
    return resize(image, size, rule, fill=fill), _centred(resized, size, np.float32(0))


def encode_png(image: Image) -> bytes:
    """PNG bytes of an RGB image, uint8 ``[H, W, 3]``; :func:`decode` gives the same pixels back."""
    check_image(image)
    return _encode(PIL.Image.fromarray(image), "PNG")


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """JPEG bytes of an RGB image, uint8 ``[H, W, 3]``, at a quality in 1..95."""
    check_image(image)
    return _encode(PIL.Image.fromarray(image), "JPEG", quality=quality)


def encode_mask_png(mask: Mask) -> bytes:
    """Grey PNG bytes of a mask, float32 ``[H, W]`` in [0, 1], in 256 steps (255 = foreground)."""
    check_mask(mask)
    return _encode(PIL.Image.fromarray(np.rint(mask * 255).astype(np.uint8)), "PNG")


def digest(image: Image) -> str:
    """SHA-256 (hexadecimal) of an image's size and pixels: a key for caches."""
    check_image(image)
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()


def _geometry(
    shape: tuple[int, ...], size: tuple[int, int], rule: ResizeRule
) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
    """Height and width to resize to, and the part of the source (left, top, right, bottom) that goes there."""
    height, width = shape
    if min(size) < 1:
        raise ConfigError(f"A size is height and width of at least 1 pixel, got {size}; give two positive numbers.")
    if rule == "squash":
        return size, (0, 0, width, height)
    if rule == "pad":
        scale = min(size[0] / height, size[1] / width)
        return (max(1, round(height * scale)), max(1, round(width * scale))), (0, 0, width, height)
    if rule == "crop":
        scale = max(size[0] / height, size[1] / width)
        left, top = max(0.0, (width - size[1] / scale) / 2), max(0.0, (height - size[0] / scale) / 2)
        return size, (left, top, width - left, height - top)
    raise ConfigError(f"There is no resize rule '{rule}'; choose one of: {', '.join(get_args(ResizeRule))}.")


def _centred(pixels: NDArray[Any], size: tuple[int, int], fill: NDArray[Any] | np.float32) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    if (height, width) == tuple(size):
        return pixels
    canvas = np.empty((*size, *pixels.shape[2:]), dtype=pixels.dtype)
    canvas[:] = fill
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    canvas[top : top + height, left : left + width] = pixels
    return canvas


def _encode(picture: PIL.Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _describe(value: object) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
