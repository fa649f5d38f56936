"""Fetching published data sets, what was fetched, and taking it away again.

Fetched data sets lie in ``$BGBIAS_HOME/data``, one folder each, in the layout that the readers of this package open.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bgbias_core.data.archives import PUBLISHED, Archive, Published, command_of, published
from bgbias_core.data.cub import INDEX
from bgbias_core.download import choose_source, fetch, recorded, sum_of, unpack
from bgbias_core.download.part import Progress, alone, check_room, unwritten
from bgbias_core.download.sources import beside
from bgbias_core.download.sums import forget, kind_of
from bgbias_core.errors import ConfigError, DownloadError
from bgbias_core.paths import cache_folder, data_folder

PROVENANCE = ".fetched.json"
"""Beside the data: what was fetched, from where, when, with which sums."""
NOW = "recorded now"
"""How an archive without a published sum was checked the first time: not at all."""


@dataclass(frozen=True)
class Sum:
    """How one archive was checked.

    Attributes:
        file: The archive's name.
        source: Where it came from.
        checksum: ``md5:…`` or ``sha256:…``.
        known: What that was compared with: "published"; "recorded 2026-11-22", when it first came; "recorded now", for
            this was the first time; or "nothing to compare with", for a person's own copy.
    """

    file: str
    source: str
    checksum: str
    known: str


@dataclass(frozen=True)
class Fetched:
    """A data set that lies on this disk.

    Attributes:
        name: Which.
        folder: Where.
        bytes: What its files hold together.
        licence: What one may do with it.
        archives: How what it came in was checked; empty where it was there before.
        when: The day on which it was fetched.
    """

    name: str
    folder: str
    bytes: int
    licence: str
    archives: tuple[Sum, ...]
    when: str


def place_of(name: str) -> Path:
    """The folder of a data set below ``data_folder()``, whether it is there or not."""
    known = published(name)
    return data_folder() / known.name if known.within is None else data_folder() / Path(*known.within)


def installed(name: str) -> Path | None:
    """The folder of a data set that was fetched to where they lie by default; None where it was not."""
    folder = place_of(name)
    return folder if (folder / PROVENANCE).is_file() else None


def provenance(folder: Path) -> Fetched | None:
    """What was noted down when a data set was fetched into a folder; its size is the one of now.

    Counting the files of a large data set takes a while.
    """
    try:
        noted = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        sums = tuple(Sum(**one) for one in noted["archives"])
        return Fetched(**{**noted, "archives": sums, "folder": str(folder), "bytes": bytes_below(folder)})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def bytes_below(folder: Path) -> int:
    """What the files below a folder hold together; links are not followed."""
    total = 0
    for current, _, files in os.walk(folder):
        total += sum((Path(current) / file).lstat().st_size for file in files)
    return total


def remove(name: str) -> int:
    """Delete a fetched data set; returns the bytes that its files held.

    Raises:
        DownloadError: It is not there, or cannot be deleted.
    """
    folder = installed(name)
    if folder is None:
        raise DownloadError(f"{published(name).title} does not lie in '{place_of(name)}'; there is nothing to delete.")
    freed = bytes_below(folder)
    going = folder.with_name(f".{folder.name}.going")
    try:
        shutil.rmtree(going, ignore_errors=True)
        folder.replace(going)
        shutil.rmtree(going)
    except OSError as error:
        raise DownloadError(f"'{folder}' cannot be deleted ({error.strerror}); delete it by hand.") from error
    return freed


def fetch_published(
    name: str,
    folder: Path | None = None,
    *,
    source: str | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Fetched:
    """Fetch a data set, check it and unpack it so that this package's readers open it; does nothing if it is there.

    An interrupted download goes on where it was cut. The folder appears when all is done, and not before. Archives that
    were fetched are deleted then; a person's own are left alone.

    Args:
        name: One of ``PUBLISHED``.
        folder: Where it goes, missing or empty; by default its place below ``data_folder()``. For masks: the folder of
            the data set that they belong to.
        source: A file, a folder or an address to take the archive from, in place of its publisher; see
            :func:`~bgbias_core.download.choose_source`.
        progress: Gives the callback for each stretch of the work, by what is done there; counts are bytes.

    Returns:
        What lies there now.

    Raises:
        UnknownNameError: There is no data set of that name.
        DownloadError: An archive cannot be had, is not the one expected, or cannot be unpacked there.
        ConfigError: Masks, and no data set for them.
    """
    known = published(name)
    target = _target(known, folder)
    there = provenance(target)
    if there is not None and there.name == name:
        return there
    with alone(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise DownloadError(
                f"'{target}' holds something already, and not a {known.title} that was fetched; use it as it is, "
                "delete it first, or choose another place with --to."
            )
        check_room(target.parent, known.about_bytes)
        given = [source, *(source and beside(source, archive.name) for archive in known.archives[1:])]
        got = [_get(known, archive, one, progress) for archive, one in zip(known.archives, given, strict=True)]
        stage = target.with_name(f".{target.name}.fetched")
        try:
            shutil.rmtree(stage, ignore_errors=True)  # of a process that was killed
            for archive, (file, checked) in zip(known.archives, got, strict=True):
                try:
                    _unpack(known, archive, file, stage, progress)
                except DownloadError:
                    if checked.known == NOW:  # perhaps it was never the archive, and must not stand for it
                        forget(checked.source)
                        file.unlink()
                    raise
            sums = tuple(checked for _, checked in got)
            day = datetime.now(UTC).date().isoformat()
            done = Fetched(name, str(target), bytes_below(stage), known.licence, sums, day)
            (stage / PROVENANCE).write_text(json.dumps(asdict(done), indent=2), encoding="utf-8")
            if target.is_dir():
                target.rmdir()
            stage.replace(target)
        except OSError as error:
            raise unwritten(target, error, "Nothing of it is kept there") from error
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    for file, _ in got:
        if file.parent == _downloads():
            file.unlink(missing_ok=True)
    return done


def _target(known: Published, folder: Path | None) -> Path:
    target = place_of(known.name) if folder is None else folder.expanduser()
    if known.within is None:
        return target
    owner = target.parent if folder is None else target
    if not (owner / INDEX).is_file():
        raise ConfigError(
            f"The {known.title} belong into the folder of {PUBLISHED[known.within[0]].title}, and '{owner}' holds no "
            f"{INDEX}; fetch that first (data fetch {known.within[0]}), or name its folder with --to."
        )
    return owner / known.within[1]


def _get(
    known: Published, archive: Archive, given: str | None, progress: Callable[[str], Progress] | None
) -> tuple[Path, Sum]:
    """An archive on this disk, and how it was checked."""
    source = choose_source(archive.url, given)
    noted = None if archive.checksum is not None else recorded(archive.url) or recorded(source.address)
    expected = archive.checksum or (noted.checksum if noted is not None else None)
    word = "published" if archive.checksum is not None else f"recorded {noted.when}" if noted is not None else None
    if source.path is not None:
        return source.path, _check_own(archive, source.path, expected, word or "nothing to compare with")
    file = fetch(
        source.address,
        _downloads() / archive.name,
        checksum=expected,
        size=archive.size,
        progress=progress(f"fetching {archive.name}, bytes") if progress is not None else None,
        max_bytes=known.max_bytes,
        by_hand=source.by_hand,
        instead=f"point at a local copy: data fetch {command_of(known.name)} --from /path/{archive.name}",
    )
    checksum = expected or sum_of(file)
    return file, Sum(archive.name, source.address, checksum, word or NOW)


def _check_own(archive: Archive, path: Path, expected: str | None, word: str) -> Sum:
    """Compare a person's own copy with what is known of the archive; it is neither changed nor deleted."""
    if not path.is_file():
        raise DownloadError(
            f"There is no file '{path}'; give the path of {archive.name} or of a folder that holds it. A data set that "
            "is unpacked already needs no fetching: use its folder."
        )
    got = sum_of(path, "sha256" if expected is None else kind_of(expected))
    if expected is not None and got != expected:
        raise DownloadError(
            f"'{path}' is damaged or another file than {archive.name}: its sum is {got}, expected {expected}; take it "
            "from elsewhere, or, if it is your own, unpack it yourself and use its folder."
        )
    return Sum(archive.name, str(path), got, word)


def _unpack(
    known: Published, archive: Archive, file: Path, stage: Path, progress: Callable[[str], Progress] | None
) -> None:
    """The first archive makes the folder; files of a second one are laid into it."""
    folder = stage / ".second" if stage.exists() else stage
    unpack(
        file,
        folder,
        inside=archive.inside,
        members=archive.members,
        max_bytes=known.max_bytes,
        max_files=known.max_files,
        progress=progress(f"unpacking {archive.name}, bytes") if progress is not None else None,
    )
    if folder != stage:
        for path in folder.iterdir():
            path.replace(stage / path.name)
        folder.rmdir()


def _downloads() -> Path:
    return cache_folder() / "downloads"
