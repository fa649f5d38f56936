"""Segmenters on disk: weights and a card, saved together, found by name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

from bgbias_core.errors import CheckpointError
from bgbias_core.masks.network import SegmentationNetwork
from bgbias_core.models import Data, backbone_spec
from bgbias_core.models.sealed import SealedCard
from bgbias_core.models.weight_files import load_weights, read_weights, write_weights
from bgbias_core.paths import SHIPPED_SEGMENTERS, own_segmenters
from bgbias_core.registry import lookup


class Quality(BaseModel):
    """How well a segmenter's masks cover the given ones.

    Attributes:
        data: Which images; none of them was trained on.
        network: Whose masks: the segmenter's own, or those of a ``twin`` trained in the same way without these images,
            which the segmenter itself has seen.
        value: Mean IoU over images at threshold 0.5, in [0, 1].
        low: Lower end of its 95% interval.
        high: Upper end.
        n: Number of images.
        command: The command that prints it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    network: Literal["itself", "twin"]
    value: float
    low: float
    high: float
    n: int
    command: str


class SegmenterCard(SealedCard):
    """Everything that a segmenter is, beside its weights.

    Attributes:
        schema_version: Version of this record.
        name: Its name, and that of its files.
        title: What a person reads.
        description: One sentence more.
        encoder: A name of ``BACKBONES`` or ``timm/…``.
        full_size: Whether its decoder ends at the image's size.
        size: Side in pixels of the square it sees; images are squashed to it.
        second_look: Below this confidence it looks again, closer; 0 for never.
        least_confidence: Below this confidence a mask is not given out: nothing clear was found.
        weights_sha256: Checksum of the weights' file.
        encoder_weights: Where the encoder's weights came from.
        encoder_sha256: Their checksum; ``None`` for random ones.
        training_data: What it was trained on.
        held_back: What of those data it was not trained on, by data set: names of images or classes.
        config: Its configuration.
        seed: Its seed.
        quality: What was measured.
        versions: Of the libraries that made it.
    """

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    title: str
    description: str
    encoder: str
    full_size: bool
    size: int
    second_look: float = Field(default=0, ge=0, le=1)
    least_confidence: float = Field(ge=0, le=1)
    weights_sha256: str = ""
    encoder_weights: str
    encoder_sha256: str | None
    training_data: tuple[Data, ...]
    held_back: dict[str, tuple[str, ...]]
    config: dict[str, Any]
    seed: int
    quality: tuple[Quality, ...] = ()
    versions: dict[str, str]

    def _left_out(self) -> set[str]:
        return set() if self.second_look else {"second_look"}


def list_segmenters() -> tuple[dict[str, SegmenterCard], dict[str, str]]:
    """Cards of all shipped and own segmenters by name, and for every unusable one the sentence that says why."""
    cards: dict[str, SegmenterCard] = {}
    broken: dict[str, str] = {}
    for name, path in _paths().items():
        try:
            cards[name] = _read(path)
        except CheckpointError as error:
            broken[name] = str(error)
    return cards, broken


def load_segmenter(name: str) -> tuple[SegmenterCard, SegmentationNetwork]:
    """Load a segmenter by name; its network is in eval mode, on the CPU, shared, and not to be changed.

    Raises:
        UnknownNameError: No segmenter has that name; the message lists the nearest.
        CheckpointError: Card or weights are missing, damaged or do not belong together.
    """
    path = lookup(_paths(), name, "segmenter")
    card = _read(path)
    weights = path.with_suffix(".safetensors")
    if not weights.is_file():
        raise CheckpointError(f"The weights of the segmenter '{name}' are missing beside its card; restore them.")
    return card, _network(card.seal, path)


def save_segmenter(folder: Path, card: SegmenterCard, network: SegmentationNetwork) -> SegmenterCard:
    """Write weights in half precision and then the card that names them.

    Args:
        folder: Where to; created if need be.
        card: The card; the checksum of its weights is filled in here.
        network: The trained network.

    Returns:
        The sealed card as written.
    """
    sha256 = write_weights(folder / f"{card.name}.safetensors", network.state_dict())
    saved = card.model_copy(update={"weights_sha256": sha256}).sealed()
    saved.write(folder / f"{card.name}.json")
    return saved


def _paths() -> dict[str, Path]:
    """Card of every segmenter; a shipped one is not hidden by an own one of its name."""
    folders = [own_segmenters(), SHIPPED_SEGMENTERS]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> SegmenterCard:
    card = SegmenterCard.read(path)
    if card.name != path.stem:
        raise CheckpointError(
            f"The card {path.name} calls itself '{card.name}'; a card's file bears its name. Rename it back."
        )
    return card


@lru_cache(maxsize=4)
def _network(seal: str, path: Path) -> SegmentationNetwork:  # noqa: ARG001  # the seal tells a new card from an old one
    card = _read(path)
    network = SegmentationNetwork(backbone_spec(card.encoder), full_size=card.full_size)
    whose = f"the segmenter '{card.name}'"
    load_weights(network, read_weights(path.with_suffix(".safetensors"), card.weights_sha256, whose), whose)
    network.eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)
