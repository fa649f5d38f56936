"""A small evaluation on Aviary with known answers, and one on photographs that lie in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bgbias_core.data import open_folder
from bgbias_core.evaluation import Evaluation, evaluate_on_photographs
from bgbias_core.masks import MASKERS, MaskerSpec
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import Bright, make_checkpoint, make_folders
from tests.evaluation.tables import make_evaluation, make_row

BIRDS = 60
AVIARY = {
    "kind": "aviary",
    "title": "Aviary, test birds",
    "fingerprint": "f00d",
    "parameters": {"correlation": 0.95, "options": {}},
}


def aviary(*, right_elsewhere: int = 15, grown: float | None = None, **changes: Any) -> Evaluation:
    """``plain`` names every bird right ID and the first ones OOD; ``masked`` names 54 of 60 right with either mask.

    With a given mask that is ``grown``, it names half of them right.
    """
    rows = []
    for bird in range(BIRDS):
        label, other = ("ibis", "jay") if bird % 2 else ("jay", "ibis")
        about = {"label": label, "original_predicted": label}
        for condition in ("ID", "OOD"):
            kept = condition == "ID" or bird < right_elsewhere
            answer = {
                "predicted": label if kept else other,
                "right": kept,
                "flipped": None if condition == "ID" else not kept,
            }
            rows.append(make_row(bird, condition, **about, **answer, place_group="water" if bird % 3 else "land"))
            for source in ("given", "predicted"):
                kept = bird < 54
                answer = {"predicted": label if kept else other, "right": kept}
                masker = "grabcut" if source == "predicted" else ""
                rows.append(
                    make_row(bird, condition, checkpoint="masked", mask_source=source, masker=masker, **about, **answer)
                )
        if grown is not None:
            turned = {"dial": "grow", "level": grown, "right": bird % 2 == 0}
            rows.append(make_row(bird, "OOD", checkpoint="masked", mask_source="given", **about, **turned))
    return make_evaluation(rows, **{"data": AVIARY, "n": BIRDS, **changes})


def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six photographs of two classes with masks, two places, and a masker that needs no weights."""
    monkeypatch.setitem(MASKERS, "bright", MaskerSpec("bright", "Bright pixels", ("photograph", "aviary"), Bright))
    return make_folders(tmp_path, 6, 2)


def photographs(folder: Path, **options: Any) -> Evaluation:
    """Untrained checkpoints, whose classes are not the photographs'."""
    checkpoints = [
        make_checkpoint(Strategy(name="unmasked"), name="one"),
        make_checkpoint(Strategy(name="early"), name="two"),
    ]
    data = open_folder(folder / "images", folder / "masks")
    return evaluate_on_photographs(checkpoints, data, scenes=folder / "scenes", masker="bright", **options)
