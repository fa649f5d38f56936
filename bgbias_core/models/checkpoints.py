"""Checkpoints: safetensors weights and a card, saved together, found by name, loaded only where they fit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bgbias_core.errors import BgBiasError, CheckpointError
from bgbias_core.models.backbones import backbone_spec, build_network
from bgbias_core.models.card import Card, Weights
from bgbias_core.models.classifier import MaskedClassifier
from bgbias_core.models.weights import PACKAGED, convert_packaged
from bgbias_core.paths import SHIPPED_CHECKPOINTS, own_checkpoints, replace_file
from bgbias_core.registry import lookup


@dataclass(frozen=True)
class Checkpoint:
    """A loaded classifier with its card.

    Attributes:
        card: The model card.
        classifier: The network in eval mode on ``device``.
        device: Where it runs.
    """

    card: Card
    classifier: MaskedClassifier
    device: torch.device


@dataclass(frozen=True)
class Listing:
    """What was found on disk.

    Attributes:
        cards: Card of every usable checkpoint by name: shipped ones first, then this person's own.
        broken: For every unusable one, the sentence that says why.
    """

    cards: dict[str, Card]
    broken: dict[str, str]


def list_checkpoints() -> Listing:
    """Read the cards of all shipped and own checkpoints; a broken one is reported and hides no other."""
    cards: dict[str, Card] = {}
    broken: dict[str, str] = {}
    for folder in (SHIPPED_CHECKPOINTS, own_checkpoints()):
        for path in sorted(folder.glob("*.json")):
            try:
                cards.setdefault(path.stem, _read_named(path))
            except CheckpointError as error:
                broken[path.stem] = str(error)
    return Listing(cards, broken)


def _read_named(path: Path) -> Card:
    card = Card.read(path)
    if card.name != path.stem:
        raise CheckpointError(
            f"The card {path.name} calls itself '{card.name}'; a card's file bears its name. Rename it back."
        )
    return card


def find_checkpoint(name: str) -> tuple[Card, Path]:
    """The card of a checkpoint and the folder it lies in.

    Raises:
        UnknownNameError: No checkpoint has that name; the message lists the nearest.
        CheckpointError: Its card is damaged.
    """
    folders = [own_checkpoints(), SHIPPED_CHECKPOINTS]
    paths = {path.stem: path for folder in folders for path in sorted(folder.glob("*.json"))}
    path = lookup(paths, name, "checkpoint")
    return _read_named(path), path.parent


def load_checkpoint(name: str, device: str | torch.device = "cpu") -> Checkpoint:
    """Load a checkpoint by name.

    Args:
        name: Its name; ``list_checkpoints`` gives them.
        device: Where it shall run.

    Raises:
        UnknownNameError: No checkpoint has that name.
        CheckpointError: Card or weights are missing, damaged or do not belong together.
        ModelError: The weights come with a package that is not installed.
    """
    return open_checkpoint(*find_checkpoint(name), device)


def open_checkpoint(card: Card, folder: Path, device: str | torch.device = "cpu") -> Checkpoint:
    """Load the checkpoint of a card from the folder it lies in.

    Raises:
        CheckpointError: The weights are missing, damaged or do not belong to the card.
        ModelError: The weights come with a package that is not installed.
    """
    classifier = build_classifier(card)
    _load_state(classifier, card, _read_weights(card, folder))
    return Checkpoint(card, classifier.to(device).eval(), torch.device(device))


def build_classifier(card: Card) -> MaskedClassifier:
    """Build the network that a card describes, with random weights.

    Raises:
        CheckpointError: The card describes something that cannot be built.
    """
    architecture, preprocessing = card.architecture, card.preprocessing
    try:
        return MaskedClassifier(
            build_network(backbone_spec(architecture.backbone), preprocessing.size),
            len(card.classes),
            card.strategy,
            size=preprocessing.size,
            pooling=architecture.pooling,
            region=architecture.region,
            mean=preprocessing.mean,
            std=preprocessing.std,
            head_norm=architecture.head_norm,
        )
    except BgBiasError as error:
        raise CheckpointError(f"The card of '{card.name}' describes no network that can be built: {error}") from error


def _read_weights(card: Card, folder: Path) -> dict[str, Tensor]:
    if card.weights.source == "package":
        packaged = lookup(PACKAGED, card.weights.name, "packaged backbone")
        if packaged.sha256 != card.weights.sha256:
            raise CheckpointError(
                f"The card of '{card.name}' names other weights than {packaged.package} has; restore the card."
            )
        return convert_packaged(card.weights.name)
    path = folder / card.weights.name
    if path.parent != folder or not path.is_file():
        raise CheckpointError(
            f"The weights of '{card.name}' ({card.weights.name}) are missing beside its card; restore them."
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != card.weights.sha256:
        raise CheckpointError(
            f"The weights of '{card.name}' are not those its card names (sha256 differs); restore both files."
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"The weights of '{card.name}' are damaged ({error}); restore the file.") from error


def _load_state(classifier: MaskedClassifier, card: Card, state: dict[str, Tensor]) -> None:
    try:
        classifier.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
        )
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights of '{card.name}' do not fit the network its card describes; restore both files."
        ) from error


def save_checkpoint(folder: Path, card: Card, classifier: MaskedClassifier) -> Card:
    """Write weights in half precision and then the card that names them.

    Args:
        folder: Where to; created if need be.
        card: The card; its ``weights`` are filled in here.
        classifier: The trained network.

    Returns:
        The sealed card as written.
    """
    state = {
        key: (value.half() if value.dtype == torch.float32 else value).detach().cpu().contiguous()
        for key, value in classifier.state_dict().items()
    }
    path = folder / f"{card.name}.safetensors"
    replace_file(path, lambda part: save_file(state, part))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    weights = Weights(source="file", name=path.name, sha256=sha256, dtype="float16")
    saved = card.model_copy(update={"weights": weights}).sealed()
    saved.write(folder / f"{card.name}.json")
    return saved
