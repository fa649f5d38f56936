"""Unpacking archives that may be hostile: files and folders only, inside one folder, within limits, all or nothing."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from bgbias_core.download.part import CHUNK, Progress, alone, check_room, unwritten
from bgbias_core.errors import DownloadError

MAX_BYTES = 4 * 2**30
MAX_FILES = 100_000
MAX_RATIO = 200
"""A file may be this many times as large as in the archive: text of one letter reaches 1,000, real files 20."""
_SMALL = 2**20
"""Whatever its ratio, a file of this size harms nobody."""
_MAX_HEADER = 2**20
_MAX_NAME = 255
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\:\ud800-\udfff]")


def unpack(
    archive: Path,
    folder: Path,
    *,
    inside: str | None = None,
    members: Collection[str] | None = None,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    progress: Progress | None = None,
) -> Path:
    """Unpack a tar archive, plain or gzipped, or a zip archive into a folder that does not exist yet.

    Everything is written beside the folder first and takes its place in one step; after a failure nothing is left.
    Nothing of the archive decides on anything but names and contents: links, devices, absolute paths, paths that lead
    out of the folder, names twice and names that not every file system takes are refused, and owners and permissions
    are not taken over. The standard library's ``tarfile.data_filter`` is not used: it lets links pass, and is not there
    in the first releases of Python 3.11.

    Args:
        archive: The file; what it is is read from its first bytes.
        folder: Where it goes: must be missing or empty.
        inside: Take only what lies in this folder of the archive, without the folder itself.
        members: Take only these files, named as in the archive; all of them must be there.
        max_bytes: The most that all files together may hold once unpacked.
        max_files: The most files and folders.
        progress: Told the bytes of the archive that are done and its bytes in all.

    Returns:
        ``folder``.

    Raises:
        DownloadError: The archive is damaged, hostile, too large or not of a known kind, lacks what is asked for, or
            does not fit on the disk; or the folder holds something, or is being written by another process.
    """
    if not archive.is_file():
        raise DownloadError(f"There is no archive '{archive}'; give the path of one.")
    with alone(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DownloadError(f"'{folder}' holds something already; delete it first, or choose another place.")
        new = folder.with_name(f".{folder.name}.unpacking")
        taken = _Taken(archive, new, inside, None if members is None else set(members), max_bytes, max_files)
        try:
            shutil.rmtree(new, ignore_errors=True)  # of a process that was killed
            new.mkdir()
            _unpack_into(taken, progress)
            if folder.is_dir():
                folder.rmdir()
            new.replace(folder)
        except OSError as error:
            raise unwritten(folder, error, "What was unpacked is deleted again") from error
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return folder


@dataclass
class _Taken:
    """What is taken from an archive, and how much of it there has been."""

    archive: Path
    folder: Path
    inside: str | None
    members: set[str] | None
    max_bytes: int
    max_files: int
    n_bytes: int = 0
    n_files: int = 0
    found: set[str] = field(default_factory=set)

    def refuse(self, why: str) -> DownloadError:
        return DownloadError(
            f"'{self.archive.name}' was not unpacked: {why}; nothing of it is kept. Take the archive from elsewhere."
        )

    def target(self, name: str) -> Path | None:
        """Where a member goes; None where it is not asked for.

        Raises:
            DownloadError: It has no business in an archive of files, or there are too many.
        """
        self.n_files += 1
        if self.n_files > self.max_files:
            raise self.refuse(f"it holds more than {self.max_files:,} files")
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if name.startswith("/") or ".." in parts:
            raise self.refuse(f"its member '{name[:80]!a}' would lie outside the folder")
        if _FORBIDDEN.search(name) or any(len(part.encode()) > _MAX_NAME or part[-1] in " ." for part in parts):
            raise self.refuse(f"its member {name[:80]!a} has a name that not every file system takes")
        if self.members is not None:
            if "/".join(parts) not in self.members:
                return None
            self.found.add("/".join(parts))
        if self.inside is not None:
            if not parts or parts[0] != self.inside:
                return None
            parts = parts[1:]
            self.found.add(self.inside)
        return self.folder / PurePosixPath(*parts)

    def make_folder(self, path: Path, name: str) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise self.refuse(f"its member {name[:80]!a} is both a file and a folder") from error

    def write(self, path: Path, name: str, content: IO[bytes], packed: int | None) -> None:
        """Write one file, counting what really comes, whatever the archive says of its size."""
        self.make_folder(path.parent, name)
        written = 0
        try:
            file = path.open("xb")
        except FileExistsError as error:
            raise self.refuse(f"it holds {name[:80]!a} twice") from error
        with file:
            while chunk := content.read(CHUNK):
                written += len(chunk)
                self.n_bytes += len(chunk)
                if self.n_bytes > self.max_bytes:
                    raise self.refuse(f"it holds more than {self.max_bytes:,} bytes")
                if packed is not None and written > max(_SMALL, packed * MAX_RATIO):
                    raise self.refuse(f"its member {name[:80]!a} is more than {MAX_RATIO} times as large as packed")
                file.write(chunk)

    def finish(self) -> None:
        asked = (self.members or set()) | ({self.inside} if self.inside is not None else set())
        if missing := sorted(asked - self.found):
            raise self.refuse(f"it does not hold '{missing[0]}'")


def _unpack_into(taken: _Taken, progress: Progress | None) -> None:
    try:
        with taken.archive.open("rb") as file:
            total = taken.archive.stat().st_size
            check_room(taken.folder, total if taken.members is None else 0)
            start = file.read(4)
            file.seek(0)
            steps = _take_zip(taken, file) if start.startswith(b"PK") else _take_tar(taken, file, start[:2])
            for done in steps:
                if progress is not None:
                    progress(min(done, total), total)
            taken.finish()
            if progress is not None:
                progress(total, total)
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise taken.refuse(f"it is damaged, or no tar, tar.gz or zip archive ({error})") from error


def _take_tar(taken: _Taken, file: IO[bytes], start: bytes) -> Iterator[int]:
    """Yields how far into the archive each member ends."""
    packed = start == b"\x1f\x8b"
    stream = _Bounded(taken, file, gzip.GzipFile(fileobj=file) if packed else file, packed)
    with tarfile.open(fileobj=stream, mode="r:", errorlevel=2) as tar:
        while (member := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # or 1.8 million of them would be kept
            path = taken.target(member.name)
            if not (member.isreg() or member.isdir()):
                raise taken.refuse(f"its member {member.name[:80]!a} is a link or a device")
            if path is not None and member.isdir():
                taken.make_folder(path, member.name)
            elif path is not None and (content := tar.extractfile(member)) is not None:
                taken.write(path, member.name, content, None)
            yield file.tell()
    if stream.last.strip(b"\0"):  # a damaged header looks like the end to tarfile
        raise tarfile.ReadError("a header in its midst is unreadable")


def _take_zip(taken: _Taken, file: IO[bytes]) -> Iterator[int]:
    """Yields how many packed bytes are done after each member."""
    done = 0
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            path = taken.target(member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise taken.refuse(f"its member {member.filename[:80]!a} is a link or a device")
            if path is not None and member.is_dir():
                taken.make_folder(path, member.filename)
            elif path is not None:
                try:
                    with archive.open(member) as content:
                        taken.write(path, member.filename, content, member.compress_size)
                except (RuntimeError, NotImplementedError) as error:  # a password, or an unknown compression
                    raise taken.refuse(f"its member {member.filename[:80]!a} cannot be read ({error})") from error
            done += member.compress_size
            yield done


class _Bounded(io.RawIOBase):
    """What a tar archive unpacks to, within limits: also what no file is made of, such as headers and skipped files."""

    last: bytes = b""

    def __init__(self, taken: _Taken, file: IO[bytes], content: IO[bytes] | gzip.GzipFile, packed: bool) -> None:
        super().__init__()
        self._taken, self._file, self._content, self._packed = taken, file, content, packed

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._content.tell()

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Forward in small steps, so that what is skipped counts too."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation
        if not self._packed:
            return self._content.seek(position)
        while (left := position - self.tell()) > 0 and self.read(min(left, CHUNK)):
            pass
        return self._content.seek(position) if left < 0 else self.tell()

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= max(_MAX_HEADER, CHUNK):
            raise self._taken.refuse("it has a header that is too large")
        data = self._content.read(size)
        if self._packed and self.tell() > max(_SMALL, self._file.tell() * MAX_RATIO):
            raise self._taken.refuse(f"it is more than {MAX_RATIO} times as large as packed")
        self.last = data
        return data
