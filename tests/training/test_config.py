"""Configurations: read from files old and new, and refused by the entry that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bgbias_core.errors import ConfigError
from bgbias_core.paths import SHIPPED_CHECKPOINTS
from bgbias_core.training import HEAD_OPTIMISATION, AviaryData, CubData, FolderData, TrainingConfig, WaterbirdsData

BODY = {"name": "tiny", "title": "Tiny", "model": {"backbone": "aviary-vit", "strategy": {"name": "late"}}}


@pytest.mark.parametrize(
    ("entry", "data"),
    [
        ({}, AviaryData()),
        ({"train": 96, "validation": 24}, AviaryData(train=96, validation=24)),
        ({"name": "aviary", "seed": 3}, AviaryData(seed=3)),
        ({"name": "cub", "root": "birds"}, CubData(root="birds")),
        ({"name": "cub", "root": "birds", "masks_from": "predicted"}, CubData(root="birds", masks_from="predicted")),
        ({"name": "waterbirds", "root": "birds"}, WaterbirdsData(root="birds")),
        ({"name": "folder", "root": "mine"}, FolderData(root="mine")),
        ({"name": "folder", "root": "mine", "masks": "cut"}, FolderData(root="mine", masks="cut")),
    ],
)
def test_every_kind_of_data_is_read_and_written(tmp_path: Path, entry: dict[str, object], data: object) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(BODY | {"data": entry}))
    read = TrainingConfig.read(path)
    assert read.data == data
    path.write_text(read.model_dump_json())
    assert TrainingConfig.read(path) == read


def test_the_shipped_configurations_are_read() -> None:
    paths = [path for path in (SHIPPED_CHECKPOINTS / "configs").glob("*.json") if "segmenter" not in path.stem]
    configs = [TrainingConfig.read(path) for path in paths]
    assert [config.name for config in configs] == [path.stem for path in paths]
    heads = [config for config in configs if config.model.frozen]
    assert len(heads) == 11
    for config in heads:
        assert config.optimisation == HEAD_OPTIMISATION
        assert config.data == CubData(root="$BGBIAS_CUB", masks_from="predicted")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimisation": {"epochs": 0}}, "optimisation.epochs"),
        ({"learning_rate": 1}, "learning_rate"),
        ({"data": {"correlation": 1.5}}, "data.correlation"),
        ({"data": {"name": "folder"}}, "data.root"),
        ({"data": {"name": "cub", "root": "birds", "masks": "cut"}}, "data.masks"),
        ({"data": {"name": "imagenet"}}, "valid: data: .*'aviary', 'cub', 'waterbirds', 'folder'"),
        ({"model": {"backbone": "aviary-vit", "strategy": {"name": "early", "depth": 3}}}, "cannot have depth 3"),
    ],
)
def test_a_faulty_configuration_names_its_fault(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    path = tmp_path / "faulty.json"
    path.write_text(json.dumps(BODY | changes))
    with pytest.raises(ConfigError, match=words):
        TrainingConfig.read(path)


def test_a_missing_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        TrainingConfig.read(tmp_path / "none.json")
