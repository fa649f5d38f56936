"""The sample: one image with its label, and where known its mask, place and part masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bgbias_core.images import Image, Mask


@dataclass(frozen=True)
class Sample:
    """One image with what is known about it.

    Attributes:
        name: What tells it from the other samples of its data set.
        image: uint8 ``[H, W, 3]``.
        label: Its class by name; ``None`` for a picture of one's own.
        mask: The given mask, float32 ``[H, W]`` in [0, 1], 1 = foreground.
        place: Its place by name.
        parts: Mask of each part by name.
        scene: The same picture without its object, where it is known.
    """

    name: str
    image: Image
    label: str | None = None
    mask: Mask | None = None
    place: str | None = None
    parts: Mapping[str, Mask] = field(default_factory=dict)
    scene: Image | None = None
