"""The trained dials by command: trained where they are missing, continued where they were stopped, measured once."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bgbias_core.evaluation import Evaluation, evaluate_on_aviary
from bgbias_core.models import DIALS, Card, list_checkpoints, load_checkpoint
from bgbias_core.paths import SHIPPED_CHECKPOINTS, own_checkpoints, runs_folder
from bgbias_core.training import TrainingConfig, dial_points, train
from bgbias_core.training.grid import Reach
from tests.cli.calling import refused, run, run_json

UNMASKED, LATE = (f"dial-convnext-{strategy}-c0" for strategy in ("unmasked", "late"))
TRAINED = [UNMASKED, LATE, f"{UNMASKED}.95", f"{LATE}.95", "dial-convnext-depth-1"]


class StoppedError(Exception):
    """Raised by a progress callback, as a killed process would stop."""


class Counts:
    """In place of the counters on stderr: the steps of every training, by its name."""

    def __init__(self, stop: tuple[str, int] | None = None) -> None:
        self.steps: dict[str, list[int]] = {}
        self.stop = stop

    def __call__(self, what: str) -> Callable[[int, int], None]:
        name, _, stage = what.partition(": ")

        def show(done: int, total: int) -> None:
            if stage == "training, steps":
                self.steps.setdefault(name, []).append(done)
                if (name, done) == self.stop:
                    raise StoppedError

        return show


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped checkpoints with one backbone and recipes of two steps an epoch; dials of two ends each."""
    folder = tmp_path / "shipped"
    (folder / "configs").mkdir(parents=True)
    for strategy, epochs in {"unmasked": 1, "early": 2, "late": 1}.items():
        name = f"aviary-convnext-{strategy}"
        config = TrainingConfig.read(SHIPPED_CHECKPOINTS / "configs" / f"{name}.json")
        changes = {
            "data": {"train": 24, "validation": 12},
            "optimisation": {"epochs": epochs, "batch_size": 12, "warmup_epochs": 0, "mixed_precision": "no"},
            "model": config.model.model_dump() | {"size": 64},
        }
        config = TrainingConfig.model_validate(config.model_dump() | changes)
        (folder / "configs" / f"{name}.json").write_text(config.model_dump_json())
    for module in ("paths", "models.checkpoints", "training.grid"):
        monkeypatch.setattr(f"bgbias_core.{module}.SHIPPED_CHECKPOINTS", folder)
    monkeypatch.setattr("bgbias_core.training.grid.REACHES", (Reach("aviary-convnext", (0.0, 0.95), (0, 1, 4)),))
    monkeypatch.setattr(
        "bgbias_core.evaluation.evaluate_on_aviary", functools.partial(evaluate_on_aviary, n=12, n_predicted=1)
    )
    return folder


def train_built_in(folder: Path) -> None:
    [config] = [point.config for point in dial_points() if point.built_in]
    train(config, runs_folder() / config.name, folder)


