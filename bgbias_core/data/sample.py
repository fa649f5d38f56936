"""The sample, what is known of it before it is opened, and what every data set of samples can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from bgbias_core.images import Image, Mask

if TYPE_CHECKING:
    from bgbias_core.masks import Box

Split = Literal["train", "validation", "test"]


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
        place_group: The set of places that its place belongs to, such as Waterbirds' land and water.
        box: A given box around its object, in pixels.
    """

    name: str
    image: Image
    label: str | None = None
    mask: Mask | None = None
    place: str | None = None
    parts: Mapping[str, Mask] = field(default_factory=dict)
    scene: Image | None = None
    place_group: str | None = None
    box: Box | None = None


@dataclass(frozen=True)
class Entry:
    """What is known of a sample without opening it.

    Attributes:
        name: The sample's name: what tells it from the others of its data set.
        label: Its class by name.
        split: Which part of the data set it belongs to; training never sees ``test``.
        place: Its place by name, where places are known.
        place_group: The set of places that its place belongs to, where such groups are known.
        box: A given box around its object, in pixels, where there is one.
    """

    name: str
    label: str
    split: Split
    place: str | None = None
    place_group: str | None = None
    box: Box | None = None


class DataSet(Protocol):
    """Samples with labels, listed without opening any and opened one by one."""

    @property
    def name(self) -> str:
        """Name of its kind in ``DATA_SETS``: ``aviary``, ``cub``, ``waterbirds``, ``folder``."""

    @property
    def title(self) -> str:
        """As people read it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; their order is that of a classifier's outputs."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All samples, in an order that does not change."""

    @property
    def has_masks(self) -> bool:
        """Whether every sample comes with a given mask."""

    @property
    def licence(self) -> str:
        """Licence of use; ``unknown`` where nobody said."""

    @property
    def fingerprint(self) -> str:
        """sha256 over what fixes its content."""

    def read(self, entry: Entry) -> Sample:
        """Open one sample.

        Raises:
            ImageError: Its picture is missing or cannot be read.
            MaskError: Its mask is missing, cannot be read or has another size.
        """
