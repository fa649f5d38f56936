"""Dials as curves: accuracy against what is wrong with a mask, the object's size, depth of masking, and correlation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from bgbias_core.evaluation.dials import DIALS
from bgbias_core.evaluation.estimates import estimate
from bgbias_core.evaluation.matrices import Cell, cell_of
from bgbias_core.evaluation.parts import Part, parts
from bgbias_core.evaluation.results import Evaluation
from bgbias_core.models import BACKBONES

CORRELATION, DEPTH = "correlation", "depth"
"""The dials that take one trained model for each point."""
_PICTURE = ["sample", "condition", "scene"]
_FEWEST_DEPTHS = 3  # early and late masking alone are two strategies, and no dial
Key = TypeVar("Key", bound=tuple[str, ...])


@dataclass(frozen=True)
class Point:
    """One point of a curve.

    Attributes:
        level: Where the dial stands.
        cell: Accuracy there.
    """

    level: float
    cell: Cell


@dataclass(frozen=True)
class DialCurve:
    """Accuracy along one dial.

    Attributes:
        dial: ``grow``, ``shrink``, ``shift``, ``holes``, ``object size``, ``correlation`` or ``depth``.
        checkpoint: Name of the checkpoint; of the backbone where each point is a checkpoint of its own.
        title: As people read it.
        strategy: Its strategy; ``late`` along the dial of depth, whose level 0 is early masking.
        mask_source: What it looked at.
        condition: Whose pictures were counted.
        points: By level, ascending. Who looks at no given mask has but one where only that mask gets worse: what the
            others are to be compared with.
    """

    dial: str
    checkpoint: str
    title: str
    strategy: str
    mask_source: str
    condition: str
    points: tuple[Point, ...]


def dial_curves(evaluation: Evaluation) -> list[DialCurve]:
    """Every dial that an evaluation holds.

    Dials turned at inference are read from the rows that name them, with the ordinary rows of the very same pictures as
    their ordinary level; where objects were cut out with both masks, of those cut out with the given one.
    ``correlation`` and ``depth`` are read from checkpoints of one backbone that differ in nothing else, by their
    accuracy OOD.
    """
    found = [part for part in parts(evaluation) if part.about.same_classes]
    return [*_turned(evaluation, found), *_correlations(found), *_depths(found)]


def _turned(evaluation: Evaluation, found: Sequence[Part]) -> Iterator[DialCurve]:
    table = evaluation.table[evaluation.table["dial"] != ""]
    first: dict[tuple[str, str], Part] = {}
    for part in found:
        first.setdefault((part.about.name, part.mask_source), part)
    for dial, spec in DIALS.items():
        rows = table[table["dial"] == dial]
        if rows.empty:
            continue
        # One row for each picture that was ever changed: who was not asked again is compared on these very ones.
        changed = pd.MultiIndex.from_frame(rows[_PICTURE].astype("object").drop_duplicates())
        for part in first.values():
            own = rows[
                (rows["checkpoint"] == part.about.name)
                & (rows["mask_source"] == part.mask_source)
                & rows["lifted_by"].isin(["", part.lifted_by])
            ]
            same = pd.MultiIndex.from_frame(part.table[_PICTURE].astype("object")).isin(changed)
            ordinary = part.table[same]
            levels = [(spec.ordinary, ordinary)] if len(ordinary) else []
            levels += [(round(float(level), 6), some) for level, some in own.groupby("level", observed=True)]
            if not levels or (not spec.changes_mask and own.empty):
                continue
            conditions = dict.fromkeys(str(name) for _, some in levels for name in some["condition"].unique())
            points = tuple(Point(level, _accuracy(some)) for level, some in sorted(levels, key=lambda one: one[0]))
            yield _curve(dial, part, ", ".join(conditions), points)


def _correlations(found: Sequence[Part]) -> Iterator[DialCurve]:
    """One curve for each backbone, strategy and mask source; of late masking at its last depth.

    Early masking's training on Aviary sees nothing of the places and gives the same model at every correlation: where
    it has a single point, this is what the others of its backbone are to be compared with.
    """
    some = [part for part in found if part.about.correlation is not None]
    deepest = {
        part.about.backbone: max(one.about.depth or 0 for one in some if one.about.backbone == part.about.backbone)
        for part in some
    }
    ends = [part for part in some if part.about.strategy != "late" or part.about.depth == deepest[part.about.backbone]]
    curves = [
        (key, _points([(float(part.about.correlation or 0), part) for part in own]))
        for key, own in _grouped(ends, lambda part: (part.about.backbone, part.about.strategy, part.mask_source))
    ]
    turned = {backbone for (backbone, _, _), points in curves if len(points) > 1}
    for (backbone, strategy, source), points in curves:
        if len(points) > 1 or (points and strategy == "early" and backbone in turned):
            title = f"{_backbone_title(backbone)}, {strategy}"
            yield DialCurve(CORRELATION, backbone, title, strategy, source, "OOD", points)


def _depths(found: Sequence[Part]) -> Iterator[DialCurve]:
    """One curve for each backbone, correlation and mask source."""
    some = [part for part in found if part.about.depth is not None]
    for (backbone, correlation, source), own in _grouped(
        some, lambda part: (part.about.backbone, _text(part.about.correlation), part.mask_source)
    ):
        points = _points([(float(part.about.depth or 0), part) for part in own])
        if len(points) >= _FEWEST_DEPTHS:
            title = _backbone_title(backbone) + (f", c = {correlation}" if correlation else "")
            yield DialCurve(DEPTH, backbone, title, "late", source, "OOD", points)


def _backbone_title(name: str) -> str:
    """As people read it; its name where it has another today."""
    return BACKBONES[name].title if name in BACKBONES else name


def _grouped(found: Sequence[Part], key: Callable[[Part], Key]) -> Iterator[tuple[Key, list[Part]]]:
    groups: dict[Key, list[Part]] = {}
    for part in found:
        groups.setdefault(key(part), []).append(part)
    yield from groups.items()


def _points(levels: Sequence[tuple[float, Part]]) -> tuple[Point, ...]:
    """The accuracy OOD at every level; of several checkpoints at one level the first."""
    first: dict[float, Part] = {}
    for level, part in levels:
        if (part.table["condition"] == "OOD").any():
            first.setdefault(level, part)
    return tuple(Point(level, _accuracy(first[level].where("OOD"))) for level in sorted(first))


def _accuracy(rows: pd.DataFrame) -> Cell:
    known = rows[rows["right"].notna()]
    if known.empty:
        return Cell(None, None, None, 0, "no sample")
    values = known["right"].astype(bool).to_numpy(dtype=np.float64)
    return cell_of(estimate(pd.Series(values, index=pd.MultiIndex.from_arrays([known["sample"].astype("object")]))))


def _curve(dial: str, part: Part, condition: str, points: tuple[Point, ...]) -> DialCurve:
    about = part.about
    return DialCurve(dial, about.name, about.title, about.strategy, part.mask_source, condition, points)


def _text(correlation: float | None) -> str:
    return "" if correlation is None else f"{correlation:g}"
