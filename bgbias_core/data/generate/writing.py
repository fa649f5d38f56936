"""Writing a data set to a folder so that it can be broken off at any moment and go on later."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bgbias_core.data.workers import in_processes
from bgbias_core.errors import ConfigError
from bgbias_core.paths import replace_file, take_lock

PROVENANCE = "provenance.json"
"""Where a folder says what it was made from."""
SCHEMA = 1
_CHUNK = 16
_LOCK = ".lock"

Progress = Callable[[int, int], None]


class WritingJob(Protocol):
    """One picture to make; there once its last file is."""

    @property
    def out(self) -> Path:
        """The file that is written last."""


Job = TypeVar("Job", bound=WritingJob)


@dataclass(frozen=True)
class Written:
    """A data set that was written.

    Attributes:
        folder: Where it lies.
        made: How many pictures were made now; the others were there already.
        provenance: What the folder says of itself.
    """

    folder: Path
    made: int
    provenance: Mapping[str, Any]


def write_set(
    folder: Path,
    jobs: Sequence[Job],
    make: Callable[[Sequence[Job]], int],
    *,
    made_from: Mapping[str, Any],
    facts: Mapping[str, Any],
    tables: Mapping[str, str],
    workers: int,
    progress: Progress | None,
) -> Written:
    """Make pictures, then write the tables: a folder without its tables is not finished.

    The provenance comes first. The same call again goes on where the last one ended, whatever ended it, and in the end
    every file has the same bytes as without a break; nothing that is there is made twice.

    Args:
        folder: Where everything goes: new, empty, or begun with the same ``made_from``.
        jobs: The pictures.
        make: Makes some of them; a function of a module.
        made_from: Everything that fixes the content, as JSON holds it.
        facts: What else the provenance says.
        tables: Text of each table by its name in the folder.
        workers: How many processes work.
        progress: Called with (pictures there, all of them).

    Raises:
        ConfigError: The folder holds something else, is being made by another process or cannot be written, or a
            process was ended from outside.
    """
    made_from = json.loads(json.dumps({**made_from, "versions": _versions()}))
    provenance = {"schema": SCHEMA, "made_from": made_from, **facts}
    try:
        _claim(folder, made_from)
        taken = f"'{folder}' is being made by another process; wait for it, or choose another folder."
        with take_lock(folder / _LOCK, ConfigError(taken)):
            _write(folder / PROVENANCE, json.dumps({**provenance, "finished": False}, indent=2))
            made = _make_missing(jobs, make, workers, progress)
            for left_over in folder.rglob("*.part"):
                left_over.unlink(missing_ok=True)
            for name, text in tables.items():
                _write(folder / name, text)
            _write(folder / PROVENANCE, json.dumps({**provenance, "finished": True}, indent=2))
    except OSError as error:
        raise ConfigError(
            f"'{error.filename or folder}' cannot be written ({error.strerror or error}); make room there or choose "
            "another folder, then give the same command again."
        ) from error
    except BrokenProcessPool as error:
        raise ConfigError(
            "A process that made pictures was ended from outside, perhaps for want of memory; give the same command "
            "again, with fewer --workers: it goes on from there."
        ) from error
    return Written(folder, made, {**provenance, "finished": True})


def _make_missing(
    jobs: Sequence[Job], make: Callable[[Sequence[Job]], int], workers: int, progress: Progress | None
) -> int:
    """Make the pictures that are not there yet; returns how many these were."""
    todo = [job for job in jobs if not job.out.exists()]
    done = len(jobs) - len(todo)
    chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
    for made in in_processes(make, chunks, workers):
        done += made
        if progress is not None:
            progress(done, len(jobs))
    return len(todo)


def fingerprint_of_files(root: Path, names: Iterable[str]) -> str:
    """sha256 over the names of files below a folder and their sizes in bytes; a missing one has the size -1."""
    digest = hashlib.sha256()
    for name in names:
        try:
            size = (root / name).stat().st_size
        except OSError:
            size = -1
        digest.update(f"{name}\0{size}\n".encode())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    """What decodes, resizes and encodes: another version may give other bytes."""
    return {name: importlib.metadata.version(name) for name in ("pillow", "numpy", "opencv-python-headless")}


def _claim(folder: Path, made_from: Mapping[str, Any]) -> None:
    """Make the folder, or see that it was begun from the very same."""
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / PROVENANCE
    if not said.exists():
        if any(path.name != _LOCK and path.suffix != ".part" for path in folder.iterdir()):
            raise ConfigError(f"'{folder}' holds other files and no {PROVENANCE}; choose a new or an empty folder.")
        return
    try:
        before = json.loads(said.read_text(encoding="utf-8"))["made_from"]
    except (ValueError, KeyError, TypeError):
        before = None
    if not isinstance(before, dict):
        raise ConfigError(f"'{said}' was not written here or is damaged; choose a new or an empty folder.")
    for key in sorted({*before, *made_from}):
        old, new = before.get(key), made_from.get(key)
        if old != new:
            raise ConfigError(
                f"'{folder}' was begun with {key} = {json.dumps(old)} and this command says {json.dumps(new)}; give "
                "the same command as then, or choose another folder."
            )


def _write(path: Path, text: str) -> None:
    data = text.encode()
    if not path.exists() or path.read_bytes() != data:
        replace_file(path, lambda part: part.write_bytes(data))
