"""Presets: several trainings and their comparison in one go, continued where they were stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import load_evaluation
from bgbias_core.models import load_checkpoint
from bgbias_core.paths import own_checkpoints
from bgbias_core.training import PRESETS, AviaryData, Preset, build, train_preset

GAP = PRESETS["see-the-gap-open"]


class StoppedError(Exception):
    """Raised by a progress callback, as a killed process would stop."""


@pytest.fixture
def tiny() -> Preset:
    configs = {}
    for end in ("unmasked", "early"):
        config = GAP.configs[end]
        optimisation = config.optimisation.model_copy(update={"epochs": 2})
        data = AviaryData(train=64, validation=12)
        configs[end] = config.model_copy(update={"data": data, "optimisation": optimisation})
    return replace(GAP, configs=configs, birds=24, birds_predicted=2)


class Counts:
    """What was counted, by its words."""

    def __init__(self, stop: tuple[str, int] | None = None) -> None:
        self.seen: dict[str, list[tuple[int, int]]] = {}
        self.stop = stop

    def __call__(self, what: str) -> Callable[[int, int], None]:
        def show(done: int, total: int) -> None:
            self.seen.setdefault(what, []).append((done, total))
            if (what, done) == self.stop:
                raise StoppedError

        return show


def test_a_preset_stopped_and_continued_does_nothing_twice(tiny: Preset, tmp_path: Path) -> None:
    early = "mine-early: training, steps"
    with pytest.raises(StoppedError):
        train_preset(tiny, "mine", tmp_path, own_checkpoints(), Counts(stop=(early, 7)))
    counts = Counts()
    evaluation = train_preset(tiny, "mine", tmp_path, own_checkpoints(), counts)
    # Two trainings of two epochs of two steps: the first is done, and the second's first epoch too.
    assert {what: seen for what, seen in counts.seen.items() if "training" in what} == {early: [(7, 8), (8, 8)]}
    names = ["mine-unmasked", "mine-early"]
    assert [one.name for one in evaluation.header.checkpoints] == names
    assert [load_checkpoint(name).card.strategy.name for name in names] == ["unmasked", "early"]
    kept = load_evaluation("mine")
    assert kept.header == evaluation.header
    assert set(kept.table["condition"]) == {"ID", "OOD", "all places"}
    again = Counts()
    train_preset(tiny, "mine", tmp_path, own_checkpoints(), again)
    assert list(again.seen) == ["mine: comparing, steps"]


def test_the_gap_preset_trains_one_model_in_three_ways() -> None:
    assert list(GAP.configs) == ["unmasked", "early", "late"]
    for strategy, config in GAP.configs.items():
        assert (config.name, config.model.strategy.name) == (f"gap-{strategy}", strategy)
        classifier, _ = build(config, 12)
        assert classifier.strategy.name == strategy
    first, *others = GAP.configs.values()
    assert all(other.data == first.data and other.seed == first.seed for other in others)
    assert GAP.birds >= 600


def test_every_preset_is_listed_under_its_name() -> None:
    assert all(preset.name == name for name, preset in PRESETS.items())


@pytest.mark.parametrize("prefix", ["Mine", "", "a b", "x" * 90, "../up"])
def test_a_prefix_that_names_no_checkpoint_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError, match="cannot be named"):
        GAP.renamed(prefix)
