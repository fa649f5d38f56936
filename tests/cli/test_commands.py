"""What the commands print and write: the same as the library says."""

from __future__ import annotations

import csv
import functools
import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.compositing import Placement, swap
from bgbias_core.evaluation import changed, evaluate_on_aviary, judge, load_evaluation, present
from bgbias_core.images import encode_png, read_image, read_mask
from bgbias_core.masks import from_file, load_masker
from bgbias_core.models import Card, list_checkpoints, load_checkpoint
from bgbias_core.paths import own_checkpoints, own_evaluations
from tests.cli.calling import process, refused, run, run_json

PHOTO = ("photo-unmasked", "photo-early", "photo-late")


def test_checkpoints_are_listed_as_their_cards(stand_in) -> None:
    cards = run_json("checkpoints", "list")
    assert {*PHOTO, stand_in} <= {card["name"] for card in cards}
    assert [Card.model_validate(card) for card in cards] == list(list_checkpoints().cards.values())
    table = run("checkpoints", "list").stdout
    assert all(name in table for name in (*PHOTO, stand_in))


def test_predict_says_what_the_library_says(photo) -> None:
    scenes = [photo / "scene-0.png", photo / "scene-1.png"]
    told = run_json(
        "predict",
        "--image",
        photo / "photo.jpg",
        "--mask",
        photo / "mask.png",
        "--scene",
        scenes[0],
        "--scene",
        scenes[1],
    )
    assert [result["checkpoint"] for result in told["results"]] == list(PHOTO)
    image = read_image(photo / "photo.jpg")
    presentations = present(
        image, from_file(image, photo / "mask.png"), {path.name: read_image(path) for path in scenes}
    )
    for result in told["results"]:
        verdicts = judge(load_checkpoint(result["checkpoint"]), presentations)
        assert [shown["background"] for shown in result["presentations"]] == ["original", "scene-0.png", "scene-1.png"]
        assert [shown["changed"] for shown in result["presentations"]] == changed(verdicts)
        for shown, verdict in zip(result["presentations"], verdicts, strict=True):
            assert [entry["name"] for entry in shown["top"]] == list(verdict.names)
            assert len(shown["top"]) == 5
            assert [entry["probability"] for entry in shown["top"]] == pytest.approx(verdict.probabilities, abs=1e-6)
            assert shown["mask_source"] == ("none" if result["strategy"] == "unmasked" else "given")
    early = told["results"][1]["presentations"]
    assert early[0]["top"] == early[1]["top"] == early[2]["top"]


def test_predict_finds_the_object_itself(photo) -> None:
    told = run_json(
        "predict", "--image", photo / "photo.jpg", "--box", "30,20,100,80", "--scene", photo / "scene-0.png",
        "--checkpoint", "photo-late",
    )  # fmt: skip
    assert (told["mask"]["source"], told["mask"]["masker"]) == ("given box", "segmenter-photo")
    [result] = told["results"]
    assert {shown["mask_source"] for shown in result["presentations"]} == {"given box"}
    table = run("predict", "--image", photo / "photo.jpg", "--checkpoint", "photo-late").stdout
    assert "original" in table
    assert "predicted" in table
    assert "inference only" in table


def test_predict_without_an_object_says_so_and_makes_up_no_name(photo) -> None:
    (photo / "flat.png").write_bytes(encode_png(np.full((50, 60, 3), 90, dtype=np.uint8)))
    result = run("predict", "--image", photo / "flat.png", "--scene", photo / "scene-0.png", "--json")
    assert result.exit_code == 0
    assert f"No object found in {photo / 'flat.png'}" in result.stderr
    told = json.loads(result.stdout)
    assert told["mask"]["empty"]
    unmasked, early, late = (one["presentations"] for one in told["results"])
    assert len(unmasked) == len(early) == len(late) == 1
    assert len(unmasked[0]["top"]) == 5
    assert (early[0]["object_found"], early[0]["top"], early[0]["changed"]) == (False, [], None)
    assert "no object found" in run("predict", "--image", photo / "flat.png", "--checkpoint", "photo-early").stdout


