"""Data to train on: prepared exactly as a classifier is shown pictures later, and refused before the work begins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bgbias_core.data import AviaryQuery, load_aviary, open_data
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import network_input
from bgbias_core.masks import load_masker
from bgbias_core.masks.segmenter import Segmenter
from bgbias_core.models import Card
from bgbias_core.training import TrainingConfig, load_training_data, open_training_data, train
from bgbias_core.training.assembly import build, image_size, make_card
from bgbias_core.training.data import memory_of
from bgbias_core.training.sources import AviaryTraining, PhotographTraining

SIZE = 64


def folder_config(root: Path, strategy: str, *, masks: bool) -> TrainingConfig:
    data = {"name": "folder", "root": str(root / "photos"), "masks": str(root / "masks") if masks else None}
    return TrainingConfig.model_validate(
        {
            "name": "own",
            "title": "Own",
            "data": data,
            "model": {
                "backbone": "aviary-convnext",
                "weights": "random",
                "strategy": {"name": strategy},
                "size": SIZE,
            },
            "optimisation": {"epochs": 1, "batch_size": 4, "warmup_epochs": 0, "mixed_precision": "no"},
        }
    )


def opened(config: TrainingConfig) -> tuple[AviaryTraining | PhotographTraining, Card]:
    data = open_training_data(config, image_size(config))
    return data, make_card(config, data, *build(config, len(data.classes)))


@pytest.mark.parametrize("strategy", ["unmasked", "early", "late"])
@pytest.mark.parametrize("masks", [True, False])
def test_photographs_reach_training_as_they_reach_prediction(photographs: Path, strategy: str, masks: bool) -> None:
    config = folder_config(photographs, strategy, masks=masks)
    data, card = opened(config)
    loaded = load_training_data(data, card)
    assert list(loaded) == ["train", "ID"]
    samples = open_data("folder", photographs / "photos", photographs / "masks")
    splits = {"train": "train", "ID": "validation"}
    for part, arrays in loaded.items():
        entries = [entry for entry in samples.entries if entry.split == splits[part]]
        assert len(entries) == len(arrays.labels) == data.counts[part] > 0
        for row, entry in enumerate(entries):
            sample = samples.read(entry)
            assert sample.mask is not None
            mask = sample.mask if masks else load_masker("segmenter-photo")(sample.image).mask
            pixels, foreground = network_input(card, [sample.image], [mask])
            np.testing.assert_array_equal(arrays.images[row], pixels[0].permute(1, 2, 0).mul(255).round().numpy())
            if foreground is None:
                assert not arrays.masks[row].any()
            else:
                np.testing.assert_allclose(arrays.masks[row] / 255, foreground[0, 0].numpy(), atol=0.5 / 255 + 1e-6)
            assert data.classes[arrays.labels[row]] == entry.label
    assert data.mask_source == ("none" if strategy == "unmasked" else "given" if masks else "predicted")


def test_predicted_masks_are_found_once(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, card = opened(folder_config(photographs, "early", masks=False))
    first = load_training_data(data, card)
    monkeypatch.setattr(Segmenter, "find_all", None)
    again = load_training_data(data, card)
    np.testing.assert_array_equal(first["train"].masks, again["train"].masks)
    assert first["train"].masks.any()


def test_progress_runs_through_all_parts(photographs: Path) -> None:
    data, card = opened(folder_config(photographs, "unmasked", masks=False))
    steps: list[tuple[int, int]] = []
    load_training_data(data, card, lambda done, total: steps.append((done, total)))
    total = sum(data.counts.values())
    assert steps == [*((step, total) for step in range(1, total + 1)), (total, total)]


def test_a_classifier_of_photographs_says_what_it_was_trained_on(photographs: Path) -> None:
    config = folder_config(photographs, "early", masks=True)
    card = train(config, photographs / "run", photographs / "out")
    data = open_training_data(config, SIZE)
    assert card.classes == ("gull", "wren")
    assert card.mask_source_at_training == "given"
    assert card.description == f"Trained on {data.samples.title}, {data.counts['train']} photographs with given masks."  # type: ignore[union-attr]
    assert (card.training_data.name, card.training_data.licence) == ("folder", "unknown")
    assert card.training_data.fingerprint == (photographs / "run" / "data.sha256").read_text()
    assert card.training_data.parameters["masks"] == str(photographs / "masks")


def test_photographs_that_cannot_be_read_are_named_together(photographs: Path) -> None:
    data, card = opened(folder_config(photographs, "unmasked", masks=False))
    assert isinstance(data, PhotographTraining)
    broken = photographs / "photos" / data.entries["train"][0].name
    broken.write_bytes(b"no picture")
    missing = photographs / "photos" / data.entries["ID"][0].name
    missing.unlink()
    with pytest.raises(ConfigError, match=f"1 photograph is missing.*{missing.name}.*cannot be read.*{broken.name}"):
        load_training_data(data, card)


def test_what_does_not_fit_into_memory_is_refused(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, card = opened(folder_config(photographs, "unmasked", masks=False))
    needed = memory_of(data, SIZE)
    assert needed == sum(data.counts.values()) * SIZE * SIZE * 4
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=needed))
    with pytest.raises(ConfigError, match="train on fewer, or at a smaller size"):
        load_training_data(data, card)


def test_data_without_validation_photographs_are_refused(photographs: Path) -> None:
    for number, label in enumerate(("gull", "wren")):
        few = photographs / "few" / label
        few.mkdir(parents=True)
        (photographs / "photos" / label / f"{number}.png").rename(few / "0.png")
        (photographs / "photos" / label / f"{number + 2}.png").rename(few / "1.png")
    data = {"name": "folder", "root": str(photographs / "few")}
    config = folder_config(photographs, "unmasked", masks=False).model_dump() | {"data": data}
    with pytest.raises(ConfigError, match=r"no photographs to .*add some"):
        open_training_data(TrainingConfig.model_validate(config), SIZE)


def test_a_folder_may_be_named_by_an_environment_variable(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = folder_config(photographs, "early", masks=True)
    named = config.model_copy(update={"data": config.data.model_copy(update={"root": "$BGBIAS_BIRDS/photos"})})
    with pytest.raises(ConfigError, match=r"environment variable \$BGBIAS_BIRDS is not set"):
        open_training_data(named, SIZE)
    monkeypatch.setenv("BGBIAS_BIRDS", str(photographs))
    data = open_training_data(named, SIZE)
    assert data.fingerprint == open_training_data(config, SIZE).fingerprint
    assert data.parameters["root"] == "$BGBIAS_BIRDS/photos"


def test_aviary_is_watched_on_held_back_birds_in_both_conditions() -> None:
    config = TrainingConfig.model_validate(
        {
            "name": "drawn",
            "title": "Drawn",
            "data": {"train": 24, "validation": 12, "correlation": 1.0, "seed": 3},
            "model": {"backbone": "aviary-convnext", "weights": "random", "strategy": {"name": "early"}, "size": SIZE},
        }
    )
    data, card = opened(config)
    loaded = load_training_data(data, card)
    assert {part: len(arrays.labels) for part, arrays in loaded.items()} == {"train": 24, "ID": 12, "OOD": 12}
    oracle = load_aviary(AviaryQuery("validation", 12, condition="OOD", correlation=1.0, size=SIZE, seed=3))
    np.testing.assert_array_equal(loaded["OOD"].images, oracle.images)
    np.testing.assert_array_equal(loaded["OOD"].masks, oracle.masks * 255)
    np.testing.assert_array_equal(loaded["OOD"].labels, loaded["ID"].labels)
    assert data.fingerprint == AviaryQuery("train", 24, correlation=1.0, size=SIZE, seed=3).fingerprint
