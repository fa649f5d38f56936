"""Twenty photographs of birds before photographed places: the page and the command line say the same."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.compositing import IDENTITY
from bgbias_core.data import Sample
from bgbias_core.images import decode, read_image
from bgbias_core.masks import from_file
from bgbias_core.models import load_checkpoint
from pages.components.downloads import composites_zip, predictions_csv
from pages.components.mask_editor import Lifted, run_masker
from pages.components.pickers import Photograph
from pages.components.pictures import working_copy
from pages.components.presenting import presentations, verdicts
from tests.cli.calling import run, run_json

CHECKPOINTS = ("photo-unmasked", "photo-early", "photo-late")


@pytest.fixture
def pairs(real_data: Path) -> list[tuple[Path, Path]]:
    images = sorted((real_data / "cub/images").rglob("*.jpg"))
    chosen = [images[int(index)] for index in np.linspace(0, len(images) - 1, 20)]
    masks = real_data / "cub/segmentations"
    return [(path, masks / path.relative_to(real_data / "cub/images").with_suffix(".png")) for path in chosen]


@pytest.mark.real_data
@pytest.mark.parametrize("source", ["given", "predicted"])
def test_page_and_command_line_say_the_same(
    pairs: list[tuple[Path, Path]], real_data: Path, tmp_path: Path, source: str
) -> None:
    scenes = [min((real_data / "scenes" / place).iterdir()) for place in ("ocean", "bamboo_forest")]
    cards = [load_checkpoint(name).card for name in CHECKPOINTS]
    compared = 0
    for path, mask in pairs:
        image = working_copy(read_image(path))
        if source == "given":
            lifted = Lifted(from_file(image, mask), None, None, 0.0)
        else:
            lifted = Lifted(run_masker(str(path), "grabcut", None, image), "grabcut", None, 0.0)
        if lifted.mask.empty:
            continue  # the page asks for an object, the command line judges the original alone
        photograph = Photograph(Sample(path.stem, image), path.stem, "A bird")
        chosen = {scene.stem: read_image(scene) for scene in scenes}
        shown = presentations(photograph, lifted, chosen, IDENTITY, lambda _done, _total: None)
        rows = list(
            csv.DictReader(io.StringIO(predictions_csv(cards, {c.name: verdicts(c, shown) for c in cards}).decode()))
        )
        options = ["--mask", mask] if source == "given" else ["--masker", "grabcut"]
        arguments = [*options, *(part for scene in scenes for part in ("--scene", scene))]
        told = [
            (result["checkpoint"], f"{entry['probability']:.6f}", entry["name"])
            for result in run_json("predict", "--image", path, *arguments)["results"]
            for presentation in result["presentations"]
            for entry in presentation["top"]
        ]
        assert told == [(row["checkpoint"], row["probability"], row["name"]) for row in rows if row["name"]]
        archive = zipfile.ZipFile(io.BytesIO(composites_zip(shown)))
        run("swap", "--image", path, *options, "--scene", scenes[0], "--out", tmp_path / "swapped.png")
        page = decode(next(archive.read(name) for name in archive.namelist() if name.startswith("01-")))
        assert np.array_equal(page, read_image(tmp_path / "swapped.png"))
        compared += 1
    assert compared >= 18
