"""What files and folders of the person's own take, and deleting them."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from bgbias_core import jobs
from bgbias_core.errors import ConfigError
from bgbias_core.spelling import spell_bytes

_LONGEST_COUNT = 0.3
_KEPT_SECONDS = 60


class Size(NamedTuple):
    """Bytes of a file or of the files below a folder, and whether all of them were counted."""

    bytes: int
    complete: bool


@dataclass(frozen=True)
class Deletion:
    """Files and folders that are deleted together; all lie in the person's own folders."""

    paths: tuple[Path, ...]

    @property
    def shell(self) -> str:
        """What a person would type."""
        return shlex.join(["rm", "-r", "--", *map(str, self.paths)])


@st.cache_data(ttl=_KEPT_SECONDS, max_entries=256, show_spinner=False)
def measured(path: str) -> Size:
    """What a file or folder takes; a folder is looked through for a third of a second, and no link is followed."""
    if not Path(path).is_dir():
        return Size(_bytes_of(Path(path)), True)
    total, give_up = 0, time.monotonic() + _LONGEST_COUNT
    for current, _, files in os.walk(path):
        total += sum(_bytes_of(Path(current, file)) for file in files)
        if time.monotonic() > give_up:
            return Size(total, False)
    return Size(total, True)


def _bytes_of(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:  # deleted meanwhile
        return 0


def delete(deletion: Deletion) -> None:
    """Delete files and folders.

    Raises:
        ConfigError: A job works, which may need them; or they cannot be deleted.
    """
    busy = next((job for job in jobs.list_jobs() if job.state == "running"), None)
    if busy is not None:
        raise ConfigError(f"“{busy.title}” is running and may need it; wait for its end, or stop it, and delete then.")
    with st.spinner("Deleting …"):
        for path in deletion.paths:
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise ConfigError(f"'{path}' cannot be deleted ({error.strerror}); delete it by hand.") from error
    measured.clear()


def spell_size(*paths: Path) -> str:
    """What files and folders take on this disk, as a person reads it; large folders are not counted to their end."""
    counted = [measured(str(path)) for path in paths]
    size = spell_bytes(sum(one.bytes for one in counted))
    return size if all(one.complete for one in counted) else f"more than {size}"
