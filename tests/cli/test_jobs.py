"""Jobs from the command line, from start to delete."""

from __future__ import annotations

import json
import time
from typing import Any

from bgbias_core import jobs
from tests.cli.calling import process, refused, run, run_json


def start(*arguments: object) -> Any:
    # Behind the two dashes --json would be the job's.
    result = run("jobs", "start", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def ended(name: str) -> jobs.Job:
    deadline = time.monotonic() + 30
    while (job := jobs.find_job(name)).active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job


def test_a_command_runs_as_a_job(tmp_path) -> None:
    out = tmp_path / "birds"
    started = start("--", "aviary", "render", "--n", 3, "--out", out)
    assert started["state"] == "queued"
    assert started["about"] == {"kind": "aviary"}
    assert ended(started["name"]).state == "done"
    assert any(out.iterdir())
    shown = run_json("jobs", "show", started["name"])
    assert (shown["state"], shown["done"], shown["total"]) == ("done", 3, 3)
    assert shown["shell"] == f"python -m bgbias_core aviary render --n 3 --out {out}"
    assert [job["name"] for job in run_json("jobs", "list")] == [started["name"]]
    assert "3 of 3" in run("jobs", "list").stdout
    assert shown["shell"] in run_json("jobs", "log", started["name"])["log"]
    assert len(run("jobs", "log", started["name"], "--lines", 1).stdout.splitlines()) == 1
    assert run_json("jobs", "stop", started["name"])["state"] == "done"
    assert "only a job that was stopped or failed resumes" in refused(run("jobs", "resume", started["name"]))
    assert run_json("jobs", "delete", started["name"]) == {"deleted": started["name"]}
    assert run_json("jobs", "list") == []


def test_a_command_that_refuses_leaves_its_sentence() -> None:
    name = start("--title", "No such run", "--", "train", "--config", "nowhere.json")["name"]
    job = ended(name)
    assert job.state == "failed"
    sentence = refused(run("train", "--config", "nowhere.json")).removeprefix("Error: ")
    assert job.reason == sentence
    shown = run("jobs", "show", name).stdout
    assert "No such run" in shown
    assert sentence in shown


def test_unknown_jobs_are_refused() -> None:
    for command in ("show", "log", "stop", "resume", "delete"):
        assert "There is no job named 'x'; known are: none." in refused(run("jobs", command, "x"))


def test_a_wrong_device_is_refused() -> None:
    assert "There is no device 'gpu'" in refused(run("jobs", "start", "--device", "gpu", "--", "jobs", "list"))


def test_the_runner_of_an_empty_queue_ends_and_is_not_offered() -> None:
    done = process("jobs", "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert " run " not in run("jobs", "--help").stdout