def test_two_scenes_of_one_name_are_told_apart(photo) -> None:
    (photo / "more").mkdir()
    (photo / "more/scene-0.png").write_bytes((photo / "scene-1.png").read_bytes())
    told = run_json(
        "predict", "--image", photo / "photo.jpg", "--mask", photo / "mask.png", "--checkpoint", "photo-early",
        "--scene", photo / "scene-0.png", "--scene", photo / "more/scene-0.png",
    )  # fmt: skip
    assert list(told["scenes"]) == [str(photo / "scene-0.png"), str(photo / "more/scene-0.png")]


def test_mask_writes_what_the_masker_finds(photo) -> None:
    told = run_json("mask", "--image", photo / "photo.jpg", "--out", photo / "found.png")
    expected = load_masker("segmenter-photo")(read_image(photo / "photo.jpg"))
    np.testing.assert_array_equal(read_mask(photo / "found.png"), expected.mask)
    assert told["source"] == "predicted"
    assert told["area"] == pytest.approx(expected.area)


def test_swap_writes_the_composite(photo) -> None:
    told = run_json(
        "swap", "--image", photo / "photo.jpg", "--scene", photo / "scene-0.png", "--mask", photo / "mask.png",
        "--out", photo / "out.png", "--feather", 2, "--scale", 0.8, "--dx", 0.1, "--dy", -0.1,
    )  # fmt: skip
    expected = swap(
        read_image(photo / "photo.jpg"),
        read_mask(photo / "mask.png"),
        read_image(photo / "scene-0.png"),
        feather=2,
        placement=Placement(0.8, 0.1, -0.1),
    )
    np.testing.assert_array_equal(read_image(photo / "out.png"), expected.image)
    assert told["mask"]["source"] == "given"


def test_evaluate_puts_photographs_on_scenes(photo) -> None:
    for kind, file in (("photos", "photo.jpg"), ("masks", "mask.png")):
        for name in ("cats/test", "dogs/test"):
            (photo / kind / name).mkdir(parents=True)
            (photo / kind / name / f"one{Path(file).suffix}").write_bytes((photo / file).read_bytes())
    (photo / "scenes/sea").mkdir(parents=True)
    (photo / "scenes/sea/wave.png").write_bytes((photo / "scene-0.png").read_bytes())
    arguments = ("evaluate", "--data", "folder", "--root", photo / "photos", "--masks", photo / "masks")
    arguments += ("--scenes", photo / "scenes", "--split", "train", "--masker", "grabcut")
    arguments += ("--checkpoint", "photo-early")
    told = run_json(*arguments, "--checkpoint", "photo-unmasked", "--name", "mine")
    rows = {(row["checkpoint"], row["mask_source"], row["lifted_by"]): row for row in told["summary"]}
    assert list(rows) == [
        ("photo-early", "given", "given"), ("photo-early", "predicted", "given"),
        ("photo-early", "predicted", "predicted"),
        ("photo-unmasked", "none", "given"), ("photo-unmasked", "none", "predicted"),
    ]  # fmt: skip
    assert "same pixels" in rows["photo-early", "given", "given"]["absent"]["flip rate"]
    assert "ImageNet" in rows["photo-unmasked", "none", "given"]["absent"]["accuracy"]
    table = load_evaluation("mine").table
    assert set(table["scene"]) == {"", "sea/wave.png"}
    assert "same pixels" in run(*arguments).stdout


