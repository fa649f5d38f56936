"""Waterbirds in both shapes, and metadata that cannot be used."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import open_cub, open_waterbirds
from bgbias_core.errors import ConfigError
from bgbias_core.images import encode_mask_png
from tests.data.made_up import put
from tests.data.making import COLUMNS, make_waterbirds, make_waterbirds_in_cub, write_metadata


class TestBesideTheImages:
    def test_labels_splits_and_places_are_those_of_the_table(self, tmp_path: Path) -> None:
        data = open_waterbirds(make_waterbirds(tmp_path))
        assert (data.classes, data.has_masks) == (("landbird", "waterbird"), False)
        rows = {str(row["img_filename"]): row for row in _table(tmp_path)}
        assert len(data.entries) == len(rows) == 24
        places = {"1": "bamboo_forest", "2": "ocean", "3": "forest/broadleaf", "4": "lake/natural"}
        for entry in data.entries:
            row = rows[entry.name]
            assert entry.label == ("landbird", "waterbird")[int(row["y"])]
            assert entry.split == ("train", "validation", "test")[int(row["split"])]
            assert entry.place_group == ("land", "water")[int(row["place"])]
            number = re.search(r"([1-4])(\.jpg)?$", row["place_filename"])
            assert number is not None
            assert entry.place == places[number[1]]
        assert len(Counter((entry.label, entry.place_group) for entry in data.entries)) == 4

    def test_the_order_of_lines_changes_nothing(self, tmp_path: Path) -> None:
        data = open_waterbirds(make_waterbirds(tmp_path))
        lines = (tmp_path / "metadata.csv").read_text().splitlines()
        put(tmp_path / "metadata.csv", "\n".join([lines[0], *lines[:0:-1]]))
        again = open_waterbirds(tmp_path)
        assert (again.entries, again.fingerprint) == (data.entries, data.fingerprint)

    def test_another_place_is_another_data_set(self, tmp_path: Path) -> None:
        data = open_waterbirds(make_waterbirds(tmp_path))
        text = (tmp_path / "metadata.csv").read_text()
        put(tmp_path / "metadata.csv", text.replace("/o/ocean/", "/h/harbor/"))
        assert open_waterbirds(tmp_path).fingerprint != data.fingerprint

    @pytest.mark.parametrize("where", ["segmentations", "elsewhere"])
    def test_only_what_the_bird_covers_whole_is_foreground(self, tmp_path: Path, where: str) -> None:
        data = open_waterbirds(make_waterbirds(tmp_path / "birds"))
        grey = np.zeros((48, 64), np.float32)
        grey[:, 20:], grey[:, 40:] = 204 / 255, 1
        folder = tmp_path / ("birds/segmentations" if where == "segmentations" else where)
        for entry in data.entries:
            put((folder / entry.name).with_suffix(".png"), encode_mask_png(grey))
        data = open_waterbirds(tmp_path / "birds", None if where == "segmentations" else folder)
        mask = data.read(data.entries[0]).mask
        assert mask is not None
        assert np.array_equal(mask, np.arange(64)[None].repeat(48, 0) >= 40)

    def test_a_table_of_a_spreadsheet_reads_the_same(self, tmp_path: Path) -> None:
        data = open_waterbirds(make_waterbirds(tmp_path))
        path = tmp_path / "metadata.csv"
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
        assert open_waterbirds(tmp_path).entries == data.entries

    def test_places_may_be_unknown(self, tmp_path: Path) -> None:
        make_waterbirds(tmp_path)
        write_metadata(tmp_path / "metadata.csv", _table(tmp_path), COLUMNS[:-1])
        data = open_waterbirds(tmp_path)
        assert {entry.place for entry in data.entries} == {None}
        assert {entry.place_group for entry in data.entries} == {"land", "water"}

    def test_place_groups_of_ones_own_have_their_names(self, tmp_path: Path) -> None:
        make_waterbirds(tmp_path)
        made_from = {"groups": {"jungle": ["bamboo_forest"], "sea": ["ocean"]}, "licence": "mine"}
        put(tmp_path / "provenance.json", json.dumps({"made_from": made_from}))
        data = open_waterbirds(tmp_path)
        assert (data.classes, data.licence) == (("jungle", "sea"), "mine")
        assert {entry.place_group for entry in data.entries} == {"jungle", "sea"}
        put(tmp_path / "provenance.json", "[1")
        assert open_waterbirds(tmp_path).classes == ("landbird", "waterbird")


class TestInsideCub:
    @pytest.mark.parametrize("below", ["waterbird_complete95_forest2water2", ""])
    def test_the_species_are_the_classes(self, tmp_path: Path, below: str) -> None:
        data = open_waterbirds(make_waterbirds_in_cub(tmp_path, below))
        cub = open_cub(tmp_path)
        assert data.classes == cub.classes
        assert data.images == tmp_path / (below or "images")
        labels = {entry.name: (entry.label, entry.box) for entry in cub.entries}
        assert {entry.name: (entry.label, entry.box) for entry in data.entries} == labels
        assert {entry.place_group for entry in data.entries} == {"land", "water"}
        assert data.masks == tmp_path / "segmentations"

    def test_the_same_folder_has_two_classes_by_itself(self, tmp_path: Path) -> None:
        make_waterbirds_in_cub(tmp_path, "birds")
        data = open_waterbirds(tmp_path / "birds", tmp_path / "segmentations")
        assert (data.classes, data.has_masks) == (("landbird", "waterbird"), True)

    def test_one_table_is_needed(self, tmp_path: Path) -> None:
        make_waterbirds_in_cub(tmp_path, "one")
        put(tmp_path / "two" / "metadata.csv", (tmp_path / "one" / "metadata.csv").read_bytes())
        with pytest.raises(ConfigError, match="'one' and in 'two'"):
            open_waterbirds(tmp_path)
        for name in ("one", "two"):
            (tmp_path / name / "metadata.csv").unlink()
        with pytest.raises(ConfigError, match="there is none"):
            open_waterbirds(tmp_path)

    def test_a_species_that_is_no_class_is_named(self, tmp_path: Path) -> None:
        make_waterbirds_in_cub(tmp_path)
        put(tmp_path / "classes.txt", "".join(f"{n} {n:03d}.Made_up_bird_{n}\n" for n in range(1, 5)))
        with pytest.raises(ConfigError, match=r"line 26: got '005.Made_up_bird_5' as the folder of a class"):
            open_waterbirds(tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("img_filename", "../secret.jpg", "below its folder"),
        ("img_filename", "a/../../secret.jpg", "below its folder"),
        ("img_filename", "/etc/secret.jpg", "below its folder"),
        ("img_filename", r"C:\secret.jpg", "below its folder"),
        ("img_filename", "", "below its folder"),
        ("img_filename", "001.Made_up_bird_1/Bird_0000.jpg", "a second time"),
        ("y", "2", "'2' as y, expected 0 or 1"),
        ("y", "", "'' as y"),
        ("y", "-1", "'-1' as y"),
        ("split", "3", "'3' as split, expected 0 or 1 or 2"),
        ("place", "land", "'land' as place, expected 0 or 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, column: str, value: str, said: str) -> None:
    rows = _table(make_waterbirds(tmp_path))
    rows[4] = {**rows[4], column: value}
    write_metadata(tmp_path / "metadata.csv", rows)
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        open_waterbirds(tmp_path)
    assert "metadata.csv, line 6" in str(caught.value)


@pytest.mark.parametrize("column", COLUMNS[1:5])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    rows = _table(make_waterbirds(tmp_path))
    write_metadata(tmp_path / "metadata.csv", rows, [name for name in COLUMNS if name != column])
    with pytest.raises(ConfigError, match=f"has no column {column}; it needs img_id, img_filename"):
        open_waterbirds(tmp_path)


@pytest.mark.parametrize("line", ["25,a.jpg,1", "25,a.jpg,0,0,0,/o/ocean/1.jpg,more"])
def test_a_line_of_another_length_is_named(tmp_path: Path, line: str) -> None:
    path = make_waterbirds(tmp_path) / "metadata.csv"
    put(path, f"{path.read_text()}{line}\n")
    with pytest.raises(ConfigError, match=rf"line 26: got {line.count(',') + 1} values, expected 6"):
        open_waterbirds(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"img_filename,y,split,place\n", b"x" * 200_000])
def test_a_table_that_is_none_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = make_waterbirds(tmp_path) / "metadata.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path))):
        open_waterbirds(tmp_path)


def test_missing_composites_are_named_together(tmp_path: Path) -> None:
    data = open_waterbirds(make_waterbirds(tmp_path))
    for entry in data.entries[::2]:
        (tmp_path / entry.name).unlink()
    with pytest.raises(ConfigError, match=r"12 photographs are missing \(.* and 2 more\)") as caught:
        open_waterbirds(tmp_path)
    assert [entry.name in str(caught.value) for entry in data.entries[::2]] == [True] * 10 + [False] * 2


def _table(folder: Path) -> list[dict[str, str]]:
    header, *lines = [line.split(",") for line in (folder / "metadata.csv").read_text().splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]
