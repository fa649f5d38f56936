"""Training runs: a real small run, resumed to the same numbers, chosen on validation and refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from bgbias_core.data import AviaryQuery
from bgbias_core.errors import ConfigError, ModelError
from bgbias_core.models import load_checkpoint
from bgbias_core.paths import own_checkpoints
from bgbias_core.training import TrainingConfig, build, train
from bgbias_core.training.batches import MaskedImages
from bgbias_core.training.config import Augmentation
from bgbias_core.training.runs import claim

BODY = {
    "name": "tiny",
    "title": "Tiny",
    "data": {"train": 96, "validation": 24},
    "model": {
        "backbone": "aviary-convnext",
        "weights": "random",
        "strategy": {"name": "late"},
        "region": "foreground",
    },
    "optimisation": {"epochs": 3, "batch_size": 32, "warmup_epochs": 1, "mixed_precision": "no"},
}


def config(**changes: object) -> TrainingConfig:
    return TrainingConfig.model_validate(BODY | changes)


FINGERPRINT = AviaryQuery("train", 96).fingerprint


class StoppedError(Exception):
    """Raised by a progress callback, as a killed process would stop: between two steps."""


def test_an_interrupted_run_ends_with_the_same_numbers(tmp_path: Path) -> None:
    whole = train(config(), tmp_path / "whole", tmp_path / "a")

    def stop_in_the_third_epoch(done: int, total: int) -> None:
        if done == 7:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(config(), tmp_path / "cut", tmp_path / "b", progress=stop_in_the_third_epoch)
    assert len(json.loads((tmp_path / "cut" / "history.json").read_text())) == 2
    assert not (tmp_path / "b").exists()
    steps: list[tuple[int, int]] = []
    resumed = train(
        config(), tmp_path / "cut", tmp_path / "b", progress=lambda done, total: steps.append((done, total))
    )
    assert steps == [(7, 9), (8, 9), (9, 9)]
    assert resumed.weights.sha256 == whole.weights.sha256
    histories = [json.loads((tmp_path / run / "history.json").read_text()) for run in ("whole", "cut")]
    for one, other in zip(*histories, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert [path.name for path in (tmp_path / "cut").glob("state-*")] == ["state-3"]


def test_training_learns_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    easy = config(
        data={"train": 240, "validation": 24, "correlation": 1.0},
        model=BODY["model"] | {"strategy": {"name": "unmasked"}, "region": "all"},  # type: ignore[operator]
        optimisation={"epochs": 6, "batch_size": 16, "warmup_epochs": 1, "mixed_precision": "no"},
    )
    card = train(easy, tmp_path, own_checkpoints())
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert max(entry["scores"]["ID"] for entry in history) > 3 / 12
    assert history[-1]["accuracy"] > history[0]["accuracy"]
    assert list(history[0]["scores"]) == ["ID", "OOD"]
    loaded = load_checkpoint("tiny")
    assert loaded.card == card
    assert card.config == easy.model_dump(mode="json")
    assert card.training_data.parameters["correlation"] == 1.0
    assert card.mask_source_at_training == "none"
    assert card.architecture.grid == (6, 6)


def test_a_folder_with_another_run_is_refused(tmp_path: Path) -> None:
    claim(tmp_path, config(seed=1), FINGERPRINT)
    with pytest.raises(ConfigError, match="another configuration"):
        train(config(), tmp_path, tmp_path)


def test_a_run_on_another_version_of_the_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim(tmp_path, config(), FINGERPRINT)
    claim(tmp_path, config(), FINGERPRINT)
    monkeypatch.setattr("bgbias_core.data.aviary.SPEC_VERSION", 999)
    with pytest.raises(ConfigError, match="version of the data"):
        train(config(), tmp_path, tmp_path)


def test_a_leaking_fill_is_labelled_on_the_card(tmp_path: Path) -> None:
    model = {"backbone": "aviary-vit", "weights": "random", "strategy": {"name": "early", "fill": "blur"}, "size": 96}
    short = config(model=model, optimisation={"epochs": 1, "warmup_epochs": 0, "mixed_precision": "no"})
    assert "leaks the background's colours" in train(short, tmp_path / "run", tmp_path).description


def test_another_precision_in_the_same_process_is_refused_in_words(tmp_path: Path) -> None:
    train(config(optimisation={"epochs": 1, "warmup_epochs": 0, "mixed_precision": "no"}), tmp_path / "a", tmp_path)
    with pytest.raises(ConfigError, match="Start a new process"):
        train(config(optimisation={"epochs": 1, "warmup_epochs": 0}), tmp_path / "b", tmp_path)


def test_augmentation_moves_image_and_mask_together() -> None:
    torch.manual_seed(0)
    images = torch.zeros(8, 16, 16, 3, dtype=torch.uint8)
    images[:, 5:9, 4:7] = 255
    masks = images[..., 0].clone()
    samples = MaskedImages(images.numpy(), masks.numpy(), torch.arange(8).numpy(), Augmentation(flip=True, shift=3))
    moved, together, labels = samples.__getitems__(list(range(8)))
    assert moved.shape == (8, 3, 16, 16)
    assert torch.equal(moved[:, :1], together)
    assert (together.sum(dim=(1, 2, 3)) == 12).all()
    assert torch.equal(labels, torch.arange(8))
    assert len({tuple(mask.flatten().tolist()) for mask in together}) > 3
    untouched, _, _ = MaskedImages(images.numpy(), masks.numpy(), torch.arange(8).numpy()).__getitems__([0])
    assert torch.equal(untouched[0], images[0].permute(2, 0, 1) / 255)


def test_a_frozen_backbone_stays_as_it_came(tmp_path: Path) -> None:
    model = {"backbone": "efficientnet-lite0", "strategy": {"name": "early"}, "size": 64, "frozen": True}
    short = config(model=model, optimisation={"epochs": 1, "warmup_epochs": 0, "mixed_precision": "no"})
    torch.manual_seed(0)
    untrained, _ = build(short, 12)
    card = train(short, tmp_path / "run", own_checkpoints())
    assert "only the head was trained" in card.description
    trained = load_checkpoint("tiny").classifier
    before, after = untrained.backbone.state_dict(), trained.backbone.state_dict()
    assert any("running_mean" in key for key in before)
    for key, value in before.items():
        assert torch.equal(after[key], value)
    assert not torch.equal(trained.head[1].weight, untrained.head[1].weight)


def test_a_frozen_backbone_without_weights_is_refused() -> None:
    with pytest.raises(ModelError, match="never learns to see"):
        build(config(model=BODY["model"] | {"frozen": True}), 12)  # type: ignore[operator]


def test_two_processes_do_not_train_one_run(tmp_path: Path) -> None:
    with FileLock(tmp_path / ".lock"), pytest.raises(ConfigError, match="by another process"):
        train(config(), tmp_path, tmp_path)
