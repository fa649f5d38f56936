"""An evaluation cut into cells: conditions × checkpoints, classes × groups of places, and what each class loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bgbias_core.aviary import SPECIES
from bgbias_core.conditions import CONDITIONS
from bgbias_core.errors import EvaluationError
from bgbias_core.evaluation.composites import FOREIGN, MIXED_RAND
from bgbias_core.evaluation.estimates import Estimate, estimate
from bgbias_core.evaluation.groups import Groups, group_condition, group_counts
from bgbias_core.evaluation.intervals import TOO_FEW, wilson
from bgbias_core.evaluation.pairs import Selector, find_part
from bgbias_core.evaluation.parts import Part, parts
from bgbias_core.evaluation.results import Evaluation


@dataclass(frozen=True)
class Cell:
    """One number of many.

    Attributes:
        value: A share in [0, 1] or a difference in [−1, 1]; ``None`` where it cannot be said.
        low: Lower end of its 95% interval.
        high: Upper end.
        n: Number of samples.
        note: Why it cannot be said, or what else must be known to read it.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str = ""


@dataclass(frozen=True)
class MatrixRow:
    """Accuracy of one checkpoint with one mask source under every condition.

    Attributes:
        checkpoint: Its name.
        title: As people read it.
        strategy: Its strategy.
        mask_source: What it looked at.
        masker: Name of the masker where the mask is predicted.
        lifted_by: Which mask cut the objects out; empty where nothing was cut.
        cells: Accuracy by condition; the same conditions in all rows.
    """

    checkpoint: str
    title: str
    strategy: str
    mask_source: str
    masker: str
    lifted_by: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class GroupMatrix:
    """Accuracy of one checkpoint by class and group of places.

    Attributes:
        labels: The classes; on Aviary their families where species would leave most cells too small.
        place_groups: The groups of places.
        cells: By (label, place group), all of them.
        condition: Whose pictures were counted.
    """

    labels: tuple[str, ...]
    place_groups: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    condition: str


@dataclass(frozen=True)
class ClassChange:
    """Accuracy of one class on two conditions, of the same samples.

    Attributes:
        label: The class.
        before: Accuracy on the first.
        after: Accuracy on the second.
        difference: After minus before, paired.
    """

    label: str
    before: Cell
    after: Cell
    difference: Cell


def cell_of(found: Estimate, note: str = "") -> Cell:
    """A cell of an estimate, without the value where there are too few samples to say."""
    if found.n < TOO_FEW:
        return _too_few(found.n)
    return Cell(found.value, found.low, found.high, found.n, note)


def condition_matrix(evaluation: Evaluation) -> list[MatrixRow]:
    """Accuracy under every condition that is there, one row for each checkpoint, mask source and cut.

    Conditions come in the order: ID, OOD, all places, then that of :data:`~bgbias_core.conditions.CONDITIONS`.
    """
    found = parts(evaluation)
    shown = {name for part in found for name in part.table["condition"].unique()}
    order = ["ID", "OOD", "all places", *(spec.title for spec in CONDITIONS.values())]
    conditions = [name for name in order if name in shown] + sorted(shown.difference(order))
    return [
        MatrixRow(
            checkpoint=part.about.name,
            title=part.about.title,
            strategy=part.about.strategy,
            mask_source=part.mask_source,
            masker=part.masker,
            lifted_by=part.lifted_by,
            cells={condition: _accuracy_cell(part, condition) for condition in conditions},
        )
        for part in found
    ]


def group_matrix(evaluation: Evaluation, selector: Selector) -> GroupMatrix:
    """Accuracy by class and group of places, of one checkpoint with one mask source.

    Classes are Aviary's families where more than half of the species' cells have fewer than
    :data:`~bgbias_core.evaluation.intervals.TOO_FEW` samples.

    Args:
        evaluation: Where it is.
        selector: (checkpoint, mask source), or with what cut the objects out as third.

    Raises:
        UnknownNameError: There is no such checkpoint or mask source.
        EvaluationError: The checkpoint names other classes than the data's, or no sample has a place group.
    """
    part = _with_classes(find_part(evaluation, selector))
    groups = group_counts(part)
    if not groups:
        raise EvaluationError("The places of these samples are not known, so there are no groups to compare.")
    small = sum(n < TOO_FEW for _, n in groups.values())
    if part.header.data.kind == "aviary" and 2 * small > len(groups):
        groups = _by_family(groups)
    labels = tuple(dict.fromkeys(label for label, _ in groups))
    places = tuple(sorted({place for _, place in groups}))
    cells = {(label, place): _share_cell(*groups.get((label, place), (0, 0))) for label in labels for place in places}
    return GroupMatrix(labels, places, cells, group_condition(part))


