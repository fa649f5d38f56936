"""Where things lie, shipped and the person's own, and how to write there: whole, and one process at a time."""

from __future__ import annotations

import os
import sysconfig
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from bgbias_core.errors import BgBiasError, ConfigError

REPOSITORY = Path(__file__).resolve().parent.parent


def _shipped(name: str) -> Path:
    """Beside the package in a clone; under the environment's ``share`` once installed."""
    beside = REPOSITORY / name
    return beside if beside.is_dir() else Path(sysconfig.get_path("data")) / "share" / "bgbias" / name


SHIPPED_CHECKPOINTS = _shipped("checkpoints")
SHIPPED_EVALUATIONS = SHIPPED_CHECKPOINTS / "evaluations"
SHIPPED_SEGMENTERS = SHIPPED_CHECKPOINTS / "segmenters"
ASSETS = _shipped("assets")


def home() -> Path:
    """The person's own folder: ``$BGBIAS_HOME``, else ``~/.bgbias`` (not created here)."""
    return Path(os.environ.get("BGBIAS_HOME") or "~/.bgbias").expanduser()


def named_folder(path: str) -> Path:
    """A folder that a configuration or an evaluation names, as it is here; it may begin with an environment variable.

    What ships says so where a person's data lie: ``$BGBIAS_CUB``.

    Raises:
        ConfigError: The variable is not set.
    """
    expanded = Path(os.path.expandvars(path)).expanduser()
    if (first := expanded.parts[:1]) and first[0].startswith("$") and not expanded.exists():
        raise ConfigError(
            f"The data lie in '{path}' and the environment variable {first[0]} is not set; set it to the folder."
        )
    return expanded


def cache_folder() -> Path:
    """What can be made again: rendered data sets, converted weights."""
    return home() / "cache"


def data_folder() -> Path:
    """Data sets that were fetched, one folder each."""
    return home() / "data"


def own_checkpoints() -> Path:
    """Checkpoints that this person trained."""
    return home() / "checkpoints"


def own_segmenters() -> Path:
    """Segmenters that this person trained."""
    return home() / "segmenters"


def runs_folder() -> Path:
    """One folder for each training run."""
    return home() / "runs"


def own_evaluations() -> Path:
    """Evaluations that this person computed."""
    return home() / "evaluations"


def jobs_folder() -> Path:
    """One folder for each job: its command, what became of it, its log and its files."""
    return home() / "jobs"


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all, creating its folder if need be.

    Args:
        path: The file.
        write: Writes to the path it is given, which then takes the file's place in one step.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_file = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    write(partial_file)
    partial_file.replace(path)


def take_lock(file: Path, otherwise: BgBiasError) -> AbstractContextManager[object]:
    """Take a lock that one process at a time can hold; it ends with the ``with`` block or with the process.

    Args:
        file: The lock's file, in a folder that is there.
        otherwise: The sentence for a person whose process comes second.

    Raises:
        BgBiasError: ``otherwise``: another process holds it.
    """
    try:
        return FileLock(file).acquire(timeout=0)
    except Timeout:
        raise otherwise from None
