"""Everything that is wrong with a data set is found, and said together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from bgbias_core.cli import data as commands
from bgbias_core.cli.shared import SentenceGroup
from bgbias_core.data import Fault, Faults, PhotographSet, check_data, open_cub, open_folder, open_waterbirds
from bgbias_core.errors import ConfigError
from bgbias_core.images import encode_mask_png, encode_png
from tests.data import making
from tests.data.made_up import make_cub, make_folder, picture, put


def _photograph(data: PhotographSet, number: int) -> Path:
    return data.images / data.entries[number].name


def _mask(data: PhotographSet, number: int) -> Path:
    assert data.masks is not None
    return (data.masks / data.entries[number].name).with_suffix(".png")


def _damage(data: PhotographSet) -> list[Fault]:
    """One fault of each kind that files can have, each in a sample of its own; what is expected to be found."""
    cut_off = _photograph(data, 0).read_bytes()
    _photograph(data, 0).write_bytes(cut_off[: len(cut_off) // 2])
    _photograph(data, 1).write_bytes(b"")
    _photograph(data, 2).unlink()
    _mask(data, 3).unlink()
    _mask(data, 4).write_bytes(b"no mask")
    _mask(data, 5).write_bytes(encode_mask_png(np.ones((7, 5), np.float32)))
    _mask(data, 6).write_bytes(encode_mask_png(np.zeros((12, 16), np.float32)))
    kinds = (
        "unreadable photograph",
        "unreadable photograph",
        "missing photograph",
        "missing mask",
        "unreadable mask",
        "mask of another size",
        "empty mask",
    )
    return [Fault(kind, data.entries[number].name) for number, kind in enumerate(kinds)]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_fault_is_found_and_no_other(tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bgbias_core.data.validation._CHUNK", 5)
    data = open_cub(make_cub(tmp_path))
    expected = _damage(data)
    seen: list[tuple[int, int]] = []
    faults = check_data(data, open_files=True, workers=workers, progress=lambda *step: seen.append(step))
    assert {(fault.kind, fault.name) for fault in faults.found} == {(fault.kind, fault.name) for fault in expected}
    assert len(faults.found) == 7
    details = {fault.kind: fault.detail for fault in faults.found}
    assert "5×7 pixels but its photograph is 16×12" in details["mask of another size"]
    assert "cut off" in " ".join(fault.detail for fault in faults.found)
    assert faults.photographs == len(data.entries)
    assert seen[-1] == (42, 42)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_a_photograph_and_its_mask_are_both_looked_at(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    _photograph(data, 0).write_bytes(b"")
    _mask(data, 0).write_bytes(b"")
    _photograph(data, 1).unlink()
    _mask(data, 1).write_bytes(b"")
    assert check_data(data, open_files=True).counts == {
        "missing photograph": 1,
        "unreadable photograph": 1,
        "unreadable mask": 2,
    }


def test_opening_looks_for_files_and_opens_none(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    _photograph(data, 0).write_bytes(b"no picture")
    _mask(data, 1).write_bytes(b"no mask")
    assert open_cub(tmp_path).entries == data.entries
    _photograph(data, 2).unlink()
    _mask(data, 3).unlink()
    with pytest.raises(ConfigError) as caught:
        open_cub(tmp_path)
    assert str(caught.value) == check_data(data).sentence()
    for said in ("1 photograph is missing (", "1 photograph has no mask (", data.entries[2].name, data.entries[3].name):
        assert said in str(caught.value)


def test_files_that_vanish_later_are_found_too(tmp_path: Path) -> None:
    data = open_folder(make_folder(tmp_path, {"a": 3, "b": 3}))
    _photograph(data, 1).unlink()
    assert [fault.kind for fault in check_data(data).found] == ["missing photograph"]


def test_only_some_are_looked_at(tmp_path: Path) -> None:
    data = open_cub(make_cub(tmp_path))
    _damage(data)
    assert not check_data(data, entries=data.entries[7:], open_files=True).found
    assert check_data(data, entries=data.entries[:1], open_files=True).counts == {"unreadable photograph": 1}


def test_masks_that_the_birds_cover_nowhere_whole_mark_nothing(tmp_path: Path) -> None:
    data = open_waterbirds(making.make_waterbirds(tmp_path, masks=True))
    assert not check_data(data, open_files=True).found
    _mask(data, 0).write_bytes(encode_mask_png(np.full((48, 64), 0.5, np.float32)))
    assert check_data(data, open_files=True).found == (Fault("empty mask", data.entries[0].name),)


def test_orientation_counts(tmp_path: Path) -> None:
    """A photograph that is turned when it is read has the size of its turned mask."""
    import io

    import PIL.Image

    data = open_folder(make_folder(tmp_path / "photos", {"a": 3, "b": 3}, tmp_path / "masks"), tmp_path / "masks")
    turned, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.open(io.BytesIO(picture(1))).save(turned, "JPEG", exif=exif)
    _photograph(data, 0).write_bytes(turned.getvalue())
    assert check_data(data, open_files=True).counts == {"mask of another size": 1}
    _mask(data, 0).write_bytes(encode_mask_png(np.ones((16, 12), np.float32)))
    assert not check_data(data, open_files=True).found


def test_a_sentence_names_ten_of_each_kind_and_counts_all() -> None:
    many = [Fault("missing photograph", f"{number}.jpg") for number in range(1234)]
    faults = Faults("/data", 2000, True, (Fault("class without photographs", "rook"), *many))
    assert faults.sentence() == (
        "'/data' is not sound: 1 class has no photographs ('rook'); 1,234 photographs are missing ('0.jpg', '1.jpg', "
        "'2.jpg', '3.jpg', '4.jpg', '5.jpg', '6.jpg', '7.jpg', '8.jpg', '9.jpg' and 1,224 more). Add, mend or take out "
        "what is named, then open it again."
    )
    assert "\n" not in faults.sentence()
    with pytest.raises(ConfigError, match="1,234 photographs are missing"):
        faults.refuse()


def test_what_is_sound_is_said_to_be() -> None:
    assert Faults("/data", 1000, True).sentence() == (
        "'/data' is sound: all 1,000 photographs can be read, and so can the masks given with them."
    )
    Faults("/data", 1000, False).refuse()


class TestCommands:
    def test_kinds_are_listed(self) -> None:
        assert "waterbirds" in _run("list").stdout
        kinds = json.loads(_run("list", "--json").stdout)
        assert [kind["name"] for kind in kinds] == ["aviary", "cub", "waterbirds", "folder"]
        assert all(kind["licence"] and kind["description"] for kind in kinds)

    @pytest.mark.parametrize("kind", [(), ("--data", "cub")])
    def test_sound_data(self, tmp_path: Path, kind: tuple[str, ...]) -> None:
        make_cub(tmp_path)
        result = _run("check", "--root", tmp_path, *kind)
        assert result.exit_code == 0
        assert "is sound: all 42 photographs" in result.stdout
        document = json.loads(_run("check", "--root", tmp_path, *kind, "--json").stdout)
        assert (document["data"], document["sound"], document["faults"]) == ("cub", True, [])
        assert document["splits"] == {"train": 30, "validation": 6, "test": 6}

    def test_faults_are_one_sentence_and_a_whole_list(self, tmp_path: Path) -> None:
        expected = _damage(open_cub(make_cub(tmp_path)))
        result = _run("check", "--root", tmp_path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.splitlines()[-1].startswith(f"Error: '{tmp_path}' is not sound: 1 photograph is missing")
        result = _run("check", "--root", tmp_path, "--json")
        assert result.exit_code == 2
        document = json.loads(result.stdout)
        assert {(fault["kind"], fault["name"]) for fault in document["faults"]} == {
            (fault.kind, fault.name) for fault in expected
        }
        assert document["counts"]["unreadable photograph"] == 2
        assert not document["sound"]

    def test_masks_elsewhere(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "photos", {"a": 3, "b": 3}, tmp_path / "masks")
        put(tmp_path / "masks" / "a" / "0.png", encode_png(np.zeros((12, 16, 3), np.uint8)))
        assert _run("check", "--root", tmp_path / "photos").exit_code == 0
        result = _run("check", "--root", tmp_path / "photos", "--masks", tmp_path / "masks")
        assert "1 mask marks nothing ('a/0.jpg')" in result.stderr

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--root", "/nowhere"), "There is no folder '/nowhere'"),
            (("--root", "/", "--data", "cup"), "did you mean cub"),
            (("--root", "/", "--data", "aviary"), "The Aviary is drawn"),
        ],
    )
    def test_what_cannot_be_checked_is_one_sentence(self, arguments: tuple[str, ...], said: str) -> None:
        result = _run("check", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr


@pytest.mark.real_data
def test_real_photographs_are_sound(real_data: Path) -> None:
    faults = check_data(open_cub(real_data / "cub"), open_files=True)
    assert (faults.photographs, faults.found) == (1038, ())


def _run(*arguments: object) -> Result:
    app = typer.Typer(cls=SentenceGroup)
    commands.register(app)
    return CliRunner().invoke(app, ["data", *map(str, arguments)])