def class_changes(evaluation: Evaluation, selector: Selector) -> list[ClassChange]:
    """What each class loses: from ID to OOD, or from the photographs to foreign scenes, else to Mixed-Rand.

    Args:
        evaluation: Where the checkpoint is.
        selector: (checkpoint, mask source), or with what cut the objects out as third.

    Returns:
        Largest loss first; classes with too few samples to say last.

    Raises:
        UnknownNameError: There is no such checkpoint or mask source.
        EvaluationError: The checkpoint names other classes than the data's, or there are no two conditions to compare.
    """
    part = _with_classes(find_part(evaluation, selector))
    before, after = compared_conditions(part)
    first, second = (_rights(part, condition) for condition in (before, after))
    both = first.index.get_level_values("sample").unique().intersection(second.index.get_level_values("sample"))
    first, second = (one[one.index.get_level_values("sample").isin(both)] for one in (first, second))
    differences = (_means(second) - _means(first)).dropna()
    changes = [
        ClassChange(
            str(label),
            cell_of(estimate(first.xs(label, level="label"))),
            cell_of(estimate(second.xs(label, level="label"))),
            cell_of(estimate(differences.xs(label, level="label"), (-1.0, 1.0), paired=True)),
        )
        for label in differences.index.get_level_values("label").unique()
    ]
    return sorted(changes, key=lambda one: (one.difference.value is None, one.difference.value or 0.0, one.label))


def compared_conditions(part: Part) -> tuple[str, str]:
    """The two conditions between which classes change.

    Raises:
        EvaluationError: There is no second one.
    """
    if part.header.data.kind == "aviary":
        return "ID", "OOD"
    shown = set(part.table["condition"].unique())
    after = next((name for name in (FOREIGN, MIXED_RAND) if name in shown), None)
    if after is None:
        raise EvaluationError(
            "No object was put on other backgrounds, so no class can change; evaluate with --scenes or with "
            "--condition mixed_rand."
        )
    return "original", after


def _by_family(groups: Groups) -> Groups:
    found: Groups = {}
    for (label, place), counts in groups.items():
        key = (SPECIES[label].family, place)
        right, n = (have + more for have, more in zip(found.get(key, (0, 0)), counts, strict=True))
        found[key] = (right, n)
    return found


def _with_classes(part: Part) -> Part:
    if not part.about.same_classes:
        raise EvaluationError(
            f"'{part.about.name}' names classes of {part.about.trained_on}, not the data's, so it is neither right nor "
            "wrong; choose a checkpoint of the data's classes."
        )
    return part


def _rights(part: Part, condition: str) -> pd.Series:
    """Right or wrong, 1.0 or 0.0, by sample, label and scene."""
    rows = part.where(condition)
    rows = rows[rows["right"].notna()]
    levels = {name: rows[name].astype("object") for name in ("sample", "label", "scene")}
    index = pd.MultiIndex.from_arrays([*levels.values()], names=[*levels])
    return pd.Series(rows["right"].astype(bool).to_numpy(dtype=np.float64), index=index)


def _means(rights: pd.Series) -> pd.Series:
    return rights.groupby(level=["sample", "label"], sort=False).mean()


def _accuracy_cell(part: Part, condition: str) -> Cell:
    if not part.about.same_classes:
        return Cell(None, None, None, 0, f"its classes are those of {part.about.trained_on}")
    spec = next((one for one in CONDITIONS.values() if one.title == condition), None)
    if spec is not None and not spec.shows_object and part.mask_source == "given":
        return Cell(None, None, None, 0, "its given mask is empty: no answer by construction")
    rights = _rights(part, condition)
    if rights.empty:
        return Cell(None, None, None, 0, "not shown")
    scenes = None
    if condition == FOREIGN:
        scenes = rights.groupby(level=["sample", "scene"], sort=False).mean().unstack("scene")
    found = estimate(rights, scenes=scenes)
    return cell_of(found, f"{found.scenes} scenes resampled with the samples" if found.scenes else "")


def _share_cell(right: int, n: int) -> Cell:
    if n < TOO_FEW:
        return _too_few(n)
    interval = wilson(right, n)
    return Cell(right / n, interval.low, interval.high, n)


def _too_few(n: int) -> Cell:
    return Cell(None, None, None, n, f"too few to say (n = {n})" if n else "no sample")
