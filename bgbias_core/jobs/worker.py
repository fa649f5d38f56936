"""Inside a job: taking one's place, and saying how far one is."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bgbias_core.errors import ConfigError
from bgbias_core.jobs.files import PROGRESS, STATUS, read_json, write_json

VARIABLE = "BGBIAS_JOB"
"""Names the job's folder to its worker."""

_PATIENCE = 10.0
_BETWEEN_REPORTS = 0.5


@dataclass
class _Stretch:
    """One count from its first report on; estimates start there, for a resumed one does not start at nothing."""

    doing: str
    began: float
    done: int
    written: float = 0.0


_stretch: _Stretch | None = None


def enter() -> None:
    """Wait until the status names this process; does nothing outside a job.

    A runner may be killed after it started a worker and before it wrote that down: another runner then starts another
    worker, and only the one that the status names may go on.

    Raises:
        ConfigError: Nobody wrote this process down.
    """
    folder = _folder()
    if folder is None:
        return
    give_up = time.monotonic() + _PATIENCE
    while read_json(folder / STATUS).get("pid") != os.getpid():
        if time.monotonic() > give_up:
            raise ConfigError(f"'{folder}' is not run by this process; ${VARIABLE} is for the jobs' runner alone.")
        time.sleep(0.01)


def report(done: int, total: int, doing: str = "") -> None:
    """Say how far the work is, at most twice a second and at the end; does nothing outside a job.

    Args:
        done: Steps taken.
        total: Steps in all.
        doing: What is counted.
    """
    global _stretch  # noqa: PLW0603 - one process is one job
    folder = _folder()
    if folder is None:
        return
    now = time.monotonic()
    if _stretch is None or _stretch.doing != doing or done < _stretch.done:
        written = 0.0 if _stretch is None else _stretch.written
        _stretch = _Stretch(doing, now, done, written)
    if done < total and now - _stretch.written < _BETWEEN_REPORTS:
        return
    _stretch.written = now
    steps = done - _stretch.done
    left = (now - _stretch.began) / steps * (total - done) if steps else None
    _write(folder, {"done": done, "total": total, "doing": doing, "time": time.time(), "left": left})


def finish() -> None:
    """Note that the command came to its end, for want of a runner that could see it; does nothing outside a job."""
    folder = _folder()
    if folder is not None:
        _write(folder, {**read_json(folder / PROGRESS), "time": time.time(), "finished": True})


def _folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def _write(folder: Path, progress: dict[str, object]) -> None:
    # Hours of work must not end for want of a place to count them in.
    with suppress(OSError):
        if folder.is_dir():
            write_json(folder / PROGRESS, progress)
