"""Training by command: estimates, presets, photographs, and a process killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bgbias_core.images import encode_png
from bgbias_core.paths import own_checkpoints, runs_folder
from tests.cli.calling import REPOSITORY, refused, run, run_json
from tests.evaluation.stand_ins import make_picture

CONFIG = {
    "name": "tiny",
    "title": "Tiny",
    "data": {"train": 96, "validation": 12},
    "model": {"backbone": "aviary-convnext", "weights": "random", "strategy": {"name": "early"}, "size": 64},
    "optimisation": {"epochs": 2, "batch_size": 32, "warmup_epochs": 1, "mixed_precision": "no"},
}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(CONFIG | changes))
    return path


def test_an_estimate_is_told_and_nothing_is_trained(tmp_path: Path) -> None:
    told = run_json("train", "--config", write(tmp_path), "--estimate")
    assert list(told) == ["tiny"]
    assert told["tiny"]["steps"] == 6
    assert told["tiny"]["seconds"] > 0
    assert not own_checkpoints().exists()
    assert not runs_folder().exists()
    assert "GiB" in run("train", "--config", write(tmp_path), "--estimate").stdout


def test_photographs_are_trained_on_and_the_result_names_one(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / "mine" / ("gull", "wren")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(make_picture(number)[0]))
    config = write(tmp_path, data={"name": "folder", "root": str(tmp_path / "mine")})
    card = run_json("train", "--config", config)
    assert card["classes"] == ["gull", "wren"]
    assert card["mask_source_at_training"] == "predicted"
    told = run_json("predict", "--image", tmp_path / "mine/gull/0.png", "--checkpoint", "tiny")
    assert told["results"][0]["presentations"][0]["top"][0]["name"] in {"gull", "wren"}


def test_a_killed_process_is_continued_by_the_same_command(tmp_path: Path) -> None:
    long = CONFIG["optimisation"] | {"epochs": 8, "batch_size": 8}  # type: ignore[operator]
    config = write(tmp_path, optimisation=long)
    arguments = ["train", "--config", str(config), "--run", str(tmp_path / "run"), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, "-m", "bgbias_core", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    history = tmp_path / "run" / "history.json"
    while not (history.is_file() and len(json.loads(history.read_text())) >= 1):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(json.loads(history.read_text()))
    assert 1 <= done < 8
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    assert run_json(*arguments)["name"] == "tiny"
    assert len(json.loads(history.read_text())) == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either --config FILE or --preset NAME"),
        (("--config", "x.json", "--preset", "see-the-gap-open"), "and not both"),
        (("--preset", "see-the-gap-opn"), "did you mean see-the-gap-open?"),
        (("--preset", "see-the-gap-open", "--weights", "random"), "a preset has its own"),
        (("--preset", "see-the-gap-open", "--name", "aviary-convnext"), "name of a shipped checkpoint"),
        (("--preset", "see-the-gap-open", "--name", "Mine!"), "cannot be named 'Mine!-…'"),
        (("--config", "x.json", "--name", "mine"), "--name goes with --preset"),
    ],
)
def test_what_cannot_be_trained_is_refused(arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(run("train", *arguments))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"backbone": "aviary-convnet", "strategy": {"name": "early"}}}, "no backbone named"),
        ({"model": CONFIG["model"] | {"pooling": "cls"}}, "needs a class token"),  # type: ignore[operator]
        ({"model": CONFIG["model"] | {"frozen": True}}, "never learns to see"),  # type: ignore[operator]
        ({"data": {"name": "cub", "root": "nowhere"}}, "nowhere"),
        ({"data": {"name": "folder", "root": "nowhere"}}, "nowhere"),
    ],
)
def test_a_configuration_that_means_nothing_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    config = write(tmp_path, **changes)
    for more in ((), ("--estimate",)):
        assert words in refused(run("train", "--config", config, *more))
    assert not (runs_folder() / "tiny" / "config.json").exists()
