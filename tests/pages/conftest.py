"""Small checkpoints with known answers for pages: nothing is trained and nothing ships in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import streamlit as st
import torch

from bgbias_core.aviary import SPECIES
from bgbias_core.models import (
    Architecture,
    Card,
    Data,
    MaskedClassifier,
    Metric,
    Preprocessing,
    Strategy,
    StrategyName,
    Weights,
    backbone_spec,
    build_network,
    save_checkpoint,
)

SPECIES_NAMES = tuple(SPECIES)


@pytest.fixture
def shipped(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the one with the shipped checkpoints, and caches that know no others."""
    st.cache_data.clear()
    st.cache_resource.clear()
    folder = home / "shipped"
    folder.mkdir()
    monkeypatch.setattr("bgbias_core.models.checkpoints.SHIPPED_CHECKPOINTS", folder)
    return folder


MakeCheckpoint = Callable[..., Card]


@pytest.fixture
def make_checkpoint(shipped: Path) -> MakeCheckpoint:
    """Save a checkpoint that names the same species whatever it sees."""

    def make(
        name: str,
        answer: str = SPECIES_NAMES[0],
        metrics: Sequence[Metric] = (),
        classes: tuple[str, ...] = SPECIES_NAMES,
    ) -> Card:
        backbone, _, strategy = name.rpartition("-")
        return _save(shipped, name, backbone, strategy, answer, metrics, classes)  # type: ignore[arg-type]

    return make


def _save(
    folder: Path,
    name: str,
    backbone: str,
    strategy: StrategyName,
    answer: str,
    metrics: Sequence[Metric],
    classes: tuple[str, ...],
) -> Card:
    spec = backbone_spec(backbone)
    torch.manual_seed(0)
    classifier = MaskedClassifier(
        build_network(spec, 96), len(classes), Strategy(name=strategy), size=96, head_norm=spec.head_norm
    )
    linear = classifier.head[1]
    assert isinstance(linear, torch.nn.Linear)
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.copy_(torch.eye(len(classes))[classes.index(answer)])
    card = Card(
        name=name,
        title=f"Always {answer}",
        task="species",
        description="Names one species whatever it sees.",
        architecture=Architecture(
            backbone=backbone, pooling="gap", region="all", head_norm=spec.head_norm, grid=(6, 6), depths=4
        ),
        strategy=Strategy(name=strategy),
        preprocessing=Preprocessing(size=96),
        classes=classes,
        weights=Weights(source="file", name="to be written", sha256="", dtype="float16"),
        backbone_weights="random",
        backbone_sha256=None,
        mask_source_at_training="none",
        training_data=Data(name="none", fingerprint="", licence="MIT", parameters={"correlation": 0.95}),
        config={},
        seed=0,
        metrics=tuple(metrics),
        versions={},
    )
    return save_checkpoint(folder, card, classifier)
