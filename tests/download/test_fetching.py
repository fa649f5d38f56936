"""A file comes whole or not at all, goes on where it was cut, and is the one expected."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Event

import pytest

from bgbias_core.download import fetch, recorded
from bgbias_core.download.part import Part
from bgbias_core.errors import DownloadError
from tests.download.conftest import CONTENT
from tests.download.serving import serving

REPOSITORY = str(Path(__file__).resolve().parents[2])
SHA = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"


def refusal(url: str, path: Path, **options: object) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(url, path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert not path.exists()
    return sentence


def fetching_elsewhere(url: str, folder: Path) -> subprocess.Popen[bytes]:
    script = f"from pathlib import Path; from bgbias_core.download import fetch; fetch({url!r}, Path('birds.tgz'))"
    return subprocess.Popen([sys.executable, "-c", script], cwd=folder, env={**os.environ, "PYTHONPATH": REPOSITORY})


def left_beside(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()} - {f".{path.name}.lock"}


@pytest.mark.parametrize("checksum", [SHA, MD5, None])
def test_a_file_comes_whole_and_counts_its_bytes(server, tmp_path, checksum):
    counts: list[tuple[int, int]] = []
    path = tmp_path / "new" / "birds.tgz"
    got = fetch(server.url("birds.tgz"), path, checksum=checksum, progress=lambda *count: counts.append(count))
    assert got == path
    assert path.read_bytes() == CONTENT
    assert counts[-1] == (len(CONTENT), len(CONTENT))
    assert counts == sorted(counts)
    assert left_beside(path) == {"birds.tgz"}


def test_a_cut_is_mended_within_one_call(server, tmp_path):
    server.cuts = [300_000, 250_000]
    path = fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-", "bytes=550000-"]
    assert server.sent == len(CONTENT)


def test_another_process_goes_on_where_the_first_was_killed(server, tmp_path):
    server.hold = Event()
    part = tmp_path / "birds.tgz.part"
    with fetching_elsewhere(server.url("birds.tgz"), tmp_path) as first:
        while first.poll() is None and not (part.is_file() and part.stat().st_size > 300_000):
            time.sleep(0.005)
        first.kill()
    server.hold.set()
    server.hold = None
    have = part.stat().st_size
    server.sent = 0
    path = fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1][1] == f"bytes={have}-"
    assert server.sent == len(CONTENT) - have
    assert left_beside(path) == {"birds.tgz"}


def test_a_later_call_goes_on_after_the_server_was_down(server, tmp_path):
    server.cuts = [400_000, 0, 0, 0]
    path = tmp_path / "birds.tgz"
    sentence = refusal(server.url("birds.tgz"), path)
    assert "400,000 bytes are kept: repeating this goes on from there" in sentence
    assert len(server.asked) == 4
    assert fetch(server.url("birds.tgz"), path, checksum=SHA).read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=400000-"
    assert server.sent < 2 * len(CONTENT)


def test_a_server_that_ignores_ranges_sends_all_again(server, tmp_path):
    server.ranges = False
    server.cuts = [300_000]
    assert fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA).read_bytes() == CONTENT
    assert server.sent == 300_000 + len(CONTENT)


def test_a_server_that_ignores_ranges_and_cuts_at_one_place_does_not_hang(server, tmp_path):
    server.ranges = False
    server.cuts = [300_000] * 50
    assert "ended before all had come" in refusal(server.url("birds.tgz"), tmp_path / "birds.tgz")
    assert len(server.asked) == 4


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize("known_by", ["etag", "last_modified"])
def test_a_file_that_changed_meanwhile_starts_again(server, tmp_path, heeds_if_range, known_by):
    server.heeds_if_range = heeds_if_range
    server.etag = None
    setattr(server, known_by, '"one"' if known_by == "etag" else "Mon, 01 Jan 2024 00:00:00 GMT")
    server.cuts = [400_000, 0, 0, 0]
    path = tmp_path / "birds.tgz"
    refusal(server.url("birds.tgz"), path)
    other = server.files["birds.tgz"] = CONTENT[::-1]
    setattr(server, known_by, '"two"' if known_by == "etag" else "Tue, 02 Jan 2024 00:00:00 GMT")
    assert fetch(server.url("birds.tgz"), path).read_bytes() == other


def test_without_anything_to_tell_versions_apart_it_starts_again(server, tmp_path):
    server.etag = 'W/"weak"'
    server.cuts = [400_000]
    assert fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, None]


def test_a_part_that_is_all_there_is_checked_without_asking(server, tmp_path):
    url = server.url("birds.tgz")
    (tmp_path / "birds.tgz.part").write_bytes(CONTENT)
    note = {"url": url, "validator": '"one"', "total": len(CONTENT)}
    (tmp_path / "birds.tgz.part.json").write_text(json.dumps(note))
    assert fetch(url, tmp_path / "birds.tgz", checksum=SHA).read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("note", ["", "[]", '{"url": "https://example.org/other.tgz", "validator": "x", "total": 9}'])
def test_a_part_of_something_else_is_not_gone_on_from(server, tmp_path, note):
    (tmp_path / "birds.tgz.part").write_bytes(b"other")
    (tmp_path / "birds.tgz.part.json").write_text(note)
    assert fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA).read_bytes() == CONTENT
    assert server.asked[0][1] is None


def test_no_length_and_no_ranges_still_arrive(server, tmp_path):
    server.says_length = False
    counts: list[tuple[int, int]] = []
    path = fetch(
        server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA, progress=lambda *count: counts.append(count)
    )
    assert path.read_bytes() == CONTENT
    assert counts == []


def test_a_file_with_the_expected_sum_is_not_fetched_again(server, tmp_path):
    for _ in range(2):
        fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA)
    assert len(server.asked) == 1
    (tmp_path / "birds.tgz").write_bytes(b"damaged")
    assert fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA).read_bytes() == CONTENT


def test_a_wrong_sum_is_told_and_nothing_kept(server, tmp_path):
    path = tmp_path / "birds.tgz"
    wrong = "md5:" + "0" * 32
    sentence = refusal(server.url("birds.tgz"), path, checksum=wrong)
    assert wrong in sentence
    assert MD5 in sentence
    assert left_beside(path) == set()


def test_a_wrong_sum_leaves_the_file_that_is_there(server, tmp_path):
    path = tmp_path / "birds.tgz"
    path.write_bytes(b"mine")
    with pytest.raises(DownloadError):
        fetch(server.url("birds.tgz"), path, checksum="md5:" + "0" * 32)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "checksum", ["md5:12", "97eceeb196236b17998738112f37df78", "sha1:" + "0" * 40, "md5:" + "G" * 32]
)
def test_a_sum_that_is_none_is_refused_before_asking(server, tmp_path, checksum):
    assert "sha256:" in refusal(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=checksum)
    assert server.asked == []


def test_the_first_sum_is_noted_down_and_later_ones_must_equal_it(server, home, tmp_path):
    url = server.url("birds.tgz")
    assert recorded(url) is None
    fetch(url, tmp_path / "first.tgz")
    assert recorded(url).checksum == SHA
    assert recorded(url).size == len(CONTENT)
    fetch(url, tmp_path / "second.tgz")
    server.files["birds.tgz"] = CONTENT[:-1] + b"!"
    server.etag = '"two"'
    sentence = refusal(url, tmp_path / "third.tgz")
    assert SHA in sentence
    assert str(home / "downloads.json") in sentence
    assert left_beside(tmp_path / "third.tgz") >= {"first.tgz", "second.tgz"}
    (home / "downloads.json").unlink()
    fetch(url, tmp_path / "third.tgz")


def test_damaged_records_are_told(server, home, tmp_path):
    (home / "downloads.json").write_text('{"x": {"checksum": "md5:1"}}')
    assert "downloads.json" in refusal(server.url("birds.tgz"), tmp_path / "birds.tgz")


@pytest.mark.parametrize("options", [{"size": 900_001}, {"max_bytes": 899_999}])
@pytest.mark.parametrize("says_length", [True, False])
def test_another_size_and_too_large_are_refused(server, tmp_path, options, says_length):
    server.says_length = says_length
    path = tmp_path / "birds.tgz"
    sentence = refusal(server.url("birds.tgz"), path, **options)
    assert f"{next(iter(options.values())):,}" in sentence
    assert left_beside(path) == set()


def test_what_no_disk_has_room_for_is_refused_before_it_comes(server, tmp_path):
    server.claims = 10**17
    sentence = refusal(server.url("birds.tgz"), tmp_path / "birds.tgz", max_bytes=10**18)
    assert "100,000,000,000,000,000 bytes are needed" in sentence


def test_a_disk_that_takes_no_more_keeps_what_came(server, tmp_path):
    """A real limit: the system refuses the file's 400,001st byte."""
    script = f"""
        import resource, sys
        from pathlib import Path
        from bgbias_core.download import fetch
        from bgbias_core.errors import DownloadError
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        try:
            fetch({server.url("birds.tgz")!r}, Path("birds.tgz"))
        except DownloadError as error:
            print(error)
            sys.exit(2)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": REPOSITORY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "What came is kept, and repeating this goes on from there" in done.stdout
    assert (tmp_path / "birds.tgz.part").stat().st_size == 400_000
    server.sent = 0
    assert fetch(server.url("birds.tgz"), tmp_path / "birds.tgz", checksum=SHA).read_bytes() == CONTENT
    assert server.sent == 500_000


def test_a_full_disk_is_named(tmp_path):
    """The system's own full disk stands where the part is written."""
    (tmp_path / "birds.tgz.part").symlink_to("/dev/full")
    part = Part(tmp_path / "birds.tgz", "x", None, 10**9, None)
    with pytest.raises(DownloadError, match="is full"):
        part.write(iter([CONTENT]), 0, None)


