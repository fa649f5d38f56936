"""One pass: the same rows in any order, by any number of workers, and after any interruption; on both kinds of data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import PhotographSet, open_folder
from bgbias_core.evaluation import Evaluation, evaluate_on_aviary, evaluate_on_photographs
from bgbias_core.evaluation.run import units_of
from bgbias_core.evaluation.table import write_table
from bgbias_core.images import encode_png
from bgbias_core.masks import MASKERS, MaskerSpec
from bgbias_core.models import Strategy
from bgbias_core.paths import cache_folder
from tests.evaluation.stand_ins import Bright, make_checkpoint, make_folders, make_picture

CHECKPOINTS = [
    make_checkpoint(Strategy(name="unmasked"), name="one"),
    make_checkpoint(Strategy(name="early"), name="two"),
    make_checkpoint(Strategy(name="late"), region="foreground", name="three"),
]


class StopError(Exception):
    """Whoever started it has had enough."""


@pytest.fixture(autouse=True)
def small_units(tmp_path, monkeypatch):
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(MASKERS, "bright", MaskerSpec("bright", "Bright pixels", ("photograph", "aviary"), Bright))
    monkeypatch.setattr("bgbias_core.evaluation.run.SAMPLES_A_UNIT", 2)


@pytest.fixture
def folders(tmp_path) -> Path:
    """Six photographs of two classes with masks, and three places."""
    return make_folders(tmp_path, 6, 3)


def on_photographs(folders: Path, **options) -> Evaluation:
    options = {
        "checkpoints": CHECKPOINTS, "conditions": ("all",), "dials": ("mask quality", "object size"),
        "masker": "bright", "n": 5, "draws": 1, "shapley": 1, **options,
    }  # fmt: skip
    data = open_folder(folders / "images", folders / "masks")
    return evaluate_on_photographs(options.pop("checkpoints"), data, scenes=folders / "scenes", **options)


def on_aviary(folders: Path, **options) -> Evaluation:
    options = {
        "checkpoints": CHECKPOINTS, "conditions": ("all",), "dials": ("mask quality", "object size"),
        "masker": "bright", "n": 5, "n_predicted": 3, "shapley": 1, "draws": 1, **options,
    }  # fmt: skip
    return evaluate_on_aviary(options.pop("checkpoints"), scenes=folders / "scenes", **options)


def saved(evaluation: Evaluation, folder: Path) -> bytes:
    """The table as a file."""
    write_table(evaluation.table, folder / "table.parquet", {})
    return (folder / "table.parquet").read_bytes()


BOTH_KINDS = pytest.mark.parametrize("on", [on_photographs, on_aviary])
NAMED = ("mixed_rand", "noise_bg", "only_bg_t", "mixed_same", "only_fg", "no_fg", "foreign", "noise_fg", "only_bg_b")


@BOTH_KINDS
def test_any_order_and_any_workers_give_the_same_rows(on, folders) -> None:
    first = on(folders)
    other = on(
        folders,
        checkpoints=[CHECKPOINTS[2], CHECKPOINTS[0], CHECKPOINTS[1]],
        conditions=NAMED,
        dials=("object size", "mask quality"),
        workers=3,
    )
    assert saved(first, folders) == saved(other, folders)
    assert [one.name for one in other.header.checkpoints] == ["three", "one", "two"], "people see their own order"
    assert "--condition mixed_same --condition mixed_rand --condition only_fg" in other.header.command
    assert "--workers" not in other.header.command


@BOTH_KINDS
def test_stopped_anywhere_it_goes_on_and_gives_the_same_rows(on, folders) -> None:
    whole = saved(on(folders), folders)
    assert not list(cache_folder().glob("evaluations/*")), "nothing is kept of a whole evaluation"

    def stop(done: int, _total: int) -> None:
        if done >= 7:  # four steps a unit, and one more for the first one's Shapley values
            raise StopError

    with pytest.raises(StopError):
        on(folders, progress=stop, workers=2)
    kept = list(cache_folder().glob("evaluations/*/*.parquet"))
    assert len(kept) == 1
    seen: list[tuple[int, int]] = []
    resumed = on(folders, checkpoints=CHECKPOINTS[::-1], progress=lambda done, total: seen.append((done, total)))
    assert saved(resumed, folders) == whole
    assert seen[0][0] >= 5, "what was kept is not done again"
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)
    assert not list(cache_folder().glob("evaluations/*"))


def test_only_the_very_same_request_goes_on(folders) -> None:
    def stop(done: int, _total: int) -> None:
        if done >= 7:
            raise StopError

    with pytest.raises(StopError):
        on_photographs(folders, progress=stop)

    def first_step(**options) -> int:
        seen: list[int] = []

        def note(done: int, _total: int) -> None:
            seen.append(done)
            raise StopError

        with pytest.raises(StopError):
            on_photographs(folders, progress=note, **options)
        return seen[0]

    assert first_step() > 1
    assert first_step(seed=1) == 1
    assert first_step(batch_size=32) == 1
    assert first_step(checkpoints=CHECKPOINTS[:2]) == 1
    assert first_step(conditions=()) == 1
    (folders / "scenes/scene 0/another.png").write_bytes(encode_png(make_picture(9)[0]))
    assert first_step() == 1, "another scene may be drawn"


def test_a_damaged_kept_unit_is_computed_again(folders) -> None:
    whole = saved(on_photographs(folders), folders)

    def stop(done: int, _total: int) -> None:
        if done >= 7:
            raise StopError

    with pytest.raises(StopError):
        on_photographs(folders, progress=stop)
    [kept] = cache_folder().glob("evaluations/*/*.parquet")
    kept.write_bytes(kept.read_bytes()[:-20])
    assert saved(on_photographs(folders), folders) == whole


@BOTH_KINDS
def test_another_batch_size_gives_the_same_names(on, folders) -> None:
    usual, small = on(folders).table, on(folders, batch_size=5).table
    assert usual["predicted"].equals(small["predicted"])
    assert usual["flipped"].equals(small["flipped"])
    np.testing.assert_allclose(usual["probability"], small["probability"], atol=1e-5)


def test_pictures_are_made_by_other_threads_and_never_far_ahead(folders, monkeypatch) -> None:
    threads: set[str] = set()
    made = 0
    most = 0
    original = PhotographSet.read

    def read(self, entry):
        nonlocal made
        made += 1
        threads.add(threading.current_thread().name)
        return original(self, entry)

    def note(done: int, _total: int) -> None:
        nonlocal most
        most = max(most, made - (done + 1) // 2)

    monkeypatch.setattr("bgbias_core.data.PhotographSet.read", read)
    on_photographs(folders, conditions=(), dials=(), shapley=0, workers=2, n=6, progress=note)
    assert made == 6
    assert threads <= {"pictures_0", "pictures_1"}
    assert most <= 2 + 1 + 2, "as many as there are workers, one more, and those of the unit that is answered"


def test_what_fails_in_a_thread_is_said(folders) -> None:
    (folders / "images/test/class 0/2.png").write_bytes(b"no picture")
    with pytest.raises(Exception, match=r"2\.png"):
        on_photographs(folders, n=6)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pictures")]


def test_units_have_all_samples_once() -> None:
    assert [index for some in units_of(7) for index in some] == list(range(7))
    assert units_of(0) == []


def test_killed_outright_it_goes_on(tmp_path) -> None:
    command = ["evaluate", "--checkpoint", "aviary-convnext-early", "--n", "48", "--n-predicted", "4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    out, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    words = [sys.executable, "-m", "bgbias_core", *command, "--out"]
    with subprocess.Popen([*words, str(out)], env=environment, stderr=subprocess.DEVNULL) as process:
        kept = cache_folder() / "evaluations"
        while process.poll() is None and not list(kept.glob("*/*.parquet")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it was still at work"
    assert not out.exists()
    assert list(kept.glob("*/*.parquet"))
    subprocess.run([*words, str(out)], env=environment, check=True, capture_output=True)
    assert not list(kept.glob("*/*.parquet"))
    subprocess.run([*words, str(other)], env=environment, check=True, capture_output=True)
    assert saved(Evaluation.load(out), tmp_path) == saved(Evaluation.load(other), tmp_path)
