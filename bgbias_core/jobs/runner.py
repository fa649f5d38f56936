"""The runner of a device's queue: starts the oldest job that waits, watches over it, writes how it ended, and goes on.

It alone starts and ends workers. Killed, it leaves its worker running; the next runner watches over that one first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from filelock import Timeout

from bgbias_core.jobs.endings import how_it_ended, prompt
from bgbias_core.jobs.files import (
    JOB,
    LOG,
    RUNNER,
    STATUS,
    STOP,
    changing,
    describe_process,
    device_lock,
    find_process,
    read_json,
    write_json,
)
from bgbias_core.jobs.job import Job, list_jobs
from bgbias_core.jobs.worker import VARIABLE

GRACE = 10.0
"""Seconds between asking a worker to end and ending it."""
_LOOK = 0.2
_NICE = 5


def run_queue(device: str) -> None:
    """Run the device's jobs one after the other until none waits; returns at once where another runner does.

    Args:
        device: Whose queue.
    """
    while _active(device):  # again after each release: what came meanwhile found the lock held and started nobody
        try:
            with device_lock(device).acquire(blocking=False):
                _run_all(device)
        except Timeout:
            return


def _active(device: str) -> list[Job]:
    return [job for job in list_jobs() if job.device == device and job.active]


def _run_all(device: str) -> None:
    for job in _active(device):
        worker = find_process(read_json(job.folder / STATUS))
        if worker is not None:
            _watch(job, worker)
    while (begun := _begin_oldest(device)) is not None:
        _watch(*begun)


def _begin_oldest(device: str) -> tuple[Job, psutil.Process] | None:
    """Start the worker of the job that waits longest, and write it down; one that cannot start fails."""
    with changing():
        waiting = [job for job in _active(device) if job.state == "queued"]
        for job in sorted(waiting, key=_queued):
            try:
                worker = _start_worker(job)
            except OSError as error:
                reason = f"It could not be started: {error}. Mend that and resume it."
                write_json(job.folder / STATUS, {"state": "failed", "ended": time.time(), "reason": reason})
                continue
            status = {"state": "running", "started": time.time(), **describe_process(worker)}
            write_json(job.folder / STATUS, {**status, RUNNER: describe_process(psutil.Process())})
            return job, worker
    return None


def _queued(job: Job) -> tuple[float, str]:
    since = read_json(job.folder / STATUS).get("queued")
    return (since if isinstance(since, int | float) else job.created), job.name


def _start_worker(job: Job) -> psutil.Process:
    asked: dict[str, Any] = read_json(job.folder / JOB)
    environment = {
        **os.environ,
        VARIABLE: str(job.folder),
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        **_visible(job.device),
    }
    with (job.folder / LOG).open("ab") as log:
        log.write(prompt(job.shell).encode())
        log.flush()
        worker = psutil.Popen(
            [sys.executable, "-m", "bgbias_core", *job.command],
            cwd=asked.get("cwd"),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with suppress(psutil.Error):
        worker.nice(_NICE)
    return worker


def _visible(device: str) -> dict[str, str]:
    """What makes a worker compute on its own device: none but that one is there for it."""
    kind, _, number = device.partition(":")
    if kind == "cuda":
        return {"CUDA_VISIBLE_DEVICES": number} if number else {}
    return {"CUDA_VISIBLE_DEVICES": ""}


def _watch(job: Job, worker: psutil.Process) -> None:
    """Wait for a worker's end, or see to it where a stop is asked for, and write how it ended."""
    code, asked = None, 0.0
    while find_process(describe_process(worker)) is not None:
        with suppress(psutil.TimeoutExpired):
            code = worker.wait(timeout=_LOOK)
            break
        if not (job.folder / STOP).exists():
            continue
        if not asked:
            asked = time.monotonic()
            _signal(worker, signal.SIGTERM)
        elif time.monotonic() - asked > GRACE:
            _signal(worker, signal.SIGKILL)
    if code is None:
        # It ended between two looks, and waits as a zombie for its parent to ask how; no code, if that was not us.
        with suppress(psutil.Error):
            code = worker.wait(timeout=0)
    _write_end(job.folder, job.shell, worker.pid, code)


def _signal(worker: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        if worker.is_running():  # of this id and time of creation
            os.killpg(worker.pid, number)


def _write_end(folder: Path, shell: str, pid: int, code: int | None) -> None:
    with changing():
        status = read_json(folder / STATUS)
        # Deleted or resumed since its process ended: then it is no longer this attempt's to write.
        if status.get("state") != "running" or status.get("pid") != pid:
            return
        state, reason = how_it_ended(folder, shell, code)
        end = {"state": state, "started": status.get("started"), "ended": time.time(), "reason": reason}
        write_json(folder / STATUS, end)
