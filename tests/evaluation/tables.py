"""Evaluations made by hand."""

from __future__ import annotations

from typing import Any

from bgbias_core.evaluation import COLUMNS, Evaluation, Header
from bgbias_core.evaluation.table import make_table


def make_header(kind: str = "aviary", **changes: Any) -> Header:
    checkpoints = [
        {
            "name": name,
            "title": name.title(),
            "strategy": strategy,
            "backbone": "aviary-convnext",
            "seal": "",
            "same_classes": True,
            "class_count": 2,
            "trained_on": "aviary",
            "same_pixels": strategy == "early",
            "correlation": 0.95,
            "depth": 0 if strategy == "early" else None,
        }
        for name, strategy in (("plain", "unmasked"), ("masked", "early"))
    ]
    return Header.model_validate(
        {
            "name": "made",
            "title": "Made by hand",
            "data": {"kind": kind, "title": "Made", "fingerprint": "", "parameters": {"options": {}}},
            "classes": ("ibis", "jay"),
            "checkpoints": checkpoints,
            "masker": "grabcut",
            "seed": 0,
            "n": 4,
            "created": "2026-11-22T00:00:00+00:00",
            "command": "python -m bgbias_core evaluate",
            "versions": {},
            **changes,
        }
    )


def make_row(sample: int, condition: str, **changes: Any) -> dict[str, Any]:
    """A right and certain answer of ``plain``."""
    return {
        "sample": f"test-{sample:05d}", "label": "ibis", "condition": condition, "place": "lake",
        "place_group": "water", "scene": "", "checkpoint": "plain", "mask_source": "none", "masker": "",
        "lifted_by": "", "dial": "", "level": None, "found": True, "predicted": "ibis", "probability": 1.0,
        "right": True,
        "original_predicted": "ibis", "original_probability": 1.0, "kept_probability": 1.0,
        "flipped": None if condition in ("ID", "original") else False, "phi_background": None, "phi_foreground": None,
        **changes,
    }  # fmt: skip


def make_evaluation(rows: list[dict[str, Any]], **changes: Any) -> Evaluation:
    return Evaluation(make_header(**changes), make_table({name: [row[name] for row in rows] for name in COLUMNS}))
