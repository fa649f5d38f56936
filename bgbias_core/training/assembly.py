"""The classifier that a configuration describes, before training, and its card."""

from __future__ import annotations

import importlib.metadata
import platform

from torch import nn

from bgbias_core.errors import ModelError
from bgbias_core.models import (
    LEAKING_FILLS,
    Architecture,
    Card,
    Data,
    MaskedClassifier,
    Origin,
    Preprocessing,
    Weights,
    backbone_spec,
    load_backbone,
)
from bgbias_core.training.config import TrainingConfig
from bgbias_core.training.data import TrainingData


def image_size(config: TrainingConfig) -> int:
    """Side of the square images in pixels: the configuration's, else the backbone's usual one."""
    return config.model.size or backbone_spec(config.model.backbone).size


def build(config: TrainingConfig, classes: int) -> tuple[MaskedClassifier, Origin]:
    """Build the classifier of a configuration, with the backbone's weights and a new head.

    Args:
        config: The configuration.
        classes: Number of classes.

    Raises:
        ModelError: The combination means nothing, or the weights cannot be had.
    """
    network, origin = load_network(config)
    return with_head(config, network, classes), origin


def load_network(config: TrainingConfig) -> tuple[nn.Module, Origin]:
    """The backbone of a configuration with its weights; frozen ones take no gradient.

    Raises:
        ModelError: The weights cannot be had, or are random and shall stay so.
    """
    if config.model.frozen and config.model.weights == "random":
        raise ModelError(
            "A frozen backbone with random weights never learns to see; start from pretrained weights, or train the "
            "backbone too (frozen: false)."
        )
    network, origin = load_backbone(config.model.backbone, image_size(config), config.model.weights)
    if config.model.frozen:
        network.requires_grad_(False)
    return network, origin


def with_head(config: TrainingConfig, network: nn.Module, classes: int) -> MaskedClassifier:
    """A classifier on a backbone, which several may share, with a new head.

    Raises:
        ModelError: The combination means nothing.
    """
    spec = backbone_spec(config.model.backbone)
    return MaskedClassifier(
        network,
        classes,
        config.model.strategy,
        size=image_size(config),
        pooling=config.model.pooling,
        region=config.model.region,
        mean=spec.mean,
        std=spec.std,
        head_norm=spec.head_norm,
    )


def make_card(config: TrainingConfig, data: TrainingData, classifier: MaskedClassifier, origin: Origin) -> Card:
    """The card of a classifier to be trained, without metrics and without its weights' checksum."""
    spec, size = backbone_spec(config.model.backbone), image_size(config)
    frozen = "; only the head was trained" if config.model.frozen else ""
    leaks = "; the blurred fill leaks the background's colours" if config.model.strategy.fill in LEAKING_FILLS else ""
    return Card(
        name=config.name,
        title=config.title,
        task="species",
        description=f"Trained on {data.description}{frozen}{leaks}.",
        architecture=Architecture(
            backbone=config.model.backbone,
            pooling=classifier.pooling,
            region=classifier.region,
            head_norm=spec.head_norm,
            grid=classifier.depths.grids[-1],
            depths=classifier.depths.last,
        ),
        strategy=config.model.strategy.model_copy(update={"depth": classifier.depth}),
        preprocessing=Preprocessing(size=size, mean=spec.mean, std=spec.std),
        classes=data.classes,
        weights=Weights(source="file", name=f"{config.name}.safetensors", sha256="", dtype="float16"),
        backbone_weights=origin.source,
        backbone_sha256=origin.sha256,
        mask_source_at_training=data.mask_source,
        training_data=Data(
            name=data.name, fingerprint=data.fingerprint, licence=data.licence, parameters=data.parameters
        ),
        config=config.model_dump(mode="json"),
        seed=config.seed,
        versions={"python": platform.python_version()}
        | {package: importlib.metadata.version(package) for package in ("torch", "timm", "accelerate", "numpy")},
    )
