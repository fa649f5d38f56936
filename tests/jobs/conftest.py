"""The real command line with a few more commands, run by real runners in real processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bgbias_core import jobs
from bgbias_core.jobs.files import STATUS, find_process, read_json
from bgbias_core.paths import REPOSITORY

# A folder with a package of the project's name, as a clone is one: `python -m bgbias_core` there starts this one.
_PACKAGE = f"__path__.append({str(REPOSITORY / 'bgbias_core')!r})\n__version__ = '0'\n"
_PROGRAM = '''
import os, pathlib, signal, sys, time
from bgbias_core.cli import app
from bgbias_core.cli.shared import counter
from bgbias_core.errors import ConfigError

@app.command()
def note(text: str):
    """Append a line to the file "notes"; three say that the third step is being taken."""
    with pathlib.Path("notes").open("a") as notes:
        notes.write(f"{text}\\n")

@app.command()
def wait(text: str = "", obey: bool = True):
    """Say that it began, and wait to be ended, or for a file named "go"."""
    if not obey:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if text:
        note(f"begin {text}")
    counter("waiting")(3, 10)
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    if text:
        note(f"end {text}")

@app.command()
def fail(how: str):
    if how == "sentence":
        raise ConfigError("The moon is not full; wait.")
    if how == "memory":
        raise MemoryError("no room for a [9, 9] array")
    if how == "code":
        sys.exit(7)
    if how == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    raise ValueError("the moon\\nis not full")

@app.command()
def flood():
    sys.stdout.write("line\\n" * 2_000_000 + "the last\\n")

if __name__ == "__main__":
    app(prog_name="python -m bgbias_core")
'''


@pytest.fixture
def clone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that jobs are started from; whatever still runs at the end is ended."""
    package = tmp_path / "bgbias_core"
    package.mkdir()
    (package / "__init__.py").write_text(_PACKAGE)
    (package / "__main__.py").write_text(_PROGRAM)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for process in [*runners(), *filter(None, map(worker, jobs.list_jobs()))]:
        with suppress(psutil.NoSuchProcess):  # it may end by itself at this very moment
            for one in [process, *process.children(recursive=True)]:
                one.kill()
    until(lambda: not runners())  # a killed process is there a moment longer


def runners() -> list[psutil.Process]:
    """The runners that this test started and that still live."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and "run" in child.cmdline():
                found.append(child)
    return found


def worker(job: jobs.Job) -> psutil.Process | None:
    return find_process(read_json(job.folder / STATUS))


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, [(job.title, job.state, job.reason) for job in jobs.list_jobs()]
        time.sleep(0.02)


def until_state(job: jobs.Job, *states: jobs.State) -> jobs.Job:
    until(lambda: jobs.find_job(job.name).state in states)
    return jobs.find_job(job.name)


def notes(clone: Path) -> list[str]:
    file = clone / "notes"
    return file.read_text().splitlines() if file.exists() else []


def waiting_job(clone: Path, text: str) -> jobs.Job:
    """A job that began and waits for the file "go"."""
    job = jobs.start(text, ["wait", "--text", text])
    until(lambda: f"begin {text}" in notes(clone))
    until(lambda: jobs.find_job(job.name).done == 3)
    return jobs.find_job(job.name)
