"""Fetching one file: resumable, checked, whole or not at all.

``pooch`` was considered: it verifies sums and keeps a cache, but it starts every interrupted download again, which for
archives of 1 to 105 GB over a classroom's line means that they may never arrive; and it verifies nothing where no sum
is known. So this is a small core over ``requests``, which Streamlit brings anyway and which carries its own
certificates.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from pathlib import Path

import requests

from bgbias_core.download.asking import (
    CutError,
    ask,
    bytes_of,
    host_of,
    refuse_status,
    start_of,
    total_of,
    validator_of,
)
from bgbias_core.download.part import Part, Progress, alone
from bgbias_core.download.sources import Source, local_path
from bgbias_core.download.sums import kind_of, record, recorded, records_file, sum_of
from bgbias_core.errors import DownloadError

MAX_BYTES = 4 * 2**30
SILENT_SECONDS = 30.0
_MAX_TRIES = 4
"""Tries in a row that bring the file no further."""
_PAUSE = 0.5
"""Seconds before the second of them; twice as long before each further one."""


def fetch(
    url: str,
    path: Path,
    *,
    checksum: str | None = None,
    size: int | None = None,
    progress: Progress | None = None,
    max_bytes: int = MAX_BYTES,
    by_hand: bool = False,
    timeout: float = SILENT_SECONDS,
    instead: str = "give a local copy",
) -> Path:
    """Fetch a file, whole or not at all; an interrupted download goes on where it was cut.

    What has come lies beside the file as ``NAME.part``, with ``NAME.part.json`` saying of which address and of which
    version of it. A later call asks for the rest only if it is still that version; of a server that cannot tell, or
    sends everything, it starts again. A file that is there already and has the expected sum is not fetched again.

    Where no sum is known, the sum of what comes first is noted down in ``$BGBIAS_HOME/downloads.json``, and whatever
    comes from the same address later must equal it; :func:`~bgbias_core.download.recorded` tells.

    Args:
        url: An https address; http only of this machine, or where ``by_hand``. A path or a ``file:`` address is copied.
        path: Where the file goes; its folder is made if need be.
        checksum: ``sha256:…`` or ``md5:…``, where one is published.
        size: Its size in bytes, where that is known exactly.
        progress: Told the bytes that are there and the bytes in all; not called while the server does not say how many.
        max_bytes: A larger file is refused.
        by_hand: A person named the address, so that plain http is theirs to choose.
        timeout: Seconds for which a server may be silent.
        instead: What a person can do where the file cannot be had: the end of those sentences.

    Returns:
        ``path``.

    Raises:
        DownloadError: The file cannot be had, is not the one expected, is too large, does not fit on the disk, or is
            being fetched by another process.
    """
    if checksum is not None:
        kind_of(checksum)
    with alone(path):
        first = None if checksum else recorded(url)
        expected = checksum or (first.checksum if first else None)
        if expected and path.is_file() and sum_of(path, kind_of(expected)) == expected:
            return path
        part = Part(path, url, size, max_bytes, progress)
        local = local_path(url)
        if local is None:
            _download(Source(url, by_hand), part, timeout, instead)
        else:
            part.copy(local)
        _check(part, checksum, expected)
        if expected is None:
            record(url, part.file)
        part.finish()
    return path


def _check(part: Part, published: str | None, expected: str | None) -> None:
    """Delete what came, and say so, where it is not the file expected."""
    if part.size is not None and part.have != part.size:
        got_bytes = part.have
        part.drop()
        raise DownloadError(
            f"'{part.url}' gave {got_bytes:,} bytes, but the file expected has {part.size:,}; what came was deleted: "
            "repeat this, or take the file from elsewhere."
        )
    got = None if expected is None else sum_of(part.file, kind_of(expected))
    if got == expected:
        return
    part.drop()
    if published is not None:
        raise DownloadError(
            f"What came from '{part.url}' is damaged or another file: its sum is {got}, expected {expected}; it was "
            "deleted: repeat this, or take the file from elsewhere."
        )
    raise DownloadError(
        f"What came from '{part.url}' is not what came the first time: its sum is {got}, noted down was {expected}; it "
        f"was deleted. If you trust the new one, delete that address from '{records_file()}' and repeat this."
    )


def _download(source: Source, part: Part, timeout: float, instead: str) -> None:
    """Try until the file is there; several tries in a row, or the first one, may bring it no further."""
    best = before = part.have
    failures = 0
    with requests.Session() as session:
        while True:
            try:
                _go_on(session, source, part, timeout, instead)
            except CutError as cut:
                failures = 1 if part.have > best else failures + 1
                best = max(best, part.have)
                if best == before or failures >= _MAX_TRIES:
                    kept = f" {part.have:,} bytes are kept: repeating this goes on from there." if part.have else ""
                    raise DownloadError(f"{cut}; try again later, or {instead}.{kept}") from cut
                time.sleep(_PAUSE * 2 ** (failures - 1))
            else:
                return


def _go_on(session: requests.Session, source: Source, part: Part, timeout: float, instead: str) -> None:
    """One request: for the rest of what is there, or for all of it."""
    note, have = part.resume(), part.have
    if note is not None and note.total == have:
        return
    # Compressed on the way it would be another file than the one with the known sum, and could not be resumed.
    headers = {"Accept-Encoding": "identity"}
    if note is not None:
        headers |= {"Range": f"bytes={have}-", "If-Range": note.validator}
    with ask(session, source, headers, timeout) as response:
        status, total = response.status_code, total_of(response)
        rest = note is not None and status == HTTPStatus.PARTIAL_CONTENT
        if note is not None and (
            status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            or (rest and (start_of(response) != have or validator_of(response) not in {note.validator, None}))
        ):
            part.drop()  # another version by now, whatever the server made of If-Range
            _go_on(session, source, part, timeout, instead)
            return
        if not rest:
            if status != HTTPStatus.OK:
                refuse_status(source.address, status, instead)
            part.drop()
            have = 0
        part.expect(total, have)
        if not rest and (validator := validator_of(response)) is not None:
            part.note(validator, total)
        have = part.write(bytes_of(response, timeout), have, total)
    if total is not None and have < total:
        raise CutError(f"The connection to {host_of(source.address)} ended before all had come")
