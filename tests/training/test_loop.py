"""The loop on a model of two numbers: what it records, which epoch it keeps, and what a killed process leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bgbias_core.errors import ConfigError
from bgbias_core.training import read_history, read_live
from bgbias_core.training.config import Optimisation
from bgbias_core.training.loop import _train_mode, _warmup_cosine
from tests.training.tiny_fit import KILLS, run_tiny

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_epoch_is_recorded_with_all_its_scores(tmp_path: Path) -> None:
    history, _ = run_tiny(tmp_path)
    assert read_history(tmp_path) == history
    assert [entry.epoch for entry in history] == [1, 2, 3, 4]
    assert history[-1].loss < history[0].loss
    assert history[-1].accuracy > history[0].accuracy
    assert all(list(entry.scores) == ["ID", "OOD"] and entry.score == entry.scores["ID"] for entry in history)


def test_the_first_monitor_chooses_the_epoch_and_the_later_of_equal_ones(tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []
    scores = iter([0.2, 0.9, 0.9, 0.1])

    def chosen(model: nn.Module) -> float:
        seen.append(model.weight.detach().clone())  # type: ignore[operator]
        return next(scores)

    _, model = run_tiny(tmp_path, monitors={"ID": chosen, "OOD": lambda _: 1.0})
    assert torch.equal(model.weight, seen[2])
    assert not torch.equal(model.weight, seen[3])


def test_monitors_do_not_change_what_is_learned(tmp_path: Path) -> None:
    def noisy(_: nn.Module) -> float:
        torch.rand(7)
        return 0.0

    _, quiet = run_tiny(tmp_path / "a", monitors={"ID": lambda _: 0.0})
    _, other = run_tiny(tmp_path / "b", monitors={"ID": noisy, "OOD": noisy})
    assert torch.equal(quiet.weight, other.weight)


def test_the_epoch_under_way_can_be_watched(tmp_path: Path) -> None:
    assert read_live(tmp_path) is None
    watched = []
    run_tiny(tmp_path, progress=lambda done, total: watched.append((done, total, read_live(tmp_path))))
    assert [(done, total) for done, total, _ in watched] == [(step, 32) for step in range(1, 33)]
    first, last = watched[0][2], watched[-1][2]
    assert (first.epoch, first.epochs, first.step, first.total) == (1, 4, 1, 8)
    assert (last.epoch, last.step) == (4, 8)
    assert [step for step, _, _ in last.curve] == list(range(1, 9))
    losses = [loss for _, loss, _ in last.curve]
    assert last.loss == pytest.approx(sum(losses) / 8)
    assert last.loss == pytest.approx(read_history(tmp_path)[-1].loss)


def test_a_half_written_live_file_counts_for_none(tmp_path: Path) -> None:
    (tmp_path / "live.json").write_text('{"epoch": 1, "st')
    assert read_live(tmp_path) is None


@pytest.mark.parametrize("record", ["[{", '[{"epoch": 1, "loss": 1.0, "score": 0.5, "seconds": 1.0}]', "3"])
def test_a_record_that_cannot_be_continued_is_refused(tmp_path: Path, record: str) -> None:
    (tmp_path / "history.json").write_text(record)
    with pytest.raises(ConfigError, match="damaged or of an earlier version"):
        run_tiny(tmp_path)


def test_what_is_frozen_stays_in_eval_mode() -> None:
    frozen, free = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout()), nn.Linear(2, 2)
    frozen.requires_grad_(False)
    model = nn.Sequential(frozen, free, nn.Dropout()).eval()
    _train_mode(model)
    assert not any(module.training for module in frozen.modules())
    assert model.training
    assert free.training
    assert model[2].training


def test_a_run_killed_at_any_moment_ends_as_one_that_was_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.tiny_fit", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout.splitlines()[-1])
    whole = ends.pop("never")
    assert ends.keys() == KILLS.keys()
    for moment, end in ends.items():
        assert end["killed"], moment
        assert end["left"] == whole["left"], moment
        assert (end["weights"], end["history"]) == (whole["weights"], whole["history"]), moment


def test_the_schedule_rises_and_falls_to_zero() -> None:
    factor = _warmup_cosine(10, Optimisation(epochs=5, warmup_epochs=2))
    values = [factor(step) for step in range(51)]
    assert values[:21] == sorted(values[:21])
    assert values[20:] == sorted(values[20:], reverse=True)
    assert max(values) == pytest.approx(1)
    assert values[50] == pytest.approx(0)
