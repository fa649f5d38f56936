"""The configuration of a segmenter's training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError

from bgbias_core.training.config import Frozen, Optimisation, invalid_config, read_config


class PairMasks(Frozen):
    """Photographs in one folder, their masks in another.

    Attributes:
        name: The kind of source.
        title: What they are called on the card.
        licence: Their licence of use.
        images: The folder of the photographs; empty until somebody says where it lies.
        masks: The folder of the masks: the same paths, ending in ``.png``.
        held_back: How many photographs are never trained on, the first in the order of their names' sha256.
        validation: How many of the following ones choose the epoch.
    """

    name: Literal["pairs"] = "pairs"
    title: str = "photographs with masks"
    licence: str = "unknown"
    images: str = ""
    masks: str = ""
    held_back: int = Field(default=0, ge=0)
    validation: int = Field(default=40, ge=1)


class CubMasks(Frozen):
    """The training photographs of CUB-200-2011 with its masks; its test photographs are never opened.

    Attributes:
        name: The kind of source.
        root: Its folder; empty until somebody says where it lies.
        held_back_classes: Species that are never trained on.
    """

    name: Literal["cub"] = "cub"
    root: str = ""
    held_back_classes: tuple[str, ...] = ()


class AviaryMasks(Frozen):
    """Aviary samples with their exact masks.

    Attributes:
        name: The kind of source.
        train: Number of training samples.
        validation: Number of samples that choose the epoch.
        correlation: c: how often a species stands in its home place.
        seed: Another seed gives other samples.
    """

    name: Literal["aviary"] = "aviary"
    train: int = Field(default=5000, ge=12)
    validation: int = Field(default=300, ge=12)
    correlation: float = Field(default=0, ge=0, le=1)
    seed: int = Field(default=0, ge=0)


AnyMasks = Annotated[PairMasks | CubMasks | AviaryMasks, Field(discriminator="name")]


class PictureAugmentation(Frozen):
    """Random changes of each training picture together with its mask, besides mirroring and greying.

    Attributes:
        smallest_crop: Share of the picture's area that a crop shows at least.
        hue: Largest shift of the hue, as a share of the colour wheel.
        permute_channels: How often red, green and blue change places: a species is no colour then.
        paste: How often the object stands on the tiled background of another picture of any source, as in the Mixed
            conditions; a network that has seen none of these looks for the seam.
    """

    smallest_crop: float = Field(default=0.4, gt=0, le=1)
    hue: float = Field(default=0.05, ge=0, le=0.5)
    permute_channels: float = Field(default=0, ge=0, le=1)
    paste: float = Field(default=0, ge=0, le=1)


class Stage(Frozen):
    """Some epochs at one size.

    Attributes:
        size: Side of the square images in pixels, a multiple of 32.
        epochs: Passes over the samples.
        learning_rate: Peak learning rate of the decoder.
    """

    size: int = Field(ge=32, le=1024, multiple_of=32)
    epochs: int = Field(ge=1)
    learning_rate: float = Field(gt=0)


class SegmenterConfig(Frozen):
    """One training of a segmenter; the name is also the segmenter's.

    Attributes:
        name: Its name.
        title: What a person reads.
        description: One sentence more.
        begin_with: A segmenter from whose weights the training goes on; ``None`` begins with the encoder's.
        encoder: A name of ``BACKBONES`` or ``timm/…``.
        weights: Of the encoder: ``pretrained``, or ``random`` (only when said).
        encoder_rate: Share of the learning rate by which the encoder learns.
        freeze_low_stages: Whether the encoder's first layers stay as they came.
        full_size: Whether the decoder ends at the image's size.
        data: The sources; each has the same share of every epoch.
        size: Side in pixels of the square that the segmenter sees, a multiple of 32. Random crops enlarge what is in
            them, so stages may train at a smaller size than this.
        stages: Sizes and lengths of the training.
        augmentation: Random changes of the training pictures.
        optimisation: The rest of the optimisation; its epochs and learning rate are the stages'.
        second_look: Below this confidence the segmenter looks again, closer: better masks of what is hard, in half as
            much time again; 0 for never.
        least_confidence: Below this confidence the segmenter says that it found nothing clear.
        seed: Fixes everything that is drawn.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    title: str
    description: str = ""
    begin_with: str | None = None
    encoder: str = "efficientnet-lite0"
    weights: Literal["pretrained", "random"] = "pretrained"
    encoder_rate: float = Field(default=0.25, gt=0)
    freeze_low_stages: bool = True
    full_size: bool = False
    data: tuple[AnyMasks, ...] = Field(min_length=1)
    size: int = Field(default=256, ge=32, le=1024, multiple_of=32)
    stages: tuple[Stage, ...] = (
        Stage(size=160, epochs=15, learning_rate=2e-3),
        Stage(size=224, epochs=8, learning_rate=1e-3),
    )
    augmentation: PictureAugmentation = PictureAugmentation()
    optimisation: Optimisation = Optimisation(batch_size=16, weight_decay=1e-2, warmup_epochs=0.5, label_smoothing=0)
    second_look: float = Field(default=0, ge=0, le=1)
    least_confidence: float = Field(default=0.5, ge=0, le=1)
    seed: int = Field(default=0, ge=0)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a configuration from a JSON file.

        Raises:
            ConfigError: The file is missing or holds no valid configuration; the message names the first fault.
        """
        return read_config(cls, path)

    @classmethod
    def checked(cls, content: dict[str, Any]) -> Self:
        """Make a configuration from what a person gave.

        Raises:
            ConfigError: It is not valid; the message names the first fault.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise invalid_config(str(content.get("name", "")), error) from error
