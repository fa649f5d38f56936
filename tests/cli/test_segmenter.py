"""`segmenter`: from a folder of photographs with masks to a masker and its score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bgbias_core.masks.network import SegmentationNetwork
from bgbias_core.masks.segmenters import save_segmenter
from bgbias_core.models import backbone_spec
from bgbias_core.paths import own_segmenters
from tests.cli.calling import refused, run, run_json
from tests.data.making import make_cub
from tests.masks.test_segmenter import card
from tests.training.test_segmenter import config, make_pairs


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration of milliseconds that does not say where its photographs lie."""
    chosen = config((Path(), Path())).model_dump(mode="json")
    chosen["data"][0] |= {"images": "", "masks": ""}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(chosen))
    return path


def test_train_list_and_evaluate(tmp_path: Path, configured: Path) -> None:
    images, masks = make_pairs(tmp_path, 42)
    folders = ["--images", images, "--masks", masks]
    card = run_json("segmenter", "train", "--config", configured, *folders)
    assert card["name"] == "tiny"
    listed = run_json("segmenter", "list")["segmenters"]
    assert "tiny" in [one["name"] for one in listed]
    everything = run_json("segmenter", "evaluate", "--segmenter", "tiny", *folders)
    assert everything["n"] == 42
    assert everything["low"] <= everything["mean_iou"] <= everything["high"]
    held_back = run_json("segmenter", "evaluate", "--segmenter", "tiny", *folders, "--held-back")
    assert sorted(one["name"] for one in held_back["images"]) == list(card["held_back"]["photographs with masks"])


def test_evaluate_opens_cubs_test_photographs_only(tmp_path: Path) -> None:
    root = make_cub(tmp_path, classes=2, per_class=4)
    scored = run_json("segmenter", "evaluate", "--segmenter", "grabcut", "--cub", root)
    assert all(int(one["name"][-8:-4]) % 2 == 0 for one in scored["images"])
    assert scored["n"] == 4


def test_twins_are_measured_together_on_what_each_held_back(tmp_path: Path) -> None:
    root = make_cub(tmp_path, classes=3, per_class=4)
    twins = []
    for number in (1, 2):
        held_back = {"CUB": (f"Made up bird {number}",)}
        made = card(f"twin-{number}", least_confidence=0).model_copy(update={"held_back": held_back})
        save_segmenter(own_segmenters(), made, SegmentationNetwork(backbone_spec(made.encoder)))
        twins += ["--segmenter", made.name]
    alone = [run_json("segmenter", "evaluate", *twins[at : at + 2], "--held-back", "--cub", root) for at in (0, 2)]
    both = run_json("segmenter", "evaluate", *twins, "--held-back", "--cub", root)
    assert both["masker"] == "twin-1, twin-2"
    assert both["images"] == alone[0]["images"] + alone[1]["images"]
    assert [len(one["images"]) for one in alone] == [4, 4]
    assert "add --held-back" in refused(run("segmenter", "evaluate", *twins, "--cub", root))


def test_sentences(tmp_path: Path, configured: Path) -> None:
    images, masks = make_pairs(tmp_path, 3)
    for arguments, sentence in (
        (["train"], "needs a name"),
        (["train", "--config", configured], "say where with --images"),
        (["train", "--name", "a", "--images", images], "one folder of masks for each"),
        (["train", "--name", "No good!", "--images", images, "--masks", masks], "name"),
        (["train", "--config", tmp_path / "none.json"], "cannot be read"),
        (["evaluate"], "Give --images"),
        (
            ["evaluate", "--segmenter", "grabcut", "--images", images, "--masks", masks, "--held-back"],
            "held nothing back",
        ),
        (["evaluate", "--segmenter", "grabcutt", "--images", images, "--masks", masks], "grabcut"),
        (["evaluate", "--segmenter", "grabcut", "--images", tmp_path / "none", "--masks", masks], "There is no folder"),
    ):
        assert sentence in refused(run("segmenter", *arguments))
