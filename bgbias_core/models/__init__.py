"""Masked classifiers: strategies, backbones, the one classifier and its checkpoints. Sees tensors only."""

from bgbias_core.models.backbones import BACKBONES, BackboneSpec, backbone_spec, build_network
from bgbias_core.models.card import Architecture, Card, Data, Metric, Weights
from bgbias_core.models.checkpoints import (
    DIALS,
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
from bgbias_core.models.fetching import BackboneStatus, backbone_status, fetch_backbone
from bgbias_core.models.local import weights_file, weights_folder
from bgbias_core.models.packaged import PACKAGED, convert_packaged
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
from bgbias_core.models.weights import Origin, WeightsChoice, load_backbone
from bgbias_core.models.wheels import WHEELS

__all__ = [
    "BACKBONES",
    "DIALS",
    "LEAKING_FILLS",
    "PACKAGED",
    "STRATEGY_NAMES",
    "WHEELS",
    "Architecture",
    "BackboneSpec",
    "BackboneStatus",
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
    "WeightsChoice",
    "backbone_spec",
    "backbone_status",
    "build_classifier",
    "build_network",
    "check_combination",
    "convert_packaged",
    "describe_depths",
    "fetch_backbone",
    "find_checkpoint",
    "list_checkpoints",
    "load_backbone",
    "load_checkpoint",
    "open_checkpoint",
    "save_checkpoint",
    "weights_file",
    "weights_folder",
]
