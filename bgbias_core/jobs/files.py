"""The files of a job's folder, read so that a missing or damaged one is no news.

``job.json`` (what was asked; never rewritten), ``status.json`` (what the queue and the runner know), ``progress.json``
(what the worker reports), ``log.txt`` (all that it prints) and ``stop`` (there while it is asked to stop).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from bgbias_core.errors import ConfigError
from bgbias_core.paths import jobs_folder, replace_file

JOB = "job.json"
STATUS = "status.json"
PROGRESS = "progress.json"
LOG = "log.txt"
STOP = "stop"
RUNNER = "runner"
"""In the status: the process that will write how the worker ended."""

_TAIL_BYTES = 1 << 16
_CLOCK_STEP = 2.0
"""Seconds by which a process's time of creation may seem to move when the clock is set."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty where there is none or it is damaged."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON object whole or not at all."""
    text = json.dumps(value, ensure_ascii=False)
    replace_file(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def read_tail(folder: Path) -> str:
    """The last 64 KiB of the job's log."""
    try:
        with (folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def describe_process(process: psutil.Process) -> dict[str, float]:
    """What :func:`find_process` finds a process by."""
    return {"pid": process.pid, "born": process.create_time()}


def find_process(described: Mapping[str, Any]) -> psutil.Process | None:
    """A process, if it lives: that of this id **and** time of creation, for ids are given again."""
    try:
        process = psutil.Process(int(described["pid"]))
        same = abs(process.create_time() - float(described["born"])) < _CLOCK_STEP
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return None


@contextmanager
def changing() -> Iterator[None]:
    """Hold every job's status; whoever changes one does it in here, after looking again, and is quick about it.

    Raises:
        ConfigError: The folder of the jobs cannot be written.
    """
    try:
        jobs_folder().mkdir(parents=True, exist_ok=True)
        with FileLock(jobs_folder() / ".changing.lock"):
            yield
    except OSError as error:
        raise ConfigError(
            f"The jobs' folder '{jobs_folder()}' cannot be written ({error.strerror}); "
            "free the disk or set $BGBIAS_HOME to another folder."
        ) from error


def device_lock(device: str) -> FileLock:
    """The lock that the device's runner holds while it works."""
    jobs_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(jobs_folder() / f".{device}.lock")
