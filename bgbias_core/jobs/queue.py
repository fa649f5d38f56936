"""Asking for work: start, stop, resume, delete. Each writes first and then sees that a runner is there to read it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from filelock import Timeout

from bgbias_core.errors import ConfigError
from bgbias_core.jobs.files import JOB, LOG, PROGRESS, STATUS, STOP, changing, device_lock, write_json
from bgbias_core.jobs.job import Job, find_job, list_jobs
from bgbias_core.jobs.worker import VARIABLE
from bgbias_core.paths import REPOSITORY, home, jobs_folder

STOPPED_IN_THE_QUEUE = "It was stopped before it began; resume it to put it back in the queue."

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_FILES: Mapping[str, bytes] = MappingProxyType({})
_DEVICE = re.compile(r"cpu|mps|cuda(:\d{1,3})?")
_OWN_FILES = (JOB, STATUS, PROGRESS, LOG, STOP)


def start(
    title: str,
    command: Sequence[str],
    *,
    device: str = "cpu",
    files: Mapping[str, bytes] = _NO_FILES,
    about: Mapping[str, str] = _NOTHING,
) -> Job:
    """Put a command into its device's queue and see that somebody runs it.

    Args:
        title: What a person calls it.
        command: Arguments after ``python -m bgbias_core``; ``{job}`` in them stands for the job's folder.
        device: Where it computes: ``cpu``, ``mps``, ``cuda`` or ``cuda:N``; one job at a time on each.
        files: Written into the job's folder, by name.
        about: What pages want to know; ``kind`` is the command's first word unless it is given.

    Raises:
        ConfigError: No command, no such device, or a file's name that is none or is one of the job's own.
    """
    if not command:
        raise ConfigError("A job needs a command, for example: jobs start -- train --config FILE.")
    if not _DEVICE.fullmatch(device):
        raise ConfigError(f"There is no device '{device}'; expected cpu, mps, cuda or cuda:N.")
    for name in files:
        if Path(name).name != name or name in _OWN_FILES:
            raise ConfigError(
                f"A job cannot keep a file named '{name}'; give it a plain name other than its own files."
            )
    with changing():
        created = time.time()
        while (folder := jobs_folder().absolute() / _name(created)).exists():
            created += 0.001
        draft = folder.with_name(f".{folder.name}.part")
        draft.mkdir()
        for name, data in files.items():
            (draft / name).write_bytes(data)
        asked = {"title": title, "command": list(command), "device": device, "created": created}
        about = {"kind": command[0], **about}
        write_json(draft / JOB, {**asked, "about": about, "cwd": str(Path.cwd())})
        write_json(draft / STATUS, {"state": "queued", "queued": created})
        draft.rename(folder)
        job = find_job(folder.name)
    _wake(device)
    return job


def stop(name: str) -> Job:
    """Stop a job: at once where it waits, else its runner does within seconds; one that has ended stays as it is.

    Raises:
        UnknownNameError: There is no such job.
    """
    with changing():
        job = find_job(name)
        if job.state == "queued":
            ended = {"state": "stopped", "ended": time.time(), "reason": STOPPED_IN_THE_QUEUE}
            write_json(job.folder / STATUS, ended)
        elif job.state == "running":
            (job.folder / STOP).touch()
        job = find_job(name)
    if job.state == "running":
        _wake(job.device)
    return job


def resume(name: str) -> Job:
    """Run a job's command again; what it saved before, it goes on from.

    Raises:
        UnknownNameError: There is no such job.
        ConfigError: It has neither failed nor been stopped, or is still about to stop.
    """
    with changing():
        job = find_job(name)
        if job.state not in {"stopped", "failed"}:
            waits = " Wait until it has stopped." if job.reason else ""
            raise ConfigError(f"'{job.title}' is {job.state}; only a job that was stopped or failed resumes.{waits}")
        (job.folder / STOP).unlink(missing_ok=True)
        (job.folder / PROGRESS).unlink(missing_ok=True)
        write_json(job.folder / STATUS, {"state": "queued", "queued": time.time()})
        job = find_job(name)
    _wake(job.device)
    return job


def delete(name: str) -> None:
    """Remove a job and all in its folder; what it made elsewhere stays.

    Raises:
        UnknownNameError: There is no such job.
        ConfigError: It is running.
    """
    with changing():
        job = find_job(name)
        if job.state == "running":
            raise ConfigError(f"'{job.title}' is running; stop it before you delete it.")
        # Without it the rest is no job any more, however much of it an interruption leaves behind.
        (job.folder / JOB).unlink()
    shutil.rmtree(job.folder, ignore_errors=True)


def ensure_runner() -> None:
    """Start a runner for every device where jobs wait or run and none watches over them."""
    for device in sorted({job.device for job in list_jobs() if job.active}):
        _wake(device)


def _name(created: float) -> str:
    moment = datetime.fromtimestamp(created, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"


def _wake(device: str) -> None:
    """Start the device's runner unless there is one; who leaves looks once more after it let go of the lock."""
    try:
        with device_lock(device).acquire(blocking=False):
            pass
    except Timeout:
        return
    environment = {**os.environ, "BGBIAS_HOME": str(home().absolute()), "PYTHONPATH": _import_path()}
    environment.pop(VARIABLE, None)
    with (jobs_folder() / f".{device}.log").open("ab") as log:
        runner = subprocess.Popen(  # noqa: S603 - this project's own program
            [sys.executable, "-m", "bgbias_core", "jobs", "run", "--device", device],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    # Nobody else asks how it ended, and until somebody does, it stays in the system's table.
    threading.Thread(target=runner.wait, daemon=True).start()


def _import_path() -> str:
    return os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
