"""Why a job ended, in words: of real crashes, and of what a log may hold."""

from __future__ import annotations

import pytest

from bgbias_core import jobs
from bgbias_core.jobs.endings import how_it_ended, prompt
from tests.jobs.conftest import until_state

pytestmark = pytest.mark.usefixtures("clone")

SHELL = "python -m bgbias_core train"
TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in b\n    c()\n'


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("sentence", "The moon is not full; wait."),
        ("traceback", "It crashed: ValueError: the moon. The log has the rest."),
        ("memory", "It ran out of memory (MemoryError: no room for a [9, 9] array): take smaller batches"),
        ("code", "It ended with exit code 7. The log has its last words."),
        ("signal", "It was ended by signal 11 (SIGSEGV). Nothing it had saved is lost; resume it to go on."),
    ],
)
def test_a_crash_is_told_in_words(how, reason) -> None:
    ended = until_state(jobs.start(how, ["fail", how]), "failed", "done")
    assert ended.state == "failed"
    assert ended.reason.startswith(reason)


def test_an_option_that_does_not_exist_fails() -> None:
    ended = until_state(jobs.start("wrong", ["fail", "--moon", "x"]), "failed", "done")
    assert (ended.state, ended.reason) == ("failed", "It ended with exit code 2. The log has its last words.")
    assert "No such option" in jobs.log_tail(ended.name)


@pytest.mark.parametrize(
    ("log", "code", "said"),
    [
        ("Error: one\nError: two\n", 2, "two"),
        ("Error: one\n", None, "one"),
        ("Error: one\n", 1, "It ended with exit code 1. The log has its last words."),
        (f"{TRACEBACK}ValueError: a.\n\nDuring this:\n{TRACEBACK}b.Odd: c\n", 1, "It crashed: b.Odd: c. The log has"),
        (f"{TRACEBACK}RuntimeError: CUDA out of memory.\n", 1, "It ran out of memory (RuntimeError: CUDA out of"),
        (f"{TRACEBACK}KeyError\n", None, "It crashed: KeyError. The log has the rest."),
        (TRACEBACK, 1, "It crashed. The log has the rest."),
        (f"{TRACEBACK}KeyError\n", -9, "It was killed (signal 9): by hand, or because memory ran out."),
        ("", -15, "It was ended by signal 15 (SIGTERM)."),
        ("", -77, "It was ended by signal 77."),
        ("", None, "It was running when its process ended without a word"),
    ],
)
def test_reasons(tmp_path, log, code, said) -> None:
    (tmp_path / "log.txt").write_text(prompt(SHELL) + log)
    state, reason = how_it_ended(tmp_path, SHELL, code)
    assert state == "failed"
    assert reason.startswith(said)


def test_what_an_earlier_attempt_said_is_not_this_one_s_reason(tmp_path) -> None:
    (tmp_path / "log.txt").write_text(f"{prompt(SHELL)}Error: old\n{TRACEBACK}KeyError\n{prompt(SHELL)}all well\n")
    assert how_it_ended(tmp_path, SHELL, 2)[1].startswith("It ended with exit code 2")


def test_one_that_came_to_its_end_is_done_even_if_asked_to_stop(tmp_path) -> None:
    (tmp_path / "stop").touch()
    assert how_it_ended(tmp_path, SHELL, 0) == ("done", "")
    assert how_it_ended(tmp_path, SHELL, -15)[0] == "stopped"
    assert how_it_ended(tmp_path, SHELL, None)[0] == "stopped"
    (tmp_path / "progress.json").write_text('{"finished": true}')
    assert how_it_ended(tmp_path, SHELL, None) == ("done", "")
    assert how_it_ended(tmp_path, SHELL, 1)[0] == "stopped"


def test_a_huge_log_is_read_from_its_end() -> None:
    job = until_state(jobs.start("flood", ["flood"]), "done")
    assert (job.folder / "log.txt").stat().st_size > 10_000_000
    assert jobs.log_tail(job.name, 3) == "line\nline\nthe last"
    assert len(jobs.log_tail(job.name, 1_000_000)) <= 1 << 16
