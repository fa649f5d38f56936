"""What is in an archive comes out; what does not belong in one is refused, and leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgbias_core.download import unpack
from bgbias_core.errors import DownloadError

FILES = {
    "birds/images/one.jpg": b"1" * 700,
    "birds/images/two.jpg": b"",
    "birds/images.txt": b"1 one.jpg\n",
    "notes": b"n",
}


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


MAKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "tgz": make_tar,
    "tar": lambda path, files: make_tar(path, files, "w"),
    "zip": make_zip,
}
each_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def refusal(archive: Path, folder: Path, **options: object) -> str:
    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder, **options)
    assert not folder.exists()
    assert [path.name for path in folder.parent.iterdir() if "unpacking" in path.name] == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


@each_kind
def test_everything_comes_out(tmp_path, make):
    counts: list[tuple[int, int]] = []
    archive = make(tmp_path / "archive", FILES)
    out = unpack(archive, tmp_path / "new" / "out", progress=lambda *count: counts.append(count))
    assert contents(out) == FILES
    size = archive.stat().st_size
    assert counts[-1] == (size, size)
    assert counts == sorted(counts)


@each_kind
def test_one_folder_comes_out_without_its_name(tmp_path, make):
    out = unpack(make(tmp_path / "archive", FILES), tmp_path / "out", inside="birds")
    assert contents(out) == {name.removeprefix("birds/"): FILES[name] for name in FILES if name != "notes"}


@each_kind
def test_chosen_files_come_out(tmp_path, make):
    archive = make(tmp_path / "archive", FILES)
    assert contents(unpack(archive, tmp_path / "out", members=["notes"])) == {"notes": b"n"}
    assert "does not hold 'gone'" in refusal(archive, tmp_path / "none", members=["notes", "gone"])
    assert "does not hold 'fish'" in refusal(archive, tmp_path / "none", inside="fish")


def test_as_the_program_tar_makes_it(tmp_path):
    (tmp_path / "birds" / "ä" / ("long" * 40)).mkdir(parents=True)
    (tmp_path / "birds" / "ä" / ("long" * 40) / "one.jpg").write_bytes(b"1")
    subprocess.run([shutil.which("tar"), "czf", "a.tgz", "./birds"], cwd=tmp_path, check=True)
    out = unpack(tmp_path / "a.tgz", tmp_path / "out", inside="birds")
    assert contents(out) == {f"ä/{'long' * 40}/one.jpg": b"1"}


def test_permissions_are_not_taken_over(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo("run")
        member.mode = 0o6777
        tar.addfile(member)
    mode = (unpack(tmp_path / "a.tar", tmp_path / "out") / "run").stat().st_mode
    assert not mode & (stat.S_IXUSR | stat.S_ISUID | stat.S_IWOTH)


@each_kind
@pytest.mark.parametrize(
    "name",
    [
        "/etc/evil",
        "../evil",
        "birds/../../evil",
        "birds/..",
        "C:/evil",
        "..\\evil",
        "a\nb",
        "a/" + "x" * 256,
        "evil ",
        "evil.",
    ],
)
def test_names_that_lead_out_or_fit_nowhere(tmp_path, make, name):
    archive = make(tmp_path / "archive", {"good": b"", name: b"evil"})
    sentence = refusal(archive, tmp_path / "inner" / "out")
    assert "outside the folder" in sentence or "not every file system" in sentence
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("name", ["/etc/evil", "../evil"])
def test_names_are_judged_though_only_others_are_asked_for(tmp_path, name):
    archive = make_tar(tmp_path / "archive", {"birds/good": b"", name: b"evil"})
    assert "outside" in refusal(archive, tmp_path / "out", inside="birds")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("good"))
        member = tarfile.TarInfo("evil")
        member.type, member.linkname = kind, "good"
        tar.addfile(member)
    assert "link or a device" in refusal(tmp_path / "a.tgz", tmp_path / "out")


def test_links_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("evil")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    assert "link or a device" in refusal(tmp_path / "a.zip", tmp_path / "out")


@each_kind
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_twice(tmp_path, make):
    class Twice(dict):
        def items(self):
            return [("a/one", b"1"), ("a/./one", b"2")]

    assert "twice" in refusal(make(tmp_path / "archive", Twice()), tmp_path / "out")


@each_kind
def test_a_file_where_a_folder_is(tmp_path, make):
    assert "both a file and a folder" in refusal(make(tmp_path / "a", {"a": b"1", "a/b": b"2"}), tmp_path / "out")
    assert "twice" in refusal(make(tmp_path / "b", {"a/b": b"2", "a": b"1"}), tmp_path / "out")


@each_kind
def test_too_many_files(tmp_path, make):
    archive = make(tmp_path / "archive", {f"{number}": b"" for number in range(11)})
    assert "more than 10 files" in refusal(archive, tmp_path / "out", max_files=10)
    assert len(contents(unpack(archive, tmp_path / "out", max_files=11))) == 11


@each_kind
def test_too_many_bytes(tmp_path, make):
    archive = make(tmp_path / "archive", {"a": os.urandom(600), "b": os.urandom(600)})
    assert "more than 1,000 bytes" in refusal(archive, tmp_path / "out", max_bytes=1000)
    assert unpack(archive, tmp_path / "out", max_bytes=1200).is_dir()


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_bombs(tmp_path, make):
    archive = make(tmp_path / "archive", {"bomb": bytes(50_000_000)})
    assert archive.stat().st_size < 100_000
    assert "200 times" in refusal(archive, tmp_path / "out", max_bytes=10**12)


def test_a_zip_that_lies_about_a_size_is_not_believed(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"bomb": bytes(5_000_000)})
    data = archive.read_bytes()
    packed = zipfile.ZipFile(archive).getinfo("bomb").compress_size
    archive.write_bytes(data.replace(packed.to_bytes(4, "little"), (4_000_000).to_bytes(4, "little")))
    refusal(archive, tmp_path / "out", max_bytes=4_000_000)


def test_a_bomb_in_what_is_skipped(tmp_path):
    archive = make_tar(tmp_path / "a.tgz", {"other/bomb": bytes(50_000_000), "birds/one": b""})
    assert "200 times" in refusal(archive, tmp_path / "out", inside="birds")


def test_a_bomb_in_a_header(tmp_path):
    """A name of 40 MB would be read into memory whole."""
    with tarfile.open(tmp_path / "a.tgz", "w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("x" * 40_000_000))
    assert "header" in refusal(tmp_path / "a.tgz", tmp_path / "out")


@each_kind
@pytest.mark.parametrize("keep", [0.5, 0.8])
def test_cut_archives(tmp_path, make, keep):
    archive = make(tmp_path / "archive", {f"{n}": os.urandom(5000) for n in range(9)})
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * keep)])
    assert "damaged" in refusal(archive, tmp_path / "out")


def test_a_damaged_header_is_not_the_end(tmp_path):
    archive = make_tar(tmp_path / "a.tar", {"one": b"1" * 512, "two": b"2" * 512}, "w")
    data = bytearray(archive.read_bytes())
    data[1024 + 150] ^= 0xFF
    archive.write_bytes(data)
    assert "damaged" in refusal(archive, tmp_path / "out")


@pytest.mark.parametrize(
    "data", [b"", b"<html>not found</html>", b"PK\x03\x04", b"\x1f\x8b", gzip.compress(b"no tar", mtime=0)]
)
def test_what_is_no_archive(tmp_path, data):
    (tmp_path / "a.tgz").write_bytes(data)
    assert "damaged, or no tar" in refusal(tmp_path / "a.tgz", tmp_path / "out")


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PK\x05\x06"]))
def test_whatever_bytes_end_in_one_sentence(tmp_path_factory, data, start):
    folder = tmp_path_factory.mktemp("any")
    (folder / "a").write_bytes(start + data)
    refusal(folder / "a", folder / "out")


def test_a_password(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"one": b"1"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    assert "password" in refusal(archive, tmp_path / "out")


def test_no_archive_there(tmp_path):
    assert "There is no archive" in refusal(tmp_path / "gone.tgz", tmp_path / "out")


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    archive = make_tar(tmp_path / "a.tgz", FILES)
    (tmp_path / "out").mkdir()
    assert contents(unpack(archive, tmp_path / "out")) == FILES
    (tmp_path / "out" / "notes").write_bytes(b"mine")
    with pytest.raises(DownloadError, match="holds something already"):
        unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "notes").read_bytes() == b"mine"


def test_what_a_killed_process_left_does_not_matter(tmp_path):
    (tmp_path / ".out.unpacking").mkdir()
    (tmp_path / ".out.unpacking" / "half").write_bytes(b"")
    assert contents(unpack(make_tar(tmp_path / "a.tgz", FILES), tmp_path / "out")) == FILES


def test_a_disk_that_takes_no_more(tmp_path):
    """A real limit: the system refuses the file's 100,001st byte."""
    make_tar(tmp_path / "a.tar", {"one": bytes(200_000)}, "w")
    script = """
        import resource, sys
        from pathlib import Path
        from bgbias_core.download import unpack
        from bgbias_core.errors import DownloadError
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        try:
            unpack(Path("a.tar"), Path("out"))
        except DownloadError as error:
            print(error)
            sys.exit(2)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "What was unpacked is deleted again" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} <= {"a.tar", ".out.lock"}
