"""Checkpoints: safetensors weights and a card, saved together, found by name, loaded only where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from bgbias_core.errors import BgBiasError, CheckpointError
from bgbias_core.models.backbones import backbone_spec, build_network
from bgbias_core.models.card import Card, Weights
from bgbias_core.models.classifier import MaskedClassifier
from bgbias_core.models.fetching import backbone_status
from bgbias_core.models.packaged import PACKAGED, convert_packaged
from bgbias_core.models.weight_files import load_weights, read_weights, write_weights
from bgbias_core.models.weights import load_backbone
from bgbias_core.paths import SHIPPED_CHECKPOINTS, own_checkpoints
from bgbias_core.registry import lookup

BACKBONE = "backbone."
"""What the names of a classifier's tensors begin with where they are its backbone's."""

DIALS = "dials"
"""Folder within a folder of checkpoints: the points of the trained dials, too many to choose from in a list."""


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
        cards: Card of every checkpoint that is whole, by name: shipped ones first, then this person's own.
        broken: For every one that is not, the sentence that says why.
        waiting: For every one of ``cards`` whose backbone is not on this machine yet, what it needs, without the
            sentence's subject: "needs one 90 MB download: …".
    """

    cards: dict[str, Card]
    broken: dict[str, str]
    waiting: dict[str, str]


def list_checkpoints(*, dials: bool = False) -> Listing:
    """Read the cards of all shipped and own checkpoints; a broken one is reported and hides no other.

    Args:
        dials: Whether the points of the trained dials are listed too; by name they are found in any case.
    """
    cards: dict[str, Card] = {}
    broken: dict[str, str] = {}
    folders = (SHIPPED_CHECKPOINTS, own_checkpoints())
    for folder in (*folders, *_dials_in(folders)) if dials else folders:
        for path in sorted(folder.glob("*.json")):
            try:
                cards.setdefault(path.stem, _read_named(path))
            except CheckpointError as error:
                broken[path.stem] = str(error)
    heads = {name: card.architecture.backbone for name, card in cards.items() if card.weights.source == "head"}
    statuses = {backbone: backbone_status(backbone) for backbone in set(heads.values())}
    waiting = {name: statuses[backbone].needs for name, backbone in heads.items() if not statuses[backbone].present}
    return Listing(cards, broken, waiting)


def _dials_in(folders: Sequence[Path]) -> list[Path]:
    return [folder / DIALS for folder in folders]


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
    folders = (own_checkpoints(), SHIPPED_CHECKPOINTS)
    paths = {path.stem: path for folder in (*_dials_in(folders), *folders) for path in sorted(folder.glob("*.json"))}
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
        ModelError: The weights come with a package or a download that is not on this machine.
    """
    return open_checkpoint(*find_checkpoint(name), device)


def open_checkpoint(card: Card, folder: Path, device: str | torch.device = "cpu") -> Checkpoint:
    """Load the checkpoint of a card from the folder it lies in.

    Raises:
        CheckpointError: The weights are missing, damaged or do not belong to the card.
        ModelError: The weights come with a package or a download that is not on this machine.
    """
    state = _read_weights(card, folder)
    if card.weights.source == "head":
        classifier = build_classifier(card, _known_backbone(card))
        state |= {key: value for key, value in classifier.state_dict().items() if key.startswith(BACKBONE)}
    else:
        classifier = build_classifier(card)
    load_weights(classifier, state, f"'{card.name}'")
    return Checkpoint(card, classifier.to(device).eval(), torch.device(device))


def build_classifier(card: Card, backbone: nn.Module | None = None) -> MaskedClassifier:
    """Build the network that a card describes, with random weights.

    Args:
        card: The card.
        backbone: The card's backbone at its image size, where it is built already.

    Raises:
        CheckpointError: The card describes something that cannot be built.
    """
    architecture, preprocessing = card.architecture, card.preprocessing
    try:
        return MaskedClassifier(
            build_network(backbone_spec(architecture.backbone), preprocessing.size) if backbone is None else backbone,
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
    # A card that names a file elsewhere names none of its own.
    state = read_weights(folder / Path(card.weights.name).name, card.weights.sha256, f"'{card.name}'")
    if card.weights.source == "head" and any(key.startswith(BACKBONE) for key in state):
        raise CheckpointError(
            f"The card of '{card.name}' names weights of the head alone, and its file holds more; restore both files."
        )
    return state


def _known_backbone(card: Card) -> nn.Module:
    network, origin = load_backbone(card.architecture.backbone, card.preprocessing.size, "pretrained")
    if origin.sha256 != card.backbone_sha256:
        raise CheckpointError(
            f"'{card.name}' was trained on other weights of '{card.architecture.backbone}' than those on this machine "
            f"({origin.source}); fetch those that its card names ({card.backbone_weights}), or train it again."
        )
    return network


def save_checkpoint(folder: Path, card: Card, classifier: MaskedClassifier, *, head_only: bool = False) -> Card:
    """Write weights in half precision and then the card that names them.

    Args:
        folder: Where to; created if need be.
        card: The card; its ``weights`` are filled in here.
        classifier: The trained network.
        head_only: Leave out the backbone, which stayed as ``load_backbone`` gave it; its ``Origin.sha256`` stands in
            the card.

    Returns:
        The sealed card as written.

    Raises:
        CheckpointError: A head alone is to be written and the card does not say on which backbone it stands.
    """
    if head_only and card.backbone_sha256 is None:
        raise CheckpointError(
            f"The backbone of '{card.name}' has no known weights that could be loaded again; save it with its backbone."
        )
    path = folder / f"{card.name}.safetensors"
    sha256 = write_weights(
        path,
        {key: value for key, value in classifier.state_dict().items() if not (head_only and key.startswith(BACKBONE))},
    )
    weights = Weights(source="head" if head_only else "file", name=path.name, sha256=sha256, dtype="float16")
    saved = card.model_copy(update={"weights": weights}).sealed()
    saved.write(folder / f"{card.name}.json")
    return saved
