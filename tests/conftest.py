"""What every test gets: no network, a home folder of its own, and real data or a browser where there is one."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Before anything imports torch or a hub client, and inherited by every process that a test starts.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright's event loop stays in the thread, where asyncio.run would refuse to start."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def _forbidden_skips(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("BGBIAS_NO_SKIPS") != "1" or reporter is None:
        return 0
    return len(reporter.stats.get("skipped", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if skipped := _forbidden_skips(config):
        terminalreporter.write_line(f"BGBIAS_NO_SKIPS=1: {skipped} skipped, which counts as failed.", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _forbidden_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of session-wide servers and fixtures; its cache serves every test of this process."""
    home = tmp_path_factory.mktemp("session_home")
    (home / "cache").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BGBIAS_HOME", str(home))
        yield home


@pytest.fixture(autouse=True)
def home(session_home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh ``$BGBIAS_HOME`` for each test: nobody's own files are read or touched; only the cache is shared."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "cache").symlink_to(session_home / "cache", target_is_directory=True)
    monkeypatch.setenv("BGBIAS_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs."""
    named = os.environ.get("BGBIAS_REAL_DATA")
    if not named:
        pytest.skip("needs real photographs: set BGBIAS_REAL_DATA to their folder")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"BGBIAS_REAL_DATA is '{named}', which is not a folder: mend or unset it")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the session; open a context of your own in it."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        pytest.skip("needs a browser: install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def free_port() -> int:
    """A port of the loopback interface that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
