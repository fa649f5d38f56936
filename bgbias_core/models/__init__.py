"""Masked classifiers: strategies, backbones, the one classifier and its checkpoints. Sees tensors only."""

from bgbias_core.models.backbones import BACKBONES, BackboneSpec, backbone_spec, build_network
from bgbias_core.models.card import Architecture, Card, Data, Metric, Weights
from bgbias_core.models.checkpoints import (
    Checkpoint,
    Listing,
    build_classifier,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    open_checkpoint,
    save_checkpoint,
)
from bgbias_core.models.classifier import Features, MaskedClassifier, describe_depths
from bgbias_core.models.preprocessing import Preprocessing
from bgbias_core.models.strategy import (
    LEAKING_FILLS,
    STRATEGY_NAMES,
    Depths,
    Fill,
    MaskResize,
    Pooling,
    Region,
    Strategy,
    StrategyName,
    check_combination,
)
from bgbias_core.models.weights import PACKAGED, Origin, load_backbone, weights_folder

__all__ = [
    "BACKBONES",
    "LEAKING_FILLS",
    "PACKAGED",
    "STRATEGY_NAMES",
    "Architecture",
    "BackboneSpec",
    "Card",
    "Checkpoint",
    "Data",
    "Depths",
    "Features",
    "Fill",
    "Listing",
    "MaskResize",
    "MaskedClassifier",
    "Metric",
    "Origin",
    "Pooling",
    "Preprocessing",
    "Region",
    "Strategy",
    "StrategyName",
    "Weights",
    "backbone_spec",
    "build_classifier",
    "build_network",
    "check_combination",
    "describe_depths",
    "find_checkpoint",
    "list_checkpoints",
    "load_backbone",
    "load_checkpoint",
    "open_checkpoint",
    "save_checkpoint",
    "weights_folder",
]
