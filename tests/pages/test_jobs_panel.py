"""The panel of jobs: each state in words, what is left, and buttons that act on the jobs themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core import jobs
from bgbias_core.jobs.files import PROGRESS, STATUS, STOP, device_lock, write_json
from bgbias_core.spelling import spell_seconds


def panel() -> None:
    import streamlit as st

    from pages.components.jobs import show_jobs

    st.text("a page")
    show_jobs(["train"], empty="Nothing trains. Press Start.")


def make(title: str, status: dict[str, Any] | None = None, kind: str = "train") -> jobs.Job:
    """A job as its files say; nobody runs it."""
    job = jobs.start(title, ["checkpoints", "list"], device="cuda", about={"kind": kind})
    if status is not None:
        write_json(job.folder / STATUS, status)
    return jobs.find_job(job.name)


def running(title: str, ago: float = 0.0, **progress: object) -> jobs.Job:
    """A job whose worker is this process."""
    me = psutil.Process()
    started = time.time() - ago
    job = make(title, {"state": "running", "started": started, "pid": me.pid, "born": me.create_time()})
    if progress:
        write_json(job.folder / PROGRESS, progress)
    return jobs.find_job(job.name)


def shown() -> AppTest:
    app = AppTest.from_function(panel, default_timeout=30).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.markdown, app.caption, app.code) for element in kind)


@pytest.fixture(autouse=True)
def nobody_runs(home) -> Iterator[None]:
    """Hold the queue's lock: what a page asks for waits."""
    with device_lock("cuda").acquire():
        yield


def test_where_there_is_none_it_says_what_to_do() -> None:
    make("Another kind", kind="evaluate")
    app = shown()
    assert [info.value for info in app.info] == ["Nothing trains. Press Start."]
    assert not app.button


def test_a_running_job_shows_how_far_it_is_and_what_is_left() -> None:
    now = time.time()
    job = running("A *small* ViT", 100, done=1250, total=5000, doing="steps", time=now, left=300.0)
    app = shown()
    said = words(app)
    assert r"**A \*small\* ViT**" in said
    assert "running" in said
    assert "running for 2 min · about 5 min left" in said
    assert "sign of life" not in said
    [bar] = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (25, "1,250 of 5,000 · steps")
    assert [button.label for button in app.button] == ["Stop"]
    app.button[0].click().run()
    assert not app.exception
    assert (job.folder / STOP).exists()
    assert "stopping" in words(app)
    assert app.button[0].disabled


def test_a_quiet_job_says_since_when() -> None:
    running("Quiet", 400, done=1, total=5, doing="", time=time.time() - 180, left=10.0)
    said = words(shown())
    assert "last sign of life 3 min ago" in said
    assert "left" not in said


def test_a_waiting_job_says_for_what_and_stops_and_resumes_and_goes() -> None:
    job = make("Waiting")
    app = shown()
    assert "waits for its turn on cuda: one job at a time" in words(app)
    assert [button.label for button in app.button] == ["Stop", "Delete"]
    app.button[0].click().run()
    assert jobs.find_job(job.name).state == "stopped"
    assert "stopped" in words(app)
    assert [button.label for button in app.button] == ["Resume", "Delete"]
    app.button[0].click().run()
    assert jobs.find_job(job.name).state == "queued"
    app.button[1].click().run()
    assert jobs.list_jobs() == []
    assert app.info[0].value == "Nothing trains. Press Start."


def test_a_failed_job_says_why() -> None:
    make("Broken", {"state": "failed", "started": 10.0, "ended": 100.0, "reason": "It crashed: a_b. The log has it."})
    said = words(shown())
    assert "failed" in said
    assert r"It crashed\: a\_b\. The log has it\." in said
    assert "took 2 min" in said


def test_the_log_is_read_when_it_is_opened() -> None:
    job = make("Done", {"state": "done", "started": 1.0, "ended": 2.0, "reason": ""})
    (job.folder / "log.txt").write_text("epoch 1\nepoch 2\n")
    app = shown()
    assert not app.code
    app.session_state[f"job_log_{job.name}"] = True
    app.run()
    assert [block.value for block in app.code] == ["python -m bgbias_core checkpoints list", "epoch 1\nepoch 2"]


def test_older_jobs_wait_behind_a_switch() -> None:
    for number in range(7):
        make(f"Job {number}", {"state": "done", "reason": ""})
    app = shown()
    assert "Job 2" in words(app)
    assert "Job 1" not in words(app)
    assert app.toggle[0].label == "Show 2 older"
    app.toggle[0].set_value(True).run()
    assert "Job 0" in words(app)


def test_what_another_deleted_is_said_and_not_raised() -> None:
    job = make("Waiting")
    app = shown()
    make("Another")
    write_json(job.folder / STATUS, {"state": "running", "started": 1.0, **identity()})
    app.button("job_delete_" + job.name).click().run()
    assert not app.exception
    assert jobs.find_job(job.name).state == "running"


def identity() -> dict[str, float]:
    me = psutil.Process()
    return {"pid": me.pid, "born": me.create_time()}


def test_durations() -> None:
    seconds = (-1, 59, 89, 90, 150, 3569, 3570, 7260)
    said = ["0 s", "59 s", "89 s", "2 min", "2 min", "59 min", "1 h", "2 h 1 min"]
    assert [spell_seconds(one) for one in seconds] == said
