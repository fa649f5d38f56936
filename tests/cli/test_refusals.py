"""How the command line refuses: one sentence on stderr, nothing on stdout, exit code 2."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.images import encode_mask_png, encode_png
from bgbias_core.models import list_checkpoints
from bgbias_core.paths import own_checkpoints
from tests.cli.calling import REPOSITORY, process, refused, run
from tests.evaluation.stand_ins import make_picture


def huge_png() -> bytes:
    """A PNG whose header promises 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def bad_files(folder: Path) -> None:
    (folder / "text.jpg").write_text("not a picture")
    (folder / "cut.png").write_bytes(encode_png(make_picture(0)[0])[:3000])
    (folder / "huge.png").write_bytes(huge_png())
    (folder / "empty.png").write_bytes(encode_mask_png(np.zeros((120, 160), dtype=np.float32)))
    (folder / "other.png").write_bytes(encode_mask_png(np.ones((10, 10), dtype=np.float32)))


@pytest.mark.parametrize("command", ["predict", "mask", "swap"])
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("text.jpg", "not a picture"),
        ("cut.png", "damaged"),
        ("huge.png", "40 million"),
        ("nowhere.jpg", "there is no such file"),
        (".", "this is not a file"),
    ],
)
def test_bad_pictures_are_refused_in_a_sentence(photo, command, file, said) -> None:
    bad_files(photo)
    further = {
        "predict": (),
        "mask": ("--out", photo / "o.png"),
        "swap": ("--out", photo / "o.png", "--scene", photo / file),
    }
    assert said in refused(run(command, "--image", photo / file, *further[command]))
    assert not (photo / "o.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--mask", "empty.png"), "marks nothing"),
        (("--mask", "other.png"), "The mask is 10×10 pixels but its image is 160×120"),
        (("--mask", "text.jpg"), "not a picture"),
        (("--mask", "mask.png", "--masker", "grabcut"), "either the mask or those"),
        (("--mask", "mask.png", "--box", "1,2,3,4"), "either the mask or those"),
        (("--masker", "grabcat"), "no masker named 'grabcat'; did you mean grabcut"),
        (("--box", "1,2,3"), "four whole numbers X,Y,W,H"),
        (("--box", "1,2,3,x"), "four whole numbers X,Y,W,H"),
        (("--box", "900,900,5,5"), "outside the 160×120 image"),
        (("--scene", "huge.png"), "40 million"),
        (("--checkpoint", "photo-erly"), "no checkpoint named 'photo-erly'; did you mean photo-early"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_bad_arguments_of_predict_are_refused_in_a_sentence(photo, monkeypatch, arguments, said, form) -> None:
    bad_files(photo)
    monkeypatch.chdir(photo)
    assert said in refused(run("predict", "--image", "photo.jpg", *arguments, *form))


def test_places_that_cannot_be_written_are_refused_in_a_sentence(photo) -> None:
    image, scene = photo / "photo.jpg", photo / "scene-0.png"
    assert "does not exist; make it" in refused(run("mask", "--image", image, "--out", photo / "new/mask.png"))
    assert "cannot be written (Is a directory)" in refused(
        run("swap", "--image", image, "--scene", scene, "--out", photo, "--mask", photo / "mask.png")
    )
    assert "cannot be written" in refused(run("aviary", "render", "--out", image, "--n", 1))


def test_damaged_checkpoints_are_refused_and_hide_no_other(stand_in, photo) -> None:
    path = own_checkpoints() / f"{stand_in}.json"
    path.write_text(path.read_text().replace("Untrained", "Perfect"))
    said = refused(run("predict", "--image", photo / "photo.jpg", "--checkpoint", stand_in))
    assert "was altered after it was written" in said
    listed = run("checkpoints", "list", "--json")
    assert listed.exit_code == 0
    assert "was altered" in listed.stderr
    assert [card["name"] for card in json.loads(listed.stdout)] == list(list_checkpoints().cards)
    assert "was altered" in refused(run("evaluate", "--checkpoint", stand_in))


def test_what_was_not_trained_on_aviary_is_not_evaluated_on_it() -> None:
    assert "choose a checkpoint trained on Aviary" in refused(run("evaluate", "--checkpoint", "photo-early"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--root", "x", "--split", "test"), "--root and --split are for photographs"),
        (("--data", "cub", "--root", "x", "--save", "--n-predicted", 3), "--n-predicted and --save are for Aviary"),
        (("--data", "cub"), "read from a folder and none was given"),
        (("--data", "cub", "--root", "nowhere"), "nowhere"),
        (("--out", "x.csv"), "let its name end in .parquet"),
        (("--out", "x.parquet", "--name", "x"), "leave --name out"),
        (("--name", "a/b"), "cannot name an evaluation"),
        (("--checkpoint", "aviary-vit-early"), "named twice"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_bad_arguments_of_evaluate_are_refused_in_a_sentence(arguments, said) -> None:
    assert said in refused(run("evaluate", "--checkpoint", "aviary-vit-early", *arguments))


def test_a_bad_configuration_is_refused_in_a_sentence(tmp_path) -> None:
    (tmp_path / "config.json").write_text('{"name": "x"}')
    assert "is not valid" in refused(run("train", "--config", tmp_path / "config.json"))
    assert "cannot be read" in refused(run("train", "--config", tmp_path / "nowhere.json"))


def test_as_a_program_it_fails_with_a_sentence_and_two(photo) -> None:
    bad_files(photo)
    failed = process("predict", "--image", photo / "cut.png", "--json")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.startswith("Error: ")
    assert "damaged" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_unknown_options_exit_with_two() -> None:
    failed = process("predict", "--nonsense")
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr


def test_help_comes_without_loading_the_heavy_libraries() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from bgbias_core.cli import app; "
        "assert CliRunner().invoke(app, ['predict', '--help']).exit_code == 0; "
        "print(sorted({'torch', 'timm', 'cv2', 'numpy', 'PIL', 'accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.strip() == "[]"
