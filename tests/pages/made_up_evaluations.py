"""A small evaluation with known answers: one classifier that follows the place, and one that follows the bird."""

from __future__ import annotations

from typing import Any

import numpy as np

from bgbias_core.aviary import SPECIES
from bgbias_core.evaluation import COLUMNS, Evaluation, Header
from bgbias_core.evaluation.results import EvaluatedCheckpoint, EvaluatedData
from bgbias_core.evaluation.table import make_table
from bgbias_core.paths import own_evaluations

BIRDS = 40
NAMES = tuple(SPECIES)
CHECKPOINTS = ("aviary-convnext-unmasked", "aviary-convnext-early")


def header(name: str, **changes: Any) -> Header:
    """A header whose command and seals are made up."""
    about = {"trained_on": "aviary", "class_count": len(NAMES), "seal": "", "backbone": "aviary-convnext"}
    values: dict[str, Any] = {
        "name": name,
        "title": f"Aviary, {BIRDS} test birds: 2 checkpoints",
        "data": EvaluatedData(kind="aviary", title="Aviary, test birds", fingerprint="", parameters={}),
        "classes": NAMES,
        "checkpoints": tuple(
            EvaluatedCheckpoint(
                name=one,
                title=f"Small {one.rpartition('-')[2]}",
                strategy=one.rpartition("-")[2],
                same_classes=True,
                same_pixels=one.endswith("early"),
                correlation=0.95,
                depth=0 if one.endswith("early") else None,
                **about,
            )
            for one in CHECKPOINTS
        ),
        "masker": "grabcut",
        "seed": 0,
        "n": BIRDS,
        "created": "2026-01-02T03:04:05+00:00",
        "command": "python -m bgbias_core evaluate --data aviary",
        "versions": {},
    }
    return Header(**{**values, **changes})


def save_evaluation(name: str = "made-up", **changes: Any) -> Evaluation:
    """Save an evaluation among the person's own: unmasked is right ID and wrong OOD, early is right everywhere."""
    rows: list[dict[str, Any]] = []
    for checkpoint, source in zip(CHECKPOINTS, ("none", "given"), strict=True):
        for condition in ("ID", "OOD", "all places"):
            for bird in range(BIRDS):
                label = NAMES[bird % 2]
                right = condition == "ID" or source == "given"
                rows.append(
                    {
                        "sample": f"test-{bird:05d}",
                        "label": label,
                        "condition": condition,
                        "place": "lake",
                        "place_group": "water",
                        "scene": "",
                        "checkpoint": checkpoint,
                        "mask_source": source,
                        "masker": "",
                        "lifted_by": "",
                        "dial": "",
                        "level": np.nan,
                        "found": True,
                        "predicted": label if right else NAMES[2],
                        "probability": 0.9,
                        "right": right,
                        "original_predicted": label,
                        "original_probability": 0.9,
                        "kept_probability": 0.9 if right else 0.05,
                        "flipped": None if condition == "ID" else not right,
                        "phi_background": np.nan,
                        "phi_foreground": np.nan,
                    }
                )
    table = make_table({column: [row[column] for row in rows] for column in COLUMNS})
    evaluation = Evaluation(header(name, **changes), table)
    evaluation.save(own_evaluations() / f"{name}.parquet")
    return evaluation
