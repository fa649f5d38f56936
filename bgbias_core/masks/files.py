"""Masks that somebody gives: as an array or as a file."""

from __future__ import annotations

from pathlib import Path

from bgbias_core.images import Image, Mask, check_pair, decode_mask, read_mask
from bgbias_core.masks.contract import MaskResult


def given(image: Image, mask: Mask) -> MaskResult:
    """Take an oracle's mask (an annotation, a renderer) for its image.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1], 1 = foreground.

    Raises:
        ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
        MaskError: The mask does not belong to the image.
    """
    check_pair(image, mask)
    return MaskResult(mask, "given", "given")


def from_file(image: Image, file: str | Path | bytes) -> MaskResult:
    """Read an image's mask from a file or its bytes, by the rule of :func:`bgbias_core.images.decode_mask`.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        file: A path, or the file's content.

    Raises:
        ImageError: The file cannot be read as a picture, or the image is not RGB, uint8 ``[H, W, 3]``.
        MaskError: The mask has another size than the image.
    """
    mask = decode_mask(file) if isinstance(file, bytes) else read_mask(file)
    check_pair(image, mask)
    return MaskResult(mask, "given", "file")
