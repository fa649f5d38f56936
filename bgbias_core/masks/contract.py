"""What every masker takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from bgbias_core.errors import MaskError
from bgbias_core.images import Image, Mask

Source = Literal["given", "given box", "predicted"]
"""``given``: an oracle's mask; ``given box``: found inside an oracle's or a person's box; ``predicted``: found in the
image alone."""
Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True, eq=False)
class MaskResult:
    """A mask and where it comes from.

    Attributes:
        mask: float32 ``[H, W]`` in [0, 1], 1 = foreground.
        source: Whether the mask is given, from a given box, or predicted.
        masker: Name of what made the mask.
        confidence: How sure the masker is of it, in [0, 1]; ``None`` where it cannot say. A mask may be empty because
            its masker was not sure enough.
    """

    mask: Mask
    source: Source
    masker: str
    confidence: float | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was found: the mask is 0 everywhere."""
        return not self.mask.any()

    @property
    def hard(self) -> bool:
        """Whether every pixel is either object or background, so that none mixes the two."""
        return bool(((self.mask == 0) | (self.mask == 1)).all())

    @property
    def area(self) -> float:
        """Share of the frame that the object covers, in [0, 1]."""
        return float(self.mask.mean())


class Masker(Protocol):
    """Anything that turns an image into a mask."""

    @property
    def name(self) -> str:
        """The masker's name in the registry."""

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        """Find the object of an image.

        Args:
            image: RGB, uint8 ``[H, W, 3]``; not changed.
            box: Where to look, in pixels; what sticks out of the image is cut off.

        Returns:
            A mask of the image's size, the same for the same input; empty where nothing was found. Its source is
            ``predicted`` without a box and ``given box`` with one.

        Raises:
            ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
            MaskError: The box does not touch the image or has no area.
        """


@runtime_checkable
class NetworkMasker(Masker, Protocol):
    """A masker that is quicker on many images at once, and whose weights may change under its name."""

    @property
    def fingerprint(self) -> str:
        """sha256 of its weights and of what else fixes its masks."""

    def find_all(self, images: Sequence[Image]) -> list[MaskResult]:
        """Find the object of many images, uint8 ``[H, W, 3]`` each, of any sizes.

        Raises:
            ImageError: An image is not RGB, uint8 ``[H, W, 3]``.
        """


def check_box(box: Sequence[float], shape: tuple[int, ...]) -> Box:
    """Cut a box to the image it belongs to.

    Args:
        box: Left, top, width, height in pixels.
        shape: Height and width of the image first.

    Returns:
        The part of the box inside the image, as integers.

    Raises:
        MaskError: The box has no area, or lies outside the image.

    >>> check_box((-5, 2, 10, 100), (20, 30))
    (0, 2, 5, 18)
    """
    height, width = shape[:2]
    if len(box) != 4 or not all(float(number).is_integer() for number in box):
        raise MaskError(f"A box is left, top, width, height in whole pixels, got {tuple(box)}; draw it again.")
    left, top, box_width, box_height = (int(number) for number in box)
    if box_width < 1 or box_height < 1:
        raise MaskError(f"The box is {box_width}×{box_height} pixels and encloses nothing; draw it around the object.")
    right, bottom = min(left + box_width, width), min(top + box_height, height)
    left, top = max(left, 0), max(top, 0)
    if right <= left or bottom <= top:
        raise MaskError(
            f"The box {tuple(box)} (left, top, width, height) lies outside the {width}×{height} image; "
            "draw it around the object."
        )
    return left, top, right - left, bottom - top
