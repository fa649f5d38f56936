"""Checkpoints and cards: what is saved comes back, and what was damaged is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bgbias_core.errors import CheckpointError, UnknownNameError
from bgbias_core.models import (
    Card,
    MaskedClassifier,
    build_classifier,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from bgbias_core.paths import own_checkpoints

BODY = {
    "name": "small",
    "title": "Small",
    "task": "species",
    "description": "For the tests.",
    "architecture": {
        "backbone": "aviary-convnext",
        "pooling": "gap",
        "region": "foreground",
        "head_norm": True,
        "grid": [6, 6],
        "depths": 4,
    },
    "strategy": {"name": "late", "depth": 4},
    "preprocessing": {"size": 96},
    "classes": ["wren", "robin"],
    "weights": {"source": "file", "name": "small.safetensors", "sha256": "", "dtype": "float16"},
    "backbone_weights": "random",
    "backbone_sha256": None,
    "mask_source_at_training": "given",
    "training_data": {"name": "none", "fingerprint": "", "licence": "MIT", "parameters": {}},
    "config": {},
    "seed": 0,
    "versions": {},
}


@pytest.fixture
def saved() -> tuple[Card, MaskedClassifier, Path]:
    torch.manual_seed(0)
    card = Card.model_validate(BODY)
    classifier = build_classifier(card).eval()
    return save_checkpoint(own_checkpoints(), card, classifier), classifier, own_checkpoints()


def test_what_is_saved_comes_back(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, classifier, _ = saved
    loaded = load_checkpoint("small")
    assert loaded.card == card
    assert not loaded.classifier.training
    images, masks = torch.rand(2, 3, 96, 96), torch.ones(2, 1, 96, 96)
    torch.testing.assert_close(loaded.classifier(images, masks), classifier(images, masks), atol=5e-3, rtol=0)
    assert "small" in list_checkpoints().cards


def test_weights_are_half_precision(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    _, classifier, folder = saved
    numbers = sum(value.numel() for value in classifier.state_dict().values())
    assert (folder / "small.safetensors").stat().st_size < 2.1 * numbers + 20_000


def test_no_half_written_file_stays(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    assert sorted(path.name for path in saved[2].iterdir()) == ["small.json", "small.safetensors"]


def alter(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Better"}, "altered"),
        ({"classes": ["robin", "wren"]}, "altered"),
        ({"classes": ["robin", "robin"]}, "not all different"),
        ({"schema_version": 2}, "schema_version"),
        ({"surprise": 1}, "surprise"),
        ({"strategy": {"name": "late", "depth": 0}}, "cannot have depth"),
    ],
)
def test_a_tampered_card_is_refused(
    saved: tuple[Card, MaskedClassifier, Path], changes: dict[str, object], words: str
) -> None:
    alter(saved[2] / "small.json", **changes)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint("small")
    listing = list_checkpoints()
    assert words in listing.broken["small"]
    assert "small" not in listing.cards


def test_a_card_that_is_no_json_is_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    (saved[2] / "small.json").write_text("{")
    with pytest.raises(CheckpointError, match="not a valid model card"):
        load_checkpoint("small")


def test_a_card_under_another_name_is_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    (saved[2] / "small.json").rename(saved[2] / "large.json")
    with pytest.raises(CheckpointError, match="calls itself 'small'"):
        find_checkpoint("large")


def test_damaged_and_missing_weights_are_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    path = saved[2] / "small.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="sha256"):
        load_checkpoint("small")
    path.unlink()
    with pytest.raises(CheckpointError, match="missing"):
        load_checkpoint("small")


def test_weights_outside_the_folder_are_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, _, folder = saved
    elsewhere = folder.parent / "small.safetensors"
    (folder / "small.safetensors").rename(elsewhere)
    weights = card.weights.model_copy(update={"name": "../small.safetensors"})
    card.model_copy(update={"weights": weights}).write(folder / "small.json")
    with pytest.raises(CheckpointError, match="missing beside its card"):
        load_checkpoint("small")


def test_weights_of_another_network_are_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, _, folder = saved
    card.model_copy(update={"classes": ("wren", "robin", "owl")}).write(folder / "small.json")
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint("small")


def test_a_card_that_cannot_be_built_is_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, _, folder = saved
    architecture = card.architecture.model_copy(update={"backbone": "aviary-convnex"})
    card.model_copy(update={"architecture": architecture}).write(folder / "small.json")
    with pytest.raises(CheckpointError, match="did you mean"):
        load_checkpoint("small")


def test_an_unknown_name_lists_the_nearest(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    with pytest.raises(UnknownNameError, match="small"):
        load_checkpoint("smal")