def test_evaluate_prints_and_saves_the_same_figures(stand_in) -> None:
    arguments = ("evaluate", "--checkpoint", stand_in, "--n", 12, "--n-predicted", 2)
    told = run_json(*arguments, "--data", "aviary", "--save")
    card = Card.read(own_checkpoints() / f"{stand_in}.json")
    assert [metric.model_dump(mode="json") for metric in card.metrics] == told["metrics"]
    assert {metric["mask_source"] for metric in told["metrics"]} == {"given", "predicted"}
    assert all(metric["low"] <= metric["value"] <= metric["high"] for metric in told["metrics"])
    assert load_checkpoint(stand_in).card == card, "weights and card still belong together"
    table = run(*arguments).stdout
    assert "predicted segmenter-aviary" in table
    assert "95% interval" in table
    assert "(n = 12)" in run("checkpoints", "list").stdout


def test_evaluations_are_kept_listed_and_shown(stand_in, tmp_path) -> None:
    arguments = ("evaluate", "--checkpoint", stand_in, "--n", 12, "--n-predicted", 1)
    told = run_json(*arguments)
    name = told["evaluation"]["name"]
    assert told["file"] == str(own_evaluations() / f"{name}.parquet")
    assert told["evaluation"] in run_json("evaluations", "list")
    shown = run_json("evaluations", "show", name)
    assert shown == {"evaluation": told["evaluation"], "summary": told["summary"]}
    assert run_json(*arguments)["file"] == told["file"], "the same command, the same file"
    assert run_json(*arguments, "--seed", 1)["file"] != told["file"]
    assert "no finding" in run("evaluations", "show", name).stdout
    elsewhere = tmp_path / "new" / "other.parquet"
    assert run_json(*arguments, "--out", elsewhere)["evaluation"]["name"] == "other"
    assert elsewhere.is_file()
    (own_evaluations() / "cut.parquet").write_bytes(elsewhere.read_bytes()[:-9])
    assert "'cut.parquet' is damaged" in run("evaluations", "list", "--json").stderr


def test_the_command_of_an_evaluation_makes_it_again(stand_in) -> None:
    options = ("--n", 12, "--n-predicted", 1, "--seed", 3, "--correlation", 0.5, "--shapley", 1)
    told = run_json("evaluate", "--checkpoint", stand_in, *options)
    words = shlex.split(told["evaluation"]["command"])
    assert words[:3] == ["python", "-m", "bgbias_core"]
    again = run_json(*words[3:])
    assert again["summary"] == told["summary"]
    assert again["evaluation"]["name"] == told["evaluation"]["name"]


