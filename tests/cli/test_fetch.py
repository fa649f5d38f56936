"""data fetch and data remove, as a person and as a program call them."""

from __future__ import annotations

import pytest

from bgbias_core import jobs
from bgbias_core.paths import data_folder
from tests.cli.calling import process, refused, run, run_json
from tests.data.published import know, make_archives
from tests.download.serving import FileServer, serving


@pytest.fixture
def server(tmp_path, monkeypatch):
    archives = make_archives(tmp_path / "published")
    monkeypatch.setenv("NO_PROXY", "*")
    files = {path.name: path.read_bytes() for path in archives.iterdir() if path.is_file()}
    with serving(FileServer(files=files)) as running:
        know(monkeypatch, archives, running.address + "/")
        yield running


def test_licence_first_then_progress_then_where_it_lies(server):
    result = run("data", "fetch", "cub")
    assert result.exit_code == 0, result.output
    said = result.stderr.splitlines()
    assert "research and education only" in said[1]
    assert said[2].startswith("fetching CUB_200_2011.tgz, bytes: ")
    assert any(line.startswith("unpacking CUB_200_2011.tgz, bytes: ") for line in said)
    assert str(data_folder() / "cub") in result.stdout
    assert "as published" in result.stdout


def test_as_json(server, tmp_path):
    document = run_json("data", "fetch", "waterbirds", "--to", tmp_path / "water")
    assert document["folder"] == str(tmp_path / "water")
    assert document["archives"][0]["known"] == "recorded now"
    assert document["archives"][0]["checksum"].startswith("sha256:")


def test_a_first_sum_is_said_to_be_one(server):
    assert "no sum is published: noted down now" in run("data", "fetch", "waterbirds").stdout


def test_a_job_hears_of_it(server, monkeypatch):
    heard = []
    monkeypatch.setattr(jobs, "report", lambda *report: heard.append(report))
    run("data", "fetch", "places")
    assert {doing for _, _, doing in heard} == {
        f"{doing} {name}, bytes"
        for doing in ("fetching", "unpacking")
        for name in ("val_256.tar", "filelist_places365-standard.tar")
    }
    assert all(0 <= done <= total for done, total, _ in heard)


def test_places_come_in_parts(server):
    assert run_json("data", "fetch", "places")["name"] == "places-val-256"
    assert run_json("data", "fetch", "places", "--which", "train-256")["name"] == "places-train-256"
    assert run_json("data", "remove", "places", "--which", "train-256")["bytes"] > 0
    result = run("data", "fetch", "cub", "--which", "val-256")
    assert "--which is for places alone" in refused(result)


def test_a_gone_host_points_at_a_local_copy(server):
    server.status = 404
    result = run("data", "fetch", "cub")
    assert result.exit_code == 2
    assert result.stdout == ""
    sentence = result.stderr.splitlines()[-1]
    assert "no longer has" in sentence
    assert "data fetch cub --from /path/CUB_200_2011.tgz" in sentence


def test_what_is_not_there_cannot_be_removed(home):
    assert "nothing to delete" in refused(run("data", "remove", "cub"))


def test_another_file_than_the_published_one_is_refused_by_the_program(home, tmp_path):
    """No sum is replaced here: the real one stands in the way of any other file."""
    (tmp_path / "CUB_200_2011.tgz").write_bytes(b"another")
    result = process("data", "fetch", "cub", "--from", tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "97eceeb196236b17998738112f37df78" in result.stderr
    assert "Traceback" not in result.stderr
