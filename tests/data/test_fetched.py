"""A fetched data set opens with the readers, says where it came from, and goes away again."""

from __future__ import annotations

import shutil

import pytest

from bgbias_core.data.cub import open_cub
from bgbias_core.data.fetched import PROVENANCE, fetch_published, installed, place_of, provenance, remove
from bgbias_core.data.places import find_scenes
from bgbias_core.data.waterbirds import open_waterbirds
from bgbias_core.download import recorded
from bgbias_core.errors import ConfigError, DownloadError
from bgbias_core.paths import cache_folder, data_folder
from tests.data.published import know, make_archives
from tests.download.serving import FileServer, serving


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    return make_archives(tmp_path_factory.mktemp("published"))


@pytest.fixture
def server(archives, monkeypatch):
    """The publishers of all of them."""
    monkeypatch.setenv("NO_PROXY", "*")
    files = {path.name: path.read_bytes() for path in archives.iterdir() if path.is_file()}
    with serving(FileServer(files=files)) as running:
        know(monkeypatch, archives, running.address + "/")
        yield running


def leftovers():
    hidden = [path for path in data_folder().rglob(".*") if path.name != PROVENANCE and path.suffix != ".lock"]
    downloads = cache_folder() / "downloads"
    return hidden, [path for path in downloads.iterdir() if path.suffix != ".lock"] if downloads.is_dir() else []


def test_cub_and_its_masks(server):
    counts = {}

    def progress(what):
        return lambda done, total: counts.update({what: (done, total)})

    done = fetch_published("cub", progress=progress)
    assert done.archives[0].known == "published"
    assert open_cub(done.folder).masks is None
    assert "attributes.txt" not in {path.name for path in data_folder().rglob("*")}
    fetch_published("cub-masks", progress=progress)
    cub = open_cub(data_folder() / "cub")
    assert len(cub.entries) == 9
    assert cub.masks == data_folder() / "cub" / "segmentations"
    assert all(now == total for now, total in counts.values())
    assert list(counts) == [
        f"{doing} {name}, bytes"
        for name in ("CUB_200_2011.tgz", "segmentations.tgz")
        for doing in ("fetching", "unpacking")
    ]
    assert leftovers() == ([], [])


def test_masks_need_cub(server):
    with pytest.raises(ConfigError, match="data fetch cub"):
        fetch_published("cub-masks")
    assert server.asked == []


def test_waterbirds_and_the_sum_that_is_noted_down(server):
    done = fetch_published("waterbirds")
    assert len(open_waterbirds(done.folder).entries) == 6
    assert done.archives[0].known == "recorded now"
    assert done.archives[0].checksum == recorded(server.url("waterbird_complete95_forest2water2.tar.gz")).checksum
    remove("waterbirds")
    assert fetch_published("waterbirds").archives[0].known.startswith("recorded 2")
    remove("waterbirds")
    server.files["waterbird_complete95_forest2water2.tar.gz"] = server.files["CUB_200_2011.tgz"]
    with pytest.raises(DownloadError, match="its sum is"):
        fetch_published("waterbirds")
    assert installed("waterbirds") is None


@pytest.mark.parametrize(("name", "photographs"), [("places-val-256", 4), ("places-train-256", 2)])
def test_places(server, name, photographs):
    done = fetch_published(name)
    scenes = find_scenes(done.folder)
    assert set(scenes) == {"airfield", "forest/broadleaf"}
    assert sum(map(len, scenes.values())) == photographs
    assert leftovers() == ([], [])


@pytest.mark.parametrize("form", ["folder", "file", "address", "mirror"])
def test_copies_of_ones_own(archives, server, monkeypatch, home, form):
    know(monkeypatch, archives)
    files = {path.name for path in archives.iterdir()}
    if form == "mirror":
        monkeypatch.setenv("BGBIAS_MIRROR", server.address)
    source = {"folder": str(archives), "file": str(archives / "val_256.tar"), "address": server.url("")}.get(form)
    done = fetch_published("places-val-256", source=source)
    assert len(find_scenes(done.folder)) == 2
    assert [one.known for one in done.archives] == ["published", "published"]
    assert {path.name for path in archives.iterdir()} == files


def test_a_copy_that_is_another_file(archives, server, tmp_path):
    shutil.copy(archives / "segmentations.tgz", tmp_path / "CUB_200_2011.tgz")
    with pytest.raises(DownloadError, match="damaged or another file"):
        fetch_published("cub", source=str(tmp_path))
    with pytest.raises(DownloadError, match="There is no file"):
        fetch_published("cub", source=str(tmp_path / "gone.tgz"))
    assert (tmp_path / "CUB_200_2011.tgz").exists()
    assert installed("cub") is None


def test_an_unpacked_folder_is_not_an_archive(server, tmp_path):
    with pytest.raises(DownloadError, match="unpacked already needs no fetching"):
        fetch_published("cub", source=str(tmp_path))


def test_elsewhere(server, tmp_path):
    fetch_published("cub", tmp_path / "birds")
    fetch_published("cub-masks", tmp_path / "birds")
    assert open_cub(tmp_path / "birds").masks == tmp_path / "birds" / "segmentations"
    assert installed("cub") is None


def test_what_is_there_is_not_fetched_again(server):
    first = fetch_published("cub")
    asked = len(server.asked)
    again = fetch_published("cub")
    assert len(server.asked) == asked
    assert again.archives == first.archives
    assert again.folder == first.folder


def test_a_folder_that_holds_something_is_told_before_anything_comes(server, tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(DownloadError, match="holds something already"):
        fetch_published("cub", tmp_path)
    assert server.asked == []
    assert (tmp_path / "mine").exists()


def test_what_was_fetched_is_known_and_goes_away_again(server):
    assert installed("cub") is None
    done = fetch_published("cub")
    fetch_published("cub-masks")
    assert installed("cub") == place_of("cub") == data_folder() / "cub"
    known = provenance(installed("cub"))
    assert known.archives == done.archives
    assert known.bytes > done.bytes
    freed = remove("cub-masks")
    assert freed > 0
    assert installed("cub-masks") is None
    assert open_cub(installed("cub")).masks is None
    remove("cub")
    assert installed("cub") is None
    with pytest.raises(DownloadError, match="nothing to delete"):
        remove("cub")


def test_a_page_in_place_of_an_archive_is_forgotten(server):
    name = "waterbird_complete95_forest2water2.tar.gz"
    right, server.files[name] = server.files[name], b"<html>This data set has moved.</html>"
    with pytest.raises(DownloadError, match="no tar"):
        fetch_published("waterbirds")
    assert not (data_folder() / "waterbirds").exists()
    assert leftovers() == ([], [])
    server.files[name], server.etag = right, '"two"'
    assert fetch_published("waterbirds").archives[0].known == "recorded now"
