"""Where a file comes from: its publisher, a mirror that a person names, or a file that lies here already."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import url2pathname

from bgbias_core.errors import DownloadError

MIRROR = "BGBIAS_MIRROR"
"""The environment variable with the address (or the folder) under which files of the same names lie, for classrooms."""


@dataclass(frozen=True)
class Source:
    """Where to get one file.

    Attributes:
        address: An address, or the path of a file on this machine.
        by_hand: A person named it, so that plain http is theirs to choose.
    """

    address: str
    by_hand: bool = False

    @property
    def path(self) -> Path | None:
        """The file on this machine; None for an address of another one."""
        return local_path(self.address)


def choose_source(url: str, given: str | None = None) -> Source:
    """Decide where a file comes from: what a person gave, else ``$BGBIAS_MIRROR``, else its publisher.

    Args:
        url: The publisher's address; its last part is the file's name.
        given: A file or an address; or a folder, or an address that ends in ``/``, with a file of that name in it.

    >>> choose_source("https://example.org/data/birds.tgz", "http://10.0.0.1/course/").address
    'http://10.0.0.1/course/birds.tgz'
    """
    mirror = os.environ.get(MIRROR)
    if given is None and not mirror:
        return Source(url)
    name = file_name(url)
    base = given if given is not None else f"{mirror}".rstrip("/") + "/"
    folder = local_path(base)
    if folder is None:
        return Source(base + name if base.endswith("/") else base, by_hand=True)
    return Source(str(folder / name if folder.is_dir() else folder), by_hand=True)


def beside(given: str, name: str) -> str:
    """Another file where ``given`` lies: of the same folder, or under the same address."""
    path = local_path(given)
    if path is None:
        return urljoin(given, name)
    return str((path if path.is_dir() else path.parent) / name)


def file_name(url: str) -> str:
    """The last part of an address.

    >>> file_name("https://example.org/data/birds.tgz?download=1")
    'birds.tgz'
    """
    return unquote(urlsplit(url).path.rpartition("/")[2])


def local_path(address: str) -> Path | None:
    """The path that an address without a scheme, or with ``file:``, stands for; None for any other."""
    if address.startswith("file:"):
        return Path(url2pathname(urlsplit(address).path))
    return None if "://" in address else Path(address).expanduser()


def check_address(address: str, *, plain: bool) -> None:
    """Refuse addresses that are not https.

    Args:
        address: The address to be asked.
        plain: Whether http will do.

    Raises:
        DownloadError: It is of another scheme, or names no host.
    """
    parts = _split(address)
    if parts.scheme in {"https", "http"} and not parts.hostname:
        raise DownloadError(f"'{address}' names no host; give an address such as https://example.org/birds.tgz.")
    if parts.scheme == "https" or (parts.scheme == "http" and plain):
        return
    raise DownloadError(
        f"Files are fetched over https (over http from this machine or from a mirror you name, if it was http from "
        f"the start), but '{address}' is of another kind; give another address or a local file."
    )


def may_be_plain(source: Source) -> bool:
    """Whether http will do: a person gave the address so, or it is this very machine."""
    parts = _split(source.address)
    return parts.scheme == "http" and (source.by_hand or _is_loopback(parts.hostname or ""))


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise DownloadError(f"'{address}' is not an address ({error}); mend it.") from error
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
