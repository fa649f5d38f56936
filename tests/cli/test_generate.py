"""data waterbirds and data twins, as people call them."""

from __future__ import annotations

import csv
import json

import pytest

from bgbias_core.data import open_folder, open_waterbirds
from tests.cli.calling import refused, run, run_json
from tests.data.made_birds import PLACES, make_birds, make_scenes
from tests.data.made_up import make_folder, put


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("birds")
    return make_birds(root / "cub"), make_scenes(root / "places")


def test_waterbirds_and_the_same_command_again(made, tmp_path) -> None:
    cub, places = made
    command = ("data", "waterbirds", "--cub", cub, "--places", places, "--out", tmp_path / "out", "--workers", 1)
    first = run(*command)
    assert first.exit_code == 0, first.output
    lines = [line.split() for line in first.stdout.splitlines()]
    assert lines[0] == ["label-place", "train", "val", "test"]
    assert lines[1][0] == "land-land"
    assert "40 pictures, their masks, a table and provenance.json" in first.stdout
    assert "pictures: 40 of 40" in first.stderr
    assert "40 of them there already" in run(*command).stdout
    assert len(open_waterbirds(tmp_path / "out").entries) == 40
    sentence = refused(run(*command, "--seed", 3))
    assert "begun with" in sentence
    assert "choose another folder" in sentence


def test_groups_labels_and_scenes_that_come_again(made, tmp_path) -> None:
    cub, places = made
    labels = put(
        tmp_path / "labels.csv",
        "Black footed Albatross,dry\nEastern Towhee,wet\nAmerican Goldfinch,wet\nCaspian Tern,dry\n",
    )
    command = ("data", "waterbirds", "--cub", cub, "--places", places, "--out", tmp_path / "out", "--workers", 1)
    command += ("--places", "dry=bamboo_forest", "--places", "wet=ocean", "--labels", labels, "--majority", 0.75)
    sentence = refused(run(*command))
    assert "dry needs 22 and has 18 (4 too few); wet needs 18 and has 15 (3 too few)" in sentence
    assert "--reuse-scenes" in sentence
    assert not (tmp_path / "out").exists()
    said = run_json(*command, "--reuse-scenes")
    assert said["made"] == said["photographs"] == 40
    assert said["made_from"]["label_of_class"]["Caspian Tern"] == 0
    assert said == {"out": str(tmp_path / "out"), "made": 40} | json.loads(
        (tmp_path / "out/provenance.json").read_text()
    )
    with (tmp_path / "out/metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["place"], row["place_filename"].split("/")[1]) for row in rows} == {
        ("0", "bamboo_forest"),
        ("1", "ocean"),
    }


def test_a_folder_of_ones_own_with_masks(made, tmp_path) -> None:
    make_folder(tmp_path / "things", {"red car": 6, "sea gull": 6}, tmp_path / "masks")
    said = run_json(
        *("data", "waterbirds", "--cub", tmp_path / "things", "--masks", tmp_path / "masks", "--places", made[1]),
        *("--out", tmp_path / "out", "--labels", "compat", "--workers", 1),
    )
    assert said["made_from"]["label_of_class"] == {"red car": 0, "sea gull": 1}
    assert said["counts"]["test"].keys() == {"land-land", "land-water", "water-land", "water-water"}


@pytest.mark.parametrize("text", ["land=", "=ocean", "= , "])
def test_a_group_that_is_none_is_refused(made, tmp_path, text) -> None:
    cub, places = made
    command = ("data", "waterbirds", "--cub", cub, "--places", places, "--out", tmp_path / "out", "--places", text)
    assert "A place group is given as GROUP=PLACE,PLACE,…" in refused(run(*command))


def test_places_lie_in_one_folder(made, tmp_path) -> None:
    cub, places = made
    command = ("data", "waterbirds", "--cub", cub, "--out", tmp_path / "out", "--places")
    for text in ("land", ""):
        sentence = refused(run(*command, places, "--places", text))
        assert f"--places takes one folder, got '{places}' and '{text}'" in sentence
    assert "--places takes one folder, got none" in refused(run(*command, "land=bamboo_forest"))


def test_a_folder_may_have_an_equals_sign_in_its_name(made, tmp_path) -> None:
    cub, _ = made
    places = make_scenes(tmp_path / "size=256")
    said = run_json("data", "waterbirds", "--cub", cub, "--places", places, "--out", tmp_path / "out", "--workers", 1)
    assert said["made_from"]["groups"].keys() == {"land", "water"}


def test_every_place_of_a_group_must_be_there(made, tmp_path) -> None:
    cub, _ = made
    there = {place: count for place, count in PLACES.items() if place != "lake/natural"}
    places = make_scenes(tmp_path / "places", there)
    sentence = refused(run("data", "waterbirds", "--cub", cub, "--places", places, "--out", tmp_path / "out"))
    assert "'lake/natural'" in sentence


def test_twins(made, tmp_path) -> None:
    cub, places = made
    command = ("data", "twins", "--root", cub, "--condition", "mixed_same", "--out", tmp_path / "same", "--workers", 1)
    done = run(*command)
    assert done.exit_code == 0, done.output
    assert "20 pictures, their masks, a table and provenance.json" in done.stdout
    twins = open_folder(tmp_path / "same/images", tmp_path / "same/masks")
    assert len(twins.entries) == 20
    said = run_json(
        *("data", "twins", "--root", cub, "--condition", "foreign", "--scenes", places, "--split", "train"),
        *("--out", tmp_path / "foreign", "--workers", 1),
    )
    assert said["title"] == "foreign scene"
    assert said["made_from"]["split"] == "train"
    assert "There is no condition named 'mixed'" in refused(
        run("data", "twins", "--root", cub, "--condition", "mixed", "--out", tmp_path / "none")
    )
