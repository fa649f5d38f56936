"""What has come of a file so far, and one process at a time working on it."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bgbias_core.errors import DownloadError
from bgbias_core.paths import replace_file, take_lock

Progress = Callable[[int, int], None]

CHUNK = 2**17


@dataclass(frozen=True)
class Note:
    """Of what the bytes of a part are.

    Attributes:
        url: The address that they came from.
        validator: What tells this version of the file from others: a strong ETag or a time of change.
        total: How many bytes there are in all, where the server said so.
    """

    url: str
    validator: str
    total: int | None


@dataclass(frozen=True)
class Part:
    """``NAME.part``, and ``NAME.part.json`` about it, beside the file that is to be.

    Attributes:
        path: The file that is to be.
        url: Where it comes from.
        size: Its size in bytes, where that is known beforehand.
        max_bytes: More is refused.
        progress: Told the bytes that are there and the bytes in all.
    """

    path: Path
    url: str
    size: int | None
    max_bytes: int
    progress: Progress | None

    @property
    def file(self) -> Path:
        """The bytes."""
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def note_file(self) -> Path:
        """What is known of them."""
        return self.path.with_name(f"{self.path.name}.part.json")

    @property
    def have(self) -> int:
        """How many bytes there are."""
        return self.file.stat().st_size if self.file.is_file() else 0

    def resume(self) -> Note | None:
        """What the bytes are of; where they cannot be gone on from they are deleted, and None is returned."""
        try:
            note = Note(**json.loads(self.note_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            note = None
        if note is not None and note.url == self.url and self.have and self.have <= (note.total or self.max_bytes):
            return note
        self.drop()
        return None

    def note(self, validator: str, total: int | None) -> None:
        """Write down what the bytes to come are of.

        Raises:
            DownloadError: The disk does not take it.
        """
        text = json.dumps({"url": self.url, "validator": validator, "total": total})
        try:
            replace_file(self.note_file, lambda path: path.write_text(text, encoding="utf-8"))
        except OSError as error:
            raise unwritten(self.note_file, error, "Nothing has come yet") from error

    def drop(self) -> None:
        """Delete what has come."""
        self.file.unlink(missing_ok=True)
        self.note_file.unlink(missing_ok=True)

    def expect(self, total: int | None, have: int) -> None:
        """Refuse a file of the wrong size, too large, or too large for the disk, before it comes.

        Raises:
            DownloadError: It is.
        """
        if total is None:
            return
        if self.size is not None and total != self.size:
            self.drop()
            raise DownloadError(
                f"'{self.url}' has {total:,} bytes, but the file expected has {self.size:,}: it is another one; take "
                "the file from elsewhere."
            )
        if total > self.max_bytes:
            self._refuse_size()
        check_room(self.path.parent, total - have)

    def write(self, chunks: Iterator[bytes], have: int, total: int | None) -> int:
        """Append to the first ``have`` bytes; returns how many there are then.

        Raises:
            DownloadError: The disk does not take them, or there are more than expected.
        """
        try:
            with self.file.open("ab" if have else "wb") as file:
                for chunk in chunks:
                    have += len(chunk)
                    if have > self.max_bytes:
                        break
                    file.write(chunk)
                    if self.progress is not None and total is not None:
                        self.progress(have, total)
        except OSError as error:
            raise unwritten(self.file, error, "What came is kept, and repeating this goes on from there") from error
        if have > self.max_bytes:
            self._refuse_size()
        return have

    def copy(self, source: Path) -> None:
        """Take all of a file of this machine.

        Raises:
            DownloadError: There is none, it cannot be read, or what ``expect`` and ``write`` refuse.
        """
        self.drop()
        try:
            with source.open("rb") as file:
                total = source.stat().st_size
                self.expect(total, 0)
                self.write(iter(lambda: file.read(CHUNK), b""), 0, total)
        except OSError as error:
            raise DownloadError(f"'{source}' cannot be read ({error.strerror}); give the path of a file.") from error

    def finish(self) -> None:
        """Let the bytes take the file's place.

        Raises:
            DownloadError: Something there does not give way, such as a folder.
        """
        try:
            self.file.replace(self.path)
        except OSError as error:
            raise unwritten(self.path, error, "What came is kept beside it") from error
        self.note_file.unlink(missing_ok=True)

    def _refuse_size(self) -> NoReturn:
        self.drop()
        raise DownloadError(
            f"'{self.url}' is larger than the {self.max_bytes:,} bytes that are expected at most; what came was "
            "deleted: take the file from elsewhere."
        )


def check_room(folder: Path, needed: int) -> None:
    """Refuse what the disk of a folder has no room for.

    Raises:
        DownloadError: There are fewer free bytes than needed.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DownloadError(
            f"{needed:,} bytes are needed on the disk of '{folder}', which has {free:,} left; free some, or choose "
            "another place."
        )


def unwritten(path: Path, error: OSError, consequence: str) -> DownloadError:
    """The sentence for what the disk does not take.

    Args:
        path: The file or folder that was written.
        error: What the system said.
        consequence: What became of it, as the beginning of a sentence.
    """
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DownloadError(f"The disk of '{path.parent}' is full. {consequence}: free some space first.")
    if error.errno == errno.EFBIG:
        return DownloadError(f"'{path}' is larger than a file may be there. {consequence}: choose another place.")
    return DownloadError(f"'{path}' cannot be written ({error.strerror}). {consequence}: choose another place.")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from writing the same file or folder; makes the folder that it is to lie in.

    Raises:
        DownloadError: Another process is at it, or there can be no such folder.
    """
    taken = f"'{path}' is being written by another process already; wait until that is done, then repeat this."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = take_lock(path.with_name(f".{path.name}.lock"), DownloadError(taken))
    except OSError as error:
        raise DownloadError(f"'{path}' cannot be written ({error.strerror}); choose another place.") from error
    with lock:
        yield
