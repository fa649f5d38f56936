"""Jobs from the asking to the end, in real processes: order, stop, resume, delete, and runners that nobody planned."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psutil
import pytest

from bgbias_core import jobs
from bgbias_core.errors import ConfigError, UnknownNameError
from bgbias_core.jobs.files import JOB, STATUS, device_lock, read_json, write_json
from bgbias_core.paths import jobs_folder
from tests.jobs.conftest import notes, runners, until, until_state, waiting_job, worker

pytestmark = pytest.mark.usefixtures("clone")


def test_a_job_starts_tells_how_far_it_is_and_ends(clone) -> None:
    job = waiting_job(clone, "walk")
    assert (job.state, job.done, job.total, job.doing, job.ended, job.reason) == ("running", 3, 10, "waiting", None, "")
    assert job.created <= job.started <= job.heartbeat <= time.time()
    assert job.about == {"kind": "wait"}
    assert job.shell == "python -m bgbias_core wait --text walk"
    assert jobs.log_tail(job.name).splitlines() == [f"$ {job.shell}", "waiting: 3 of 10"]
    (clone / "go").touch()
    ended = until_state(job, "done")
    assert ended.ended >= ended.started
    assert ended.reason == ""
    until(lambda: not runners())


def test_its_files_lie_in_its_folder_and_its_command_finds_them() -> None:
    job = jobs.start("read", ["note", "{job}/config.json"], files={"config.json": b"{}"}, about={"kind": "train"})
    assert (job.folder / "config.json").read_bytes() == b"{}"
    assert job.command == ("note", f"{job.folder}/config.json")
    assert job.about["kind"] == "train"
    until_state(job, "done")


def test_jobs_run_one_at_a_time_and_in_order(clone) -> None:
    begun = waiting_job(clone, "a")
    later = [jobs.start(text, ["wait", "--text", text]) for text in "bc"]
    assert [job.title for job in jobs.list_jobs()] == ["c", "b", "a"]
    time.sleep(0.3)
    assert [jobs.find_job(job.name).state for job in (begun, *later)] == ["running", "queued", "queued"]
    (clone / "go").touch()
    until_state(later[-1], "done")
    assert notes(clone) == ["begin a", "end a", "begin b", "end b", "begin c", "end c"]


def test_devices_do_not_wait_for_one_another(clone) -> None:
    waiting_job(clone, "a")
    until_state(jobs.start("b", ["note", "b"], device="cuda:0"), "done")


def test_many_starters_at_once_give_one_worker_each_and_one_at_a_time(clone) -> None:
    (clone / "go").touch()
    script = "from bgbias_core import jobs; import sys; jobs.start(sys.argv[1], ['wait', '--text', sys.argv[1]])"
    starters = [subprocess.Popen([sys.executable, "-c", script, str(number)]) for number in range(4)]
    assert [starter.wait() for starter in starters] == [0] * 4
    until(lambda: len(jobs.list_jobs()) == 4 and all(job.state == "done" for job in jobs.list_jobs()))
    said = notes(clone)
    assert [line.split()[0] for line in said] == ["begin", "end"] * 4
    assert [line.split()[1] for line in said[::2]] == [line.split()[1] for line in said[1::2]]


def test_what_comes_while_the_runner_leaves_is_run(clone, monkeypatch) -> None:
    # Asked for while the lock is held and seen by nobody: as late as it can be.
    from bgbias_core.jobs import runner

    late: list[jobs.Job] = []

    def leave(device: str) -> None:
        run_all(device)
        if not late:
            late.append(jobs.start("late", ["note", "late"]))
            assert late[0].state == "queued"

    run_all = runner._run_all
    monkeypatch.setattr(runner, "_run_all", leave)
    with device_lock("cpu").acquire():
        jobs.start("early", ["note", "early"])
    jobs.run_queue("cpu")
    assert notes(clone) == ["early", "late"]
    assert runners() == []


def test_a_waiting_job_stops_at_once_and_resumes(clone) -> None:
    waiting_job(clone, "a")
    job = jobs.start("b", ["note", "b"])
    stopped = jobs.stop(job.name)
    assert stopped.state == "stopped"
    assert "before it began" in stopped.reason
    assert jobs.resume(job.name).state == "queued"
    (clone / "go").touch()
    until_state(job, "done")
    assert notes(clone) == ["begin a", "end a", "b"]


def test_a_running_job_stops_and_resumes_with_the_same_command(clone) -> None:
    job = waiting_job(clone, "a")
    process = worker(job)
    assert jobs.stop(job.name).reason == "It was asked to stop and is about to."
    with pytest.raises(ConfigError, match=r"is running; .* Wait until it has stopped"):
        jobs.resume(job.name)
    stopped = until_state(job, "stopped")
    assert stopped.reason == "It was stopped by hand; resume it to go on."
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert jobs.stop(job.name).state == "stopped"
    (clone / "go").touch()
    assert jobs.resume(job.name).total == 0
    until_state(job, "done")
    assert notes(clone) == ["begin a", "begin a", "end a"]
    assert jobs.log_tail(job.name).count(f"$ {job.shell}") == 2


def test_one_that_does_not_obey_is_killed(clone) -> None:
    with device_lock("cpu").acquire():
        job = jobs.start("stubborn", ["wait", "--no-obey"])
    script = "from bgbias_core.jobs import runner; runner.GRACE = 0.3; runner.run_queue('cpu')"
    with subprocess.Popen([sys.executable, "-c", script, "run"]) as process:
        until(lambda: jobs.find_job(job.name).done == 3)
        jobs.stop(job.name)
        assert until_state(job, "stopped").reason == "It was stopped by hand; resume it to go on."
        assert process.wait() == 0


def test_stop_and_resume_in_haste_never_run_a_job_twice_at_once(clone) -> None:
    job = waiting_job(clone, "a")
    first = worker(job)
    jobs.stop(job.name)
    until(lambda: jobs.find_job(job.name).state == "stopped")
    jobs.resume(job.name)
    until(lambda: notes(clone) == ["begin a", "begin a"])
    assert not psutil.pid_exists(first.pid) or first.status() == psutil.STATUS_ZOMBIE
    assert jobs.find_job(job.name).state == "running"


def test_delete_takes_all_but_what_runs(clone) -> None:
    job = waiting_job(clone, "a")
    queued = jobs.start("b", ["note", "b"])
    with pytest.raises(ConfigError, match="'a' is running; stop it"):
        jobs.delete(job.name)
    jobs.delete(queued.name)
    jobs.stop(job.name)
    until_state(job, "stopped")
    jobs.delete(job.name)
    assert jobs.list_jobs() == []
    assert not job.folder.exists()
    until(lambda: not runners())
    assert not job.folder.exists()
    with pytest.raises(UnknownNameError, match="There is no job named"):
        jobs.find_job(job.name)


def test_without_its_runner_a_job_goes_on_and_the_next_waits_for_it(clone) -> None:
    job = waiting_job(clone, "a")
    [first] = runners()
    first.kill()
    until(lambda: not psutil.pid_exists(first.pid))  # only then is its lock let go
    assert jobs.find_job(job.name).state == "running"
    later = jobs.start("b", ["note", "b"])
    until(runners)
    time.sleep(0.5)
    assert jobs.find_job(later.name).state == "queued"
    (clone / "go").touch()
    until_state(later, "done")
    assert jobs.find_job(job.name).state == "done"
    assert notes(clone) == ["begin a", "end a", "b"]


def test_what_ends_with_nobody_there_reads_as_what_it_was(clone) -> None:
    job = waiting_job(clone, "a")
    [runner] = runners()
    runner.kill()
    (clone / "go").touch()
    assert until_state(job, "done", "failed").state == "done"


def test_a_job_whose_runner_was_killed_can_be_stopped(clone) -> None:
    job = waiting_job(clone, "a")
    [runner] = runners()
    runner.kill()
    until(lambda: not psutil.pid_exists(runner.pid))  # only then is its lock let go
    jobs.stop(job.name)
    assert until_state(job, "stopped", "failed").state == "stopped"


def test_a_worker_that_dies_between_two_looks_is_asked_how(clone, monkeypatch) -> None:
    from bgbias_core.jobs import runner

    job = waiting_job(clone, "a")
    dead = psutil.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    until(lambda: dead.status() == psutil.STATUS_ZOMBIE)
    ended = []
    monkeypatch.setattr(runner, "_write_end", lambda *said: ended.append(said))
    runner._watch(job, dead)
    assert ended == [(job.folder, job.shell, dead.pid, -9)]


def test_a_killed_worker_says_so_and_the_queue_goes_on(clone) -> None:
    job = waiting_job(clone, "a")
    later = jobs.start("b", ["note", "b"])
    worker(job).kill()
    until_state(later, "done")
    failed = jobs.find_job(job.name)
    assert failed.state == "failed"
    assert failed.reason.startswith("It was killed (signal 9): by hand, or because memory ran out. Nothing")
    assert failed.done == 3


def test_after_both_are_killed_the_job_says_so_and_resumes_and_the_app_wakes_the_rest(clone) -> None:
    job = waiting_job(clone, "a")
    later = jobs.start("b", ["note", "b"])
    [runner] = runners()
    runner.kill()
    worker(job).kill()
    failed = until_state(job, "failed")
    assert failed.reason.startswith("It was running when its process ended")
    assert "resume it to go on" in failed.reason
    assert failed.ended is not None
    until(lambda: not psutil.pid_exists(runner.pid))
    assert jobs.find_job(later.name).state == "queued"
    jobs.ensure_runner()
    until_state(later, "done")
    (clone / "go").touch()
    jobs.resume(job.name)
    until_state(job, "done")


def test_ensure_runner_starts_none_where_nothing_waits_or_one_works(clone) -> None:
    jobs.ensure_runner()
    assert runners() == []
    waiting_job(clone, "a")
    [runner] = runners()
    jobs.ensure_runner()
    assert runners() == [runner]


def test_a_process_that_was_given_an_old_number_is_left_alone(clone) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as stranger:
        try:
            with device_lock("cpu").acquire():
                job = jobs.start("a", ["note", "a"])
            born = psutil.Process(stranger.pid).create_time() - 60
            write_json(job.folder / STATUS, {"state": "running", "started": 1.0, "pid": stranger.pid, "born": born})
            assert jobs.find_job(job.name).state == "failed"
            jobs.stop(job.name)
            (job.folder / "stop").touch()
            jobs.run_queue("cpu")
            time.sleep(0.3)
            assert stranger.poll() is None
            jobs.resume(job.name)
            until_state(job, "done")
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_worker_that_nobody_wrote_down_does_nothing(clone, monkeypatch) -> None:
    # What a runner leaves that is killed between starting a worker and writing it down.
    with device_lock("cpu").acquire():
        job = jobs.start("a", ["note", "a"])
    write_json(job.folder / STATUS, {"state": "running", "pid": 1, "born": 1.0})
    monkeypatch.setenv("BGBIAS_JOB", str(job.folder))
    with subprocess.Popen([sys.executable, "-m", "bgbias_core", "note", "a"]) as orphan:
        time.sleep(0.6)
        assert orphan.poll() is None
        orphan.kill()
    assert notes(clone) == []


def test_a_job_whose_folder_is_gone_fails_in_words_and_the_queue_goes_on(clone) -> None:
    with device_lock("cpu").acquire():
        lost = jobs.start("lost", ["note", "lost"])
        later = jobs.start("b", ["note", "b"])
    asked = read_json(lost.folder / JOB)
    write_json(lost.folder / JOB, {**asked, "cwd": str(clone / "nowhere")})
    jobs.ensure_runner()
    until_state(later, "done")
    assert jobs.find_job(lost.name).reason.startswith("It could not be started: ")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "asleep"}', '{"state": "running", "pid": "x"}', "\0\0"])
def test_damaged_files_are_read_as_they_are(text) -> None:
    with device_lock("cpu").acquire():
        job = jobs.start("a", ["note", "a"])
    (job.folder / STATUS).write_text(text)
    (job.folder / "progress.json").write_text(text)
    read = jobs.find_job(job.name)
    assert (read.state, read.done, read.total) == ("failed", 0, 0)
    assert "esume it to go on" in read.reason
    assert jobs.list_jobs() == [read]


def test_a_damaged_job_resumes() -> None:
    with device_lock("cpu").acquire():
        job = jobs.start("a", ["note", "a"])
    (job.folder / STATUS).unlink()
    jobs.resume(job.name)
    until_state(job, "done")


def test_folders_that_are_no_jobs_are_passed_over() -> None:
    (jobs_folder() / "empty").mkdir(parents=True)
    for name, text in {"cut": '{"title": "x', "other": json.dumps({"command": 3})}.items():
        (jobs_folder() / name).mkdir()
        (jobs_folder() / name / JOB).write_text(text)
    (jobs_folder() / "file").touch()
    assert jobs.list_jobs() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"command": []}, "needs a command"),
        ({"device": "../cpu"}, "no device '../cpu'; expected cpu"),
        ({"files": {"../x": b""}}, "cannot keep a file named '../x'"),
        ({"files": {"job.json": b""}}, "cannot keep a file named 'job.json'"),
    ],
)
def test_what_makes_no_job_is_refused(arguments, said) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        jobs.start("a", **{"command": ["note", "a"], **arguments})
    assert jobs.list_jobs() == []


def test_a_home_that_cannot_be_written_is_said(home, monkeypatch) -> None:
    (home / "file").touch()
    monkeypatch.setenv("BGBIAS_HOME", str(home / "file"))
    assert jobs.list_jobs() == []
    with pytest.raises(ConfigError, match=r"The jobs' folder .* cannot be written"):
        jobs.start("a", ["note", "a"])