def test_two_processes_do_not_write_one_file(server, tmp_path):
    server.hold = Event()
    with fetching_elsewhere(server.url("birds.tgz"), tmp_path) as first:
        while first.poll() is None and not server.asked:
            time.sleep(0.005)
        assert "another process" in refusal(server.url("birds.tgz"), tmp_path / "birds.tgz")
        server.hold.set()
        assert first.wait() == 0
    assert (tmp_path / "birds.tgz").read_bytes() == CONTENT
    assert len(server.asked) == 1


@pytest.mark.parametrize("form", [str, Path.as_uri])
def test_a_file_of_this_machine_is_copied(home, tmp_path, form):
    (tmp_path / "here.tgz").write_bytes(CONTENT)
    path = fetch(form(tmp_path / "here.tgz"), tmp_path / "birds.tgz", checksum=SHA, size=len(CONTENT))
    assert path.read_bytes() == CONTENT
    assert (tmp_path / "here.tgz").exists()


def test_a_server_that_goes_away_is_told(server, tmp_path):
    url = server.url("birds.tgz")
    with serving(type(server)(files={"birds.tgz": CONTENT})) as other:
        gone = other.url("birds.tgz")
    assert "refuses connections" in refusal(gone, tmp_path / "birds.tgz")
    assert fetch(url, tmp_path / "birds.tgz").read_bytes() == CONTENT
