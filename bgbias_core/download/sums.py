"""Sums of files: the ones that publishers state, and the ones noted down when a file was first fetched."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from bgbias_core.errors import DownloadError
from bgbias_core.paths import home, replace_file

_LENGTHS = {"md5": 32, "sha256": 64}


@dataclass(frozen=True)
class Recorded:
    """What was fetched from an address for which no sum is published, the first time.

    Attributes:
        checksum: ``sha256:…`` of the file.
        size: Its bytes.
        when: The day, as ``2026-11-22``.
    """

    checksum: str
    size: int
    when: str


def records_file() -> Path:
    """Where the sums of first fetches stand, by address."""
    return home() / "downloads.json"


def kind_of(checksum: str) -> str:
    """``md5`` or ``sha256``: what a sum was made with.

    Raises:
        DownloadError: It is not ``md5:`` or ``sha256:`` followed by as many hexadecimal digits as that sum has.

    >>> kind_of("md5:97eceeb196236b17998738112f37df78")
    'md5'
    """
    kind, _, digits = checksum.partition(":")
    if not re.fullmatch(f"[0-9a-f]{{{_LENGTHS.get(kind, 1)}}}", digits) or kind not in _LENGTHS:
        raise DownloadError(f"A sum reads md5:… or sha256:… in hexadecimal digits, got '{checksum}'; mend it.")
    return kind


def sum_of(path: Path, kind: str = "sha256") -> str:
    """The sum of a file, as ``sha256:…`` or ``md5:…``.

    MD5 tells a damaged file from a sound one and no more; it stands here because publishers of old data sets state it.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
    return f"{kind}:{digest.hexdigest()}"


def recorded(address: str) -> Recorded | None:
    """What was noted down when a file without a published sum was first fetched from this address.

    Raises:
        DownloadError: The file of records is damaged.
    """
    return _read().get(address)


def record(address: str, path: Path) -> Recorded:
    """Note down the sum of a file that was fetched from an address for the first time."""
    entry = Recorded(sum_of(path), path.stat().st_size, datetime.now(UTC).date().isoformat())
    _change(lambda records: {**records, address: entry})
    return entry


def forget(address: str) -> None:
    """Take back what was noted down of an address: what came from there was no use."""
    _change(lambda records: {name: entry for name, entry in records.items() if name != address})


def _change(change: Callable[[dict[str, Recorded]], dict[str, Recorded]]) -> None:
    records_file().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home() / ".downloads.lock"):
        text = json.dumps({address: asdict(entry) for address, entry in change(_read()).items()}, indent=2)
        replace_file(records_file(), lambda path: path.write_text(text, encoding="utf-8"))


def _read() -> dict[str, Recorded]:
    try:
        records = json.loads(records_file().read_text(encoding="utf-8"))
        found = {address: Recorded(**entry) for address, entry in records.items()}
        for entry in found.values():
            kind_of(entry.checksum)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, DownloadError) as error:
        raise DownloadError(
            f"'{records_file()}', which holds the sums of what was fetched before, cannot be read or is damaged; "
            "mend it, or delete it to note sums down anew."
        ) from error
    return found