def test_what_is_missing_is_trained_and_continued_and_what_is_there_is_not(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [entry["name"] for entry in run_json("dials", "list") if not entry["there"]] == [
        point.name for point in dial_points()
    ]
    monkeypatch.setattr("bgbias_core.cli.train.counter", Counts(stop=(LATE, 3)))
    assert isinstance(run("dials", "train").exception, StoppedError)
    folder = own_checkpoints() / DIALS
    assert sorted(path.stem for path in folder.glob("*.json")) == [UNMASKED]
    assert [path.name for path in runs_folder().iterdir()] == [LATE], "only the run that was stopped waits"

    counts = Counts()
    monkeypatch.setattr("bgbias_core.cli.train.counter", counts)
    result = run("dials", "train", "--json")
    cards = json.loads(result.stdout)
    assert f"{LATE}: validation birds named rightly: ID " in result.stderr
    assert [card["name"] for card in cards] == TRAINED[1:]
    assert counts.steps[LATE] == [3, 4], "its second epoch"
    assert counts.steps[f"{UNMASKED}.95"] == [1, 2, 3, 4]
    assert UNMASKED not in counts.steps
    assert list(runs_folder().iterdir()) == []
    assert "0 trained, 5 were there" in run("dials", "train").stdout

    assert not list_checkpoints().cards.keys() & set(TRAINED)
    loaded = {name: load_checkpoint(name).card for name in TRAINED}
    assert {name: card.training_data.parameters["correlation"] for name, card in loaded.items()} == dict(
        zip(TRAINED, (0, 0, 0.95, 0.95, 0.95), strict=True)
    )
    assert [card.strategy.depth for card in loaded.values()] == [None, 4, None, 4, 1]

    # Another recipe makes the old checkpoint no point of the dials any more, a damaged one neither.
    (folder / f"{UNMASKED}.safetensors").write_bytes(b"")
    late = tiny / "configs" / "aviary-convnext-late.json"
    late.write_text(late.read_text().replace('"learning_rate":0.003', '"learning_rate":0.001'))
    assert {entry["name"] for entry in run_json("dials", "list") if entry["there"]} == {f"{UNMASKED}.95"}
    assert [card["name"] for card in run_json("dials", "train", "--only", "*-late-*")] == [LATE, f"{LATE}.95"]


def test_points_that_ship_are_trained_again_only_into_another_folder(tiny: Path, tmp_path: Path) -> None:
    arguments = ("dials", "train", "--only", UNMASKED)
    [made] = run_json(*arguments, "--out", tiny / DIALS)
    assert Card.read(tiny / DIALS / f"{UNMASKED}.json") == Card.model_validate(made)
    assert run_json(*arguments) == []
    [again] = run_json(*arguments, "--out", tmp_path / "elsewhere")
    assert again["weights"]["sha256"] == made["weights"]["sha256"]


def test_all_points_that_are_there_are_measured_together_once(tiny: Path) -> None:
    run_json("dials", "train")
    train_built_in(tiny)
    documents = run_json("dials", "evaluate", "--name", "mine", "--out", tiny / "evaluations")
    names = [[one["name"] for one in document["evaluation"]["checkpoints"]] for document in documents]
    assert names == [
        [UNMASKED, f"{UNMASKED}.95", "aviary-convnext-early", LATE, f"{LATE}.95"],
        ["aviary-convnext-early", "dial-convnext-depth-1", f"{LATE}.95"],
    ]
    for document, dial in zip(documents, ("correlation", "depth"), strict=True):
        assert Path(document["file"]) == tiny / "evaluations" / f"mine-{dial}.parquet"
        evaluation = Evaluation.load(Path(document["file"]))
        assert evaluation.header.data.parameters["correlation"] == 0.95
        table = evaluation.table
        assert set(table["checkpoint"]) == {one.name for one in evaluation.header.checkpoints}
        assert table[table["condition"] == "ID"].groupby("checkpoint", observed=True)["sample"].nunique().eq(12).all()

    listed = {entry["name"]: entry for entry in run_json("dials", "list")}
    for name in TRAINED:
        assert listed[name]["there"]
        assert {metric["condition"] for metric in listed[name]["metrics"]} >= {"ID", "OOD"}
        assert all("--correlation 0.95" in metric["command"] for metric in listed[name]["metrics"])
    assert not listed["aviary-convnext-early"]["metrics"], "the cards of other checkpoints are left alone"


def test_what_cannot_be_done_is_refused(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No point of the dials has a name like 'aviary-*'" in refused(run("dials", "train", "--only", "aviary-*"))
    train_built_in(tiny)
    assert "train some first" in refused(run("dials", "evaluate"))
    assert "cannot name an evaluation" in refused(run("dials", "evaluate", "--name", "My"))
    file = tmp_path / "file"
    file.write_text("")
    assert "cannot be written" in refused(run("dials", "train", "--out", file))
    monkeypatch.setattr("bgbias_core.paths.SHIPPED_EVALUATIONS", tmp_path)
    (tmp_path / "dial-depth.parquet").write_text("")
    assert "'dial-depth' is the name of a shipped evaluation" in refused(run("dials", "evaluate", "--name", "dial"))
    (tiny / "configs" / "aviary-convnext-late.json").unlink()
    assert "cannot be read" in refused(run("dials", "list"))
