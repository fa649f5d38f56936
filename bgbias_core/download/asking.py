"""Asking a server for a file, and saying in one sentence why none came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from bgbias_core.download.part import CHUNK
from bgbias_core.download.sources import Source, check_address, may_be_plain
from bgbias_core.errors import DownloadError

CONNECT_SECONDS = 10.0
_MAX_REDIRECTS = 10


class CutError(Exception):
    """It failed in a way that may pass; the text says how, without a full stop."""


def ask(session: requests.Session, source: Source, headers: dict[str, str], timeout: float) -> requests.Response:
    """Ask for a file, following redirects only to where a file may come from.

    Raises:
        CutError: No answer came.
        DownloadError: No file can come from there.
    """
    address, plain = source.address, may_be_plain(source)
    for _ in range(_MAX_REDIRECTS):
        check_address(address, plain=plain)
        host = host_of(address)
        try:
            response = session.get(
                address, headers=headers, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, timeout)
            )
        except requests.exceptions.SSLError as error:
            raise DownloadError(
                f"The certificate of {host} cannot be verified, so that what comes from there might be anyone's; check "
                "this machine's clock, or fetch the file on another network and give it as a local copy."
            ) from error
        except requests.exceptions.ProxyError as error:
            raise CutError(f"The proxy that this machine is set to use does not lead to {host}") from error
        except requests.exceptions.ConnectTimeout as error:
            raise CutError(f"{host} did not answer within {CONNECT_SECONDS:g} seconds") from error
        except requests.exceptions.ReadTimeout as error:
            raise CutError(f"{host} was silent for {timeout:g} seconds") from error
        except requests.exceptions.ConnectionError as error:
            raise CutError(_why_not_connected(host, error)) from error
        except requests.exceptions.RequestException as error:
            raise DownloadError(f"'{address}' cannot be asked for a file ({error}); mend the address.") from error
        if not response.is_redirect:
            return response
        response.close()
        address = urljoin(address, response.headers["Location"])
    raise DownloadError(f"'{source.address}' leads from one address to another without end; take another source.")


def bytes_of(response: requests.Response, timeout: float) -> Iterator[bytes]:
    """The bytes of a file as they come, exactly as they are on the way.

    Raises:
        CutError: The connection ended or fell silent.
    """
    host = host_of(response.url)
    try:
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            yield chunk
    except urllib3.exceptions.ReadTimeoutError as error:
        raise CutError(f"{host} was silent for {timeout:g} seconds") from error
    except urllib3.exceptions.HTTPError as error:
        raise CutError(f"The connection to {host} ended before all had come") from error


def validator_of(response: requests.Response) -> str | None:
    """What tells this version of a file from others: its strong ETag, else the time of its last change."""
    etag = response.headers.get("ETag")
    return etag if etag is not None and not etag.startswith("W/") else response.headers.get("Last-Modified")


def total_of(response: requests.Response) -> int | None:
    """How many bytes the whole file has, where the server says so."""
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        number = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        number = response.headers.get("Content-Length", "")
    return int(number) if number.isascii() and number.isdecimal() else None


def start_of(response: requests.Response) -> int | None:
    """The first byte of a partial answer."""
    found = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def refuse_status(address: str, status: int, instead: str) -> NoReturn:
    """Say what an answer without a file means.

    Raises:
        CutError: It may pass.
        DownloadError: It will not.
    """
    host = host_of(address)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise DownloadError(f"{host} no longer has '{address}' ({status}); {instead}.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        raise DownloadError(f"{host} does not give '{address}' to this machine ({status}); {instead}.")
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS} or status >= 500:
        raise CutError(f"{host} cannot answer at the moment ({status})")
    raise DownloadError(f"{host} answered {status} where a file was expected; {instead}.")


def host_of(address: str) -> str:
    """The host's name, for sentences: without user, password and port."""
    return urlsplit(address).hostname or address


def _why_not_connected(host: str, error: BaseException | None) -> str:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, urllib3.exceptions.NameResolutionError):
            return f"No host named {host} can be found: this machine is offline, or the host is gone"
        if isinstance(error, ConnectionRefusedError):
            return f"{host} refuses connections"
        reason = getattr(error, "reason", None) or next(iter(error.args), None)
        error = error.__cause__ or error.__context__ or (reason if isinstance(reason, BaseException) else None)
    return f"{host} cannot be reached: this machine may be offline, or the host is gone"
