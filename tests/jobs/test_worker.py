"""What a worker reports: seldom, at the end always, and never at the price of its work."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgbias_core import jobs
from bgbias_core.cli.shared import counter
from bgbias_core.jobs import worker
from bgbias_core.jobs.files import PROGRESS, read_json


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("BGBIAS_JOB", str(tmp_path))
    monkeypatch.setattr(worker, "_stretch", None)
    return tmp_path


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("bgbias_core.jobs.worker.time.monotonic", lambda: now[0])
    return now


def test_reports_come_at_most_twice_a_second_and_at_the_end(folder, clock) -> None:
    seen = []
    for step in range(1001):
        jobs.report(step, 1000, "steps")
        seen.append(read_json(folder / PROGRESS)["done"])
        clock[0] += 0.01
    assert seen[0] == 0
    assert seen[-1] == 1000
    assert 20 <= len(set(seen)) <= 22  # ten seconds


def test_another_count_does_not_hurry_reports(folder, clock) -> None:
    jobs.report(0, 10, "one")
    jobs.report(0, 10, "two")
    assert read_json(folder / PROGRESS)["doing"] == "one"
    clock[0] += 0.5
    jobs.report(1, 10, "two")
    assert read_json(folder / PROGRESS)["doing"] == "two"


def test_time_left_counts_from_where_a_resumed_count_began(folder, clock) -> None:
    jobs.report(50, 100, "steps")
    assert read_json(folder / PROGRESS)["left"] is None
    clock[0] += 10
    jobs.report(60, 100, "steps")
    assert read_json(folder / PROGRESS)["left"] == pytest.approx(40)


def test_what_counts_on_the_command_line_counts_for_its_job(folder, capsys) -> None:
    counter("birds")(7, 9)
    progress = read_json(folder / PROGRESS)
    assert (progress["done"], progress["total"], progress["doing"]) == (7, 9, "birds")
    assert "birds: 7 of 9" in capsys.readouterr().err


def test_outside_a_job_nothing_is_written(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BGBIAS_JOB", raising=False)
    jobs.enter()
    jobs.report(1, 1)
    jobs.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_does_not_end_the_work(folder) -> None:
    folder.rmdir()
    jobs.report(1, 1)
    jobs.finish()
    assert not folder.exists()


def test_the_end_keeps_the_last_count(folder) -> None:
    jobs.report(9, 9, "birds")
    jobs.finish()
    progress = read_json(folder / PROGRESS)
    assert (progress["done"], progress["doing"], progress["finished"]) == (9, "birds", True)