def test_aviary_render_writes_pictures_masks_and_a_table(tmp_path) -> None:
    out = tmp_path / "new/aviary"
    told = run_json("aviary", "render", "--out", out, "--n", 3, "--seed", 5, "--size", 64)
    with (out / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(told["samples"]) == 3
    for row, sample in zip(rows, told["samples"], strict=True):
        assert (row["image"], row["species"], int(row["bird_seed"])) == tuple(
            sample[key] for key in ("image", "species", "bird_seed")
        )
        assert read_image(out / row["image"]).shape == (64, 64, 3)
        assert set(np.unique(read_mask(out / row["mask"]))) == {0, 1}
        assert all((out / part).is_file() for part in row["parts"].split())
    again = tmp_path / "again"
    run("aviary", "render", "--out", again, "--n", 3, "--seed", 5, "--size", 64)
    assert all((again / row["image"]).read_bytes() == (out / row["image"]).read_bytes() for row in rows)


def test_rebuild_writes_the_photo_cards(tmp_path) -> None:
    [card] = run_json("checkpoints", "rebuild", "--only", "photo-late", "--out", tmp_path / "made")
    assert Card.read(tmp_path / "made/photo-late.json") == Card.model_validate(card)
    assert "did you mean photo-late" in refused(
        run("checkpoints", "rebuild", "--only", "photo-lite", "--out", tmp_path)
    )


def test_as_a_program_it_prints_json_alone(photo) -> None:
    done = process("mask", "--image", photo / "photo.jpg", "--out", photo / "mask-2.png", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["masker"] == "segmenter-photo"


@pytest.mark.real_data
def test_command_line_and_library_agree_on_real_photographs(real_data) -> None:
    images = sorted((real_data / "cub/images").rglob("*.jpg"))[::400][:3]
    scenes = [real_data / "scenes/ocean/ocean_0001.jpg", min((real_data / "scenes/kitchen").iterdir())]
    assert len(images) == 3
    for path in images:
        mask = real_data / "cub/segmentations" / path.relative_to(real_data / "cub/images").with_suffix(".png")
        told = run_json("predict", "--image", path, "--mask", mask, "--scene", scenes[0], "--scene", scenes[1])
        image = read_image(path)
        presentations = present(image, from_file(image, mask), {scene.name: read_image(scene) for scene in scenes})
        for result in told["results"]:
            verdicts = judge(load_checkpoint(result["checkpoint"]), presentations)
            assert [shown["changed"] for shown in result["presentations"]] == changed(verdicts)
            for shown, verdict in zip(result["presentations"], verdicts, strict=True):
                assert [entry["name"] for entry in shown["top"]] == list(verdict.names)
                assert [entry["probability"] for entry in shown["top"]] == list(verdict.probabilities)
            if result["strategy"] == "early":
                rows = np.stack([verdict.all_probabilities for verdict in verdicts])
                assert np.ptp(rows, axis=0).max() < 1e-6


@pytest.fixture
def tiny_config(tmp_path) -> Path:
    """A run of seconds."""
    path = tmp_path / "configs/tiny.json"
    path.parent.mkdir()
    model = {"backbone": "aviary-convnext", "weights": "random", "strategy": {"name": "late"}, "region": "foreground"}
    data = {"train": 24, "validation": 12}
    optimisation = {"epochs": 1, "batch_size": 12, "warmup_epochs": 0, "mixed_precision": "no"}
    config = {"name": "tiny", "title": "Tiny", "data": data, "model": model, "optimisation": optimisation}
    path.write_text(json.dumps(config))
    return path


def test_train_writes_a_checkpoint_that_loads(tiny_config) -> None:
    card = run_json("train", "--config", tiny_config)
    assert load_checkpoint("tiny").card == Card.model_validate(card)


def test_the_name_of_a_shipped_checkpoint_is_not_taken(tiny_config) -> None:
    tiny_config.write_text(json.dumps(json.loads(tiny_config.read_text()) | {"name": "aviary-vit-early"}))
    assert "name of a shipped checkpoint" in refused(run("train", "--config", tiny_config))
    assert not own_checkpoints().exists()


def test_random_weights_are_taken_only_when_asked_for(tiny_config, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = json.loads(tiny_config.read_text())
    config["model"] |= {"backbone": "timm/test_convnext", "weights": "pretrained", "region": "all"}
    config["model"]["strategy"] = {"name": "early"}
    tiny_config.write_text(json.dumps(config))
    assert "hub cannot be reached" in refused(run("train", "--config", tiny_config))
    assert run_json("train", "--config", tiny_config, "--weights", "random")["backbone_weights"] == "random"


def test_rebuild_trains_measures_and_writes_the_figures(tiny_config, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bgbias_core.paths.SHIPPED_CHECKPOINTS", tmp_path)
    monkeypatch.setattr(
        "bgbias_core.evaluation.evaluate_on_aviary", functools.partial(evaluate_on_aviary, n=12, n_predicted=2)
    )
    [card] = run_json("checkpoints", "rebuild", "--only", "tiny")
    assert Card.read(tmp_path / "tiny.json") == Card.model_validate(card)
    assert [metric["mask_source"] for metric in card["metrics"]] == ["given"] * 4 + ["predicted"] * 4
    shutil.copytree(tmp_path, own_checkpoints(), dirs_exist_ok=True)
    again = run_json("evaluate", "--checkpoint", "tiny", "--n", 12, "--n-predicted", 2)
    assert again["metrics"] == card["metrics"], "evaluate prints the card's figures again"
