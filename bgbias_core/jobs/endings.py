"""How a job ended, and why, in words."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Literal

from bgbias_core.jobs.files import PROGRESS, STOP, read_json, read_tail

STOPPED = "It was stopped by hand; resume it to go on."

_NOTHING_LOST = "Nothing it had saved is lost; resume it to go on."
_GONE = (
    "It was running when its process ended without a word: ended by hand, for want of memory or with the computer. "
    + _NOTHING_LOST
)
_KILLED = f"It was killed (signal 9): by hand, or because memory ran out. {_NOTHING_LOST}"
_TRACEBACK = "Traceback (most recent call last):\n"
_NO_MEMORY = ("MemoryError", "OutOfMemory", "out of memory", "allocate memory")
_LONGEST = 400


def prompt(shell: str) -> str:
    """The line of the log that stands above each attempt."""
    return f"$ {shell}\n"


def how_it_ended(folder: Path, shell: str, code: int | None) -> tuple[Literal["done", "stopped", "failed"], str]:
    """What became of a job whose worker is gone.

    Args:
        folder: The job's folder.
        shell: Its command as it stands in the log.
        code: The worker's exit code, negative for a signal; none where nobody was there to take it.

    Returns:
        The state, and the reason in words; empty for ``done``.
    """
    if code == 0 or (code is None and read_json(folder / PROGRESS).get("finished") is True):
        return "done", ""
    if (folder / STOP).exists():
        return "stopped", STOPPED
    return "failed", _reason(read_tail(folder).rpartition(prompt(shell))[2], code)


def _reason(log: str, code: int | None) -> str:
    sentences = [line.removeprefix("Error: ") for line in log.splitlines() if line.startswith("Error: ")]
    if code in {2, None} and sentences:
        return sentences[-1]
    if code is not None and code < 0:
        return _KILLED if code == -signal.SIGKILL else f"It was ended by {_signal_name(-code)}. {_NOTHING_LOST}"
    if _TRACEBACK in log:
        return _crash(log.rpartition(_TRACEBACK)[2])
    return _GONE if code is None else f"It ended with exit code {code}. The log has its last words."


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _crash(frames: str) -> str:
    # The frames are indented; the exception itself, which may run over several lines, is not.
    said = next((line for line in frames.splitlines() if line and not line[0].isspace()), "")
    said = said[:_LONGEST].rstrip(" .:")
    if any(word in said for word in _NO_MEMORY):
        return f"It ran out of memory ({said}): take smaller batches or pictures, or a smaller model."
    return f"It crashed: {said}. The log has the rest." if said else "It crashed. The log has the rest."
