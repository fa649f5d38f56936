"""The numbers of a report for machines: one JSON document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bgbias_core.evaluation.curves import DialCurve
from bgbias_core.evaluation.matrices import ClassChange, GroupMatrix, MatrixRow
from bgbias_core.report.content import PartDetail, Report
from bgbias_core.report.glossary import TERMS
from bgbias_core.report.pictures import Example

SCHEMA_VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """Everything that a report says, as values that JSON can hold; what is not known is ``None``."""
    header = report.header
    said = {
        "schema_version": SCHEMA_VERSION,
        "evaluation": header.model_dump(mode="json"),
        "finding": asdict(report.finding) | {"paragraph": report.finding.paragraph},
        "conditions": [asdict(one) for one in report.conditions],
        "matrix": [_matrix_row(row) for row in report.matrix],
        "measures": [asdict(row) for row in report.rows],
        "groups": [_part(one) | _groups(one.groups) for one in report.details],
        "class_changes": [_part(one) | _changes(one.changes) for one in report.details],
        "dials": [_curve(curve) for curve in report.dials],
        "examples": [_example(one) for one in report.examples],
        "glossary": {"measures": [asdict(one) for one in report.glossary], "terms": TERMS},
        "origin": asdict(report.origin),
    }
    return {name: plain(value) for name, value in said.items()}


def plain(value: Any) -> Any:
    """A value as JSON holds it: mappings with text keys, lists, and ``None`` for numbers that are none."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _part(one: PartDetail) -> dict[str, Any]:
    row = one.row
    return {
        "checkpoint": row.checkpoint,
        "title": row.title,
        "strategy": row.strategy,
        "mask_source": row.mask_source,
        "masker": row.masker,
        "lifted_by": row.lifted_by,
    }


def _matrix_row(row: MatrixRow) -> dict[str, Any]:
    return asdict(row) | {"cells": {condition: asdict(cell) for condition, cell in row.cells.items()}}


def _groups(found: GroupMatrix | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"cells": [], "not_said": found}
    cells = [
        {"label": label, "place_group": group} | asdict(cell) for (label, group), cell in sorted(found.cells.items())
    ]
    return {"condition": found.condition, "cells": cells}


def _changes(found: tuple[ClassChange, ...] | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"classes": [], "not_said": found}
    return {"classes": [asdict(change) for change in found]}


def _curve(curve: DialCurve) -> dict[str, Any]:
    points = [{"level": point.level} | asdict(point.cell) for point in curve.points]
    return asdict(curve) | {"points": points}


def _example(one: Example) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "picture"}
