"""The photo classifier: EfficientNet-Lite0 with its ImageNet-1k head, under all three strategies."""

from __future__ import annotations

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.data import ImageNetInfo

from bgbias_core import __version__
from bgbias_core.models.backbones import BACKBONES, build_network
from bgbias_core.models.card import Architecture, Card, Data, Weights
from bgbias_core.models.classifier import describe_depths
from bgbias_core.models.packaged import PACKAGED
from bgbias_core.models.preprocessing import Preprocessing
from bgbias_core.models.strategy import STRATEGY_NAMES, Depths, Strategy, StrategyName

PHOTO_BACKBONE = "efficientnet-lite0"
PHOTO_CHECKPOINTS: tuple[str, ...] = tuple(f"photo-{strategy}" for strategy in STRATEGY_NAMES)

BIRD_CLASSES: tuple[int, ...] = (*range(7, 25), *range(80, 101), *range(127, 147))
"""Indices of ImageNet-1k's 59 classes of birds: cock to great grey owl, black grouse to black swan, white stork to
albatross.

Reference:
    The hyponyms of WordNet 3.0's bird.n.01 (n01503061) among the synsets of ImageNet-1k, in the order of timm's
    ``ImageNetInfo``.
"""

SEES_A_BIRD = 0.2
"""From this :func:`bird_probability` of ``photo-unmasked`` on, a photograph is taken to show a bird.

The network spreads its probabilities: of 150 photographs of birds (CUB-200-2011) 99% reach 0.2 and 55% reach 0.5; of
150 salient objects of all kinds (ECSSD), a few of them birds, 7% reach it, and of 80 places 1%.
"""

# The only classes whose first word is not theirs alone.
_TOLD_APART = {
    "n02012849": "crane (bird)",
    "n03126707": "crane (machine)",
    "n03710637": "maillot",
    "n03710721": "tank suit",
}

_DESCRIPTIONS: dict[StrategyName, str] = {
    "unmasked": "EfficientNet-Lite0 with its ImageNet-1k head, looking at the whole picture.",
    "early": "EfficientNet-Lite0 with its ImageNet-1k head; the background of the picture is filled with black. "
    "Masking at inference only: the network was never trained on masked pictures.",
    "late": "EfficientNet-Lite0 with its ImageNet-1k head; the last feature map is averaged over the foreground only. "
    "Masking at inference only: the network was never trained with masked features.",
}


def photo_cards() -> tuple[Card, ...]:
    """The sealed cards of ``photo-unmasked``, ``photo-early`` and ``photo-late``, which share one packaged network."""
    spec = BACKBONES[PHOTO_BACKBONE]
    depths = describe_depths(build_network(spec, spec.size), spec.size)
    classes = imagenet_names()
    return tuple(_card(strategy, depths, classes) for strategy in STRATEGY_NAMES)


def imagenet_names() -> tuple[str, ...]:
    """The 1,000 classes of ImageNet-1k in the order of their index: each synset's first word, all different."""
    info = ImageNetInfo("imagenet-1k")
    synsets: list[str] = info.label_names()
    return tuple(_TOLD_APART.get(synset) or info.label_name_to_description(synset).split(",")[0] for synset in synsets)


def bird_probability(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """How probable a classifier of ImageNet's classes holds it that pictures show a bird of any kind.

    Args:
        probabilities: float32 ``[..., 1000]`` in the order of ImageNet-1k's classes.

    Returns:
        float32 ``[...]`` in [0, 1]: the sum over the 59 classes of birds.
    """
    summed: NDArray[np.float32] = probabilities[..., list(BIRD_CLASSES)].sum(axis=-1)
    return summed


def _card(strategy: StrategyName, depths: Depths, classes: tuple[str, ...]) -> Card:
    spec, packaged = BACKBONES[PHOTO_BACKBONE], PACKAGED[PHOTO_BACKBONE]
    return Card(
        name=f"photo-{strategy}",
        title=f"{spec.title}, {strategy}",
        task="imagenet",
        description=_DESCRIPTIONS[strategy],
        architecture=Architecture(
            backbone=PHOTO_BACKBONE,
            pooling=spec.pooling,
            region="foreground" if strategy == "late" else "all",
            head_norm=spec.head_norm,
            grid=depths.grids[-1],
            depths=depths.last,
        ),
        strategy=Strategy(name=strategy),
        preprocessing=Preprocessing(size=spec.size, rule="squash", mean=spec.mean, std=spec.std),
        classes=classes,
        weights=Weights(source="package", name=PHOTO_BACKBONE, sha256=packaged.sha256, dtype="float32"),
        backbone_weights=f"package {packaged.package}",
        backbone_sha256=packaged.sha256,
        mask_source_at_training="none",
        training_data=Data(
            name=packaged.trained_on,
            fingerprint="not known: the network was trained elsewhere",
            licence=f"{packaged.licence} (the weights)",
            parameters={},
        ),
        config={},
        seed=None,
        versions={"bgbias": __version__, "timm": timm.__version__, "torch": torch.__version__},
    ).sealed()
