"""Heads on frozen backbones: trained on features, they answer as parts of the whole network, together as alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bgbias_core.errors import ConfigError, ModelError
from bgbias_core.evaluation import network_input
from bgbias_core.models import load_backbone, load_checkpoint
from bgbias_core.paths import own_checkpoints
from bgbias_core.training import HEAD_OPTIMISATION, TrainingConfig, open_training_data, train, train_heads
from bgbias_core.training.assembly import with_head
from bgbias_core.training.features import Reader, extract
from bgbias_core.training.runs import make_accelerator
from bgbias_core.training.sources import PhotographTraining

SIZE = 128
SHORT = {"epochs": 3, "batch_size": 4, "warmup_epochs": 0, "mixed_precision": "no"}


def config(root: Path, strategy: str, **changes: object) -> TrainingConfig:
    model = {
        "backbone": "efficientnet-lite0",
        "strategy": {"name": strategy},
        "region": "foreground" if strategy == "late" else "all",
        "size": SIZE,
        "frozen": True,
    }
    data = {"name": "folder", "root": str(root / "photos"), "masks": str(root / "masks")}
    body = {"name": f"own-{strategy}", "title": "Own", "data": data, "model": model, "optimisation": SHORT}
    return TrainingConfig.model_validate(body | changes)


def test_a_head_answers_in_its_checkpoint_as_it_did_on_features(photographs: Path) -> None:
    configs = [config(photographs, strategy) for strategy in ("unmasked", "early", "late")]
    cards = train_heads(configs, photographs / "runs", own_checkpoints())
    assert [card.name for card in cards] == ["own-unmasked", "own-early", "own-late"]
    assert [card.mask_source_at_training for card in cards] == ["none", "given", "given"]
    for one, card in zip(configs, cards, strict=True):
        checkpoint = load_checkpoint(card.name)
        assert checkpoint.card == card
        assert card.weights.source == "head"
        assert "only the head was trained" in card.description
        data = open_training_data(one, SIZE)
        assert isinstance(data, PhotographTraining)
        [vectors] = extract([Reader(checkpoint.classifier, card)], data, "ID", make_accelerator(one))
        for entry, pooled in zip(data.entries["ID"], vectors, strict=True):
            sample = data.samples.read(entry)
            assert sample.mask is not None
            with torch.no_grad():
                whole = checkpoint.classifier(*network_input(card, [sample.image], [sample.mask]))
                torch.testing.assert_close(checkpoint.classifier.head(pooled[None]), whole, rtol=1e-4, atol=1e-4)
        network, _ = load_backbone("efficientnet-lite0", SIZE, "pretrained")
        for key, value in network.state_dict().items():
            assert torch.equal(checkpoint.classifier.backbone.state_dict()[key], value)
        torch.manual_seed(one.seed)
        assert not torch.equal(checkpoint.classifier.head[1].weight, with_head(one, network, 2).head[1].weight)


def test_heads_trained_together_are_those_trained_alone(photographs: Path) -> None:
    configs = [
        config(photographs, "unmasked", name="first"),
        config(photographs, "unmasked", name="second", seed=1),
        config(photographs, "late", name="third"),
    ]
    steps: list[tuple[int, int]] = []
    seen: list[tuple[int, int]] = []
    together = train_heads(
        configs,
        photographs / "runs",
        photographs / "together",
        progress=lambda done, total: steps.append((done, total)),
        preparing=lambda done, total: seen.append((done, total)),
    )
    assert steps == [(step, 18) for step in range(1, 19)]
    assert seen == [(6, 8), (8, 8)]
    alone = [train(one, photographs / "alone" / one.name, photographs / "alone") for one in reversed(configs)][::-1]
    assert [card.weights.sha256 for card in together] == [card.weights.sha256 for card in alone]
    assert len({card.weights.sha256 for card in together}) == 3


class StoppedError(Exception):
    """Raised by a progress callback, as a killed process would stop: between two steps."""


def test_interrupted_heads_end_with_the_same_numbers(photographs: Path) -> None:
    configs = [config(photographs, "unmasked"), config(photographs, "early")]
    whole = train_heads(configs, photographs / "whole", photographs / "a")

    def stop_in_the_second(done: int, _: int) -> None:
        if done == 9:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_heads(configs, photographs / "cut", photographs / "b", progress=stop_in_the_second)
    assert len(json.loads((photographs / "cut" / "own-early" / "history.json").read_text())) == 1
    assert [path.name for path in (photographs / "b").glob("*.json")] == ["own-unmasked.json"]
    again = train_heads(configs, photographs / "cut", photographs / "b")
    assert [card.weights.sha256 for card in again] == [card.weights.sha256 for card in whole]


def test_what_is_no_head_is_refused(photographs: Path) -> None:
    whole = config(photographs, "late").model_dump()
    whole["model"] |= {"frozen": False}
    with pytest.raises(ConfigError, match=r"trains its backbone too.*set frozen: true"):
        train_heads([TrainingConfig.model_validate(whole)], photographs, photographs)
    with pytest.raises(ConfigError, match="the same name"):
        train_heads([config(photographs, "late")] * 2, photographs, photographs)
    refused = config(photographs, "late").model_dump()
    refused["model"] |= {"pooling": "cls", "region": "all"}
    with pytest.raises(ModelError, match="needs a class token"):
        train_heads([TrainingConfig.model_validate(refused)], photographs / "runs", photographs)
    assert not (photographs / "runs").exists()


def test_a_frozen_backbone_is_not_augmented(photographs: Path) -> None:
    one = config(photographs, "late")
    assert (one.augmentation.flip, one.augmentation.shift) == (False, 0)
    assert TrainingConfig.model_validate_json(one.model_dump_json()) == one
    with pytest.raises(ValueError, match="leave augmentation out"):
        config(photographs, "late", augmentation={"flip": True, "shift": 0})


def test_the_usual_optimisation_is_the_papers_for_frozen_backbones() -> None:
    usual = HEAD_OPTIMISATION
    assert (usual.epochs, usual.learning_rate, usual.weight_decay, usual.label_smoothing) == (90, 1e-3, 1e-2, 0.1)
