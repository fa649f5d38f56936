"""The app as a person starts it: a server of its own on the loopback interface."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.visiting import SECONDS, open_window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

REPOSITORY = Path(__file__).resolve().parents[2]
_START_SECONDS = 60
_LOG = "app.log"
_LOG_TAIL = 3000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what its windows showed, and what the app printed."""
    report = yield
    fixtures: dict[str, Any] = getattr(item, "funcargs", {})
    if report.when != "call" or not report.failed or "chromium" not in fixtures:
        return report
    for page in [page for context in fixtures["chromium"].contexts for page in context.pages]:
        report.sections.append((page.url, page.locator("body").inner_text(timeout=5 * SECONDS)))
    for home in {fixtures[name] for name in ("home", "session_home") if name in fixtures}:
        if (log := home / _LOG).exists():
            report.sections.append((_LOG, log.read_text(errors="replace")[-_LOG_TAIL:]))
    return report


@contextmanager
def running_app(log: Path) -> Iterator[str]:
    """Start ``streamlit run app.py``, wait until it answers, yield its address, and end it by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=REPOSITORY,
            env=dict(os.environ),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_healthy(port, server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_healthy(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"The app ended with {server.returncode} before it answered:\n{log.read_text()}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    pytest.fail(f"The app did not answer within {_START_SECONDS} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def app_url(session_home: Path) -> Iterator[str]:
    """Address of one running app, shared by the session's tests."""
    with running_app(session_home / _LOG) as address:
        yield address


@pytest.fixture
def fresh_app_url(home: Path) -> Iterator[str]:
    """Address of an app that nobody has opened yet."""
    with running_app(home / _LOG) as address:
        yield address


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["wide", "phone"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window of a laptop's size, or of a phone's."""
    context = open_window(chromium, *request.param)
    yield context.new_page()
    context.close()


@pytest.fixture
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """A window of a laptop's size that may have several pages."""
    context = open_window(chromium)
    yield context
    context.close()
