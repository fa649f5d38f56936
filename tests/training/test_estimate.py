"""Estimates: counts that are exact, and nothing left behind; how near the time comes is measured outside of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgbias_core.data import AviaryQuery, load_aviary
from bgbias_core.errors import ModelError
from bgbias_core.paths import home
from bgbias_core.training import TrainingConfig, estimate, estimate_all, open_training_data
from bgbias_core.training.assembly import build, make_card
from bgbias_core.training.estimate import _extraction
from bgbias_core.training.features import Reader, extract
from bgbias_core.training.runs import make_accelerator


def config(**changes: object) -> TrainingConfig:
    body = {
        "name": "tiny",
        "title": "Tiny",
        "data": {"train": 500, "validation": 50, "seed": 77},
        "model": {"backbone": "aviary-convnext", "weights": "random", "strategy": {"name": "early"}, "size": 64},
        "optimisation": {"epochs": 3, "batch_size": 32, "warmup_epochs": 1, "mixed_precision": "no"},
    }
    return TrainingConfig.model_validate(body | changes)


def files() -> set[Path]:
    return {path for path in home().rglob("*") if path.is_file()}


def test_an_estimate_counts_the_steps_and_leaves_nothing_behind() -> None:
    before = files()
    short = estimate(config())
    assert files() == before
    assert short.steps == 3 * 16
    assert short.device == "cpu"
    assert min(short.seconds_a_step, short.seconds_checking, short.seconds_preparing) > 0
    parts = short.seconds_preparing + short.steps * short.seconds_a_step + short.seconds_checking
    assert short.seconds == pytest.approx(parts)
    assert short.memory_bytes > 600 * 64 * 64 * 4


def test_what_is_prepared_already_costs_nothing_more() -> None:
    fresh = config(data={"train": 4000, "validation": 12, "seed": 78})
    load_aviary(AviaryQuery("validation", 12, size=64, seed=78))
    one = config(data={"train": 12, "validation": 12, "seed": 78})
    for query in (
        AviaryQuery("train", 12, size=64, seed=78),
        AviaryQuery("validation", 12, condition="OOD", size=64, seed=78),
    ):
        load_aviary(query)
    both = estimate_all([fresh.model_copy(update={"name": "first"}), fresh, one.model_copy(update={"name": "last"})])
    assert both["first"].seconds_preparing > 4 * both["last"].seconds_preparing
    assert both["tiny"].seconds_preparing == 0
    assert list(both) == ["first", "tiny", "last"]


def test_a_head_is_estimated_by_what_its_backbone_has_not_looked_at_yet(photographs: Path) -> None:
    frozen = config(
        data={"name": "folder", "root": str(photographs / "photos")},
        model={"backbone": "efficientnet-lite0", "strategy": {"name": "unmasked"}, "size": 128, "frozen": True},
    )
    before = files()
    short = estimate(frozen)
    assert files() == before
    assert short.steps == 3
    parts = short.seconds_preparing + short.steps * short.seconds_a_step + short.seconds_checking
    assert short.seconds == pytest.approx(parts)
    data = open_training_data(frozen, 128)
    classifier, origin = build(frozen, 2)
    reader, accelerator = Reader(classifier, make_card(frozen, data, classifier, origin)), make_accelerator(frozen)
    assert _extraction(data, reader, accelerator) > 0
    for part in data.counts:
        extract([reader], data, part, accelerator)
    assert _extraction(data, reader, accelerator) == 0


def test_what_cannot_be_built_is_refused_before_anything_is_timed() -> None:
    late_cls = {"backbone": "aviary-convnext", "weights": "random", "strategy": {"name": "late"}, "pooling": "cls"}
    with pytest.raises(ModelError, match="needs a class token"):
        estimate(config(model=late_cls))
