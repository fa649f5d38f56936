"""What a job is, and reading it: never blocks, needs no runner, and takes a folder that is half there as it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bgbias_core.jobs.endings import how_it_ended
from bgbias_core.jobs.files import JOB, LOG, PROGRESS, RUNNER, STATUS, STOP, find_process, read_json, read_tail
from bgbias_core.paths import jobs_folder
from bgbias_core.registry import lookup

State: TypeAlias = Literal["queued", "running", "stopped", "failed", "done"]

STATES: tuple[State, ...] = ("queued", "running", "stopped", "failed", "done")

_DAMAGED = "Its status cannot be read, so nobody knows how far it came. Resume it to go on."
_STOPPING = "It was asked to stop and is about to."


@dataclass(frozen=True)
class Job:
    """One command, run in a process of its own.

    Attributes:
        name: Its folder's name; later jobs sort after earlier ones.
        title: What a person calls it.
        command: Arguments after ``python -m bgbias_core``.
        device: Where it computes; one job at a time on each.
        about: What pages want to know; ``kind`` is always there.
        folder: Its folder.
        created: When it was asked for, in seconds since the epoch, as all times here.
        state: Where it stands now.
        done: Steps taken, as its worker last reported.
        total: Steps in all; 0 before the first report.
        doing: What is counted.
        started: When its latest attempt began.
        ended: When that ended.
        heartbeat: When its worker last reported.
        reason: Why it failed, stopped or is about to stop, in words; else empty.
        left: Seconds that the worker thought were left at its last report.
    """

    name: str
    title: str
    command: tuple[str, ...]
    device: str
    about: Mapping[str, str]
    folder: Path
    created: float
    state: State
    done: int
    total: int
    doing: str
    started: float | None
    ended: float | None
    heartbeat: float | None
    reason: str
    left: float | None

    @property
    def shell(self) -> str:
        """The command as a person would type it."""
        return shell(self.command)

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"queued", "running"}


def shell(command: tuple[str, ...]) -> str:
    """A command of this project as a person would type it.

    >>> shell(("train", "--config", "my config.json"))
    "python -m bgbias_core train --config 'my config.json'"
    """
    return shlex.join(("python", "-m", "bgbias_core", *command))


def list_jobs() -> list[Job]:
    """All jobs, newest first."""
    try:
        folders = [entry for entry in jobs_folder().absolute().iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []
    found = (read_job(folder) for folder in folders)
    return sorted((job for job in found if job is not None), key=lambda job: job.name, reverse=True)


def find_job(name: str) -> Job:
    """The job of that name.

    Raises:
        UnknownNameError: There is none.
    """
    return lookup({job.name: job for job in list_jobs()}, name, "job")


def log_tail(name: str, lines: int = 40) -> str:
    """The last lines that a job printed.

    Args:
        name: The job.
        lines: How many at most; no more than 64 KiB are read.

    Raises:
        UnknownNameError: There is no such job.
    """
    return "\n".join(read_tail(find_job(name).folder).splitlines()[-lines:])


def read_job(folder: Path) -> Job | None:
    """The job in a folder as it stands now, or nothing where the folder holds none."""
    asked, status = read_json(folder / JOB), read_json(folder / STATUS)
    try:
        command = tuple(str(argument).replace("{job}", str(folder)) for argument in asked["command"])
        title, device, created = str(asked["title"]), str(asked["device"]), float(asked["created"])
        about = {str(key): str(value) for key, value in asked["about"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    progress = read_json(folder / PROGRESS)
    heartbeat = _number(progress, "time")
    state, reason, ended = _truth(folder, shell(command), status)
    left = _number(progress, "left")
    return Job(
        name=folder.name,
        title=title,
        command=command,
        device=device,
        about=about,
        folder=folder,
        created=created,
        state=state,
        done=int(_number(progress, "done") or 0),
        total=int(_number(progress, "total") or 0),
        doing=str(progress.get("doing", "")),
        started=_number(status, "started"),
        ended=ended,
        heartbeat=heartbeat,
        reason=reason,
        left=left,
    )


def _truth(folder: Path, command: str, status: Mapping[str, Any]) -> tuple[State, str, float | None]:
    """State, reason and end: by the process where the status says that there is one."""
    state = status.get("state")
    if state == "running":
        # Where only the worker is gone, its runner is about to write how it ended, and knows it better.
        if find_process(status) is not None or find_process(status.get(RUNNER) or {}) is not None:
            return "running", _STOPPING if (folder / STOP).exists() else "", None
        return *how_it_ended(folder, command, None), _last_change(folder)
    if state in STATES:
        return state, str(status.get("reason", "")), _number(status, "ended")
    return "failed", _DAMAGED, None


def _last_change(folder: Path) -> float | None:
    try:
        return (folder / LOG).stat().st_mtime
    except OSError:
        return None


def _number(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    return float(value) if isinstance(value, int | float) else None
