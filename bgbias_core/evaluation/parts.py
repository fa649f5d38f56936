"""An evaluation's table taken apart: one part for each checkpoint, mask source and cut, one value for each picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bgbias_core.evaluation.composites import FOREIGN, MIXED_RAND, MIXED_SAME
from bgbias_core.evaluation.results import EvaluatedCheckpoint, Evaluation, Header
from bgbias_core.evaluation.shapley import NEGLIGIBLE

ACCURACY, ACCURACY_FOREIGN = "accuracy", "accuracy on foreign scenes"
ACCURACY_SAME, ACCURACY_RAND = "accuracy Mixed-Same", "accuracy Mixed-Rand"
ACCURACY_ID, ACCURACY_OOD, GAP = "accuracy ID", "accuracy OOD", "ID–OOD gap"
BG_GAP, FOREIGN_DROP = "BG-Gap", "foreign-scene drop"
FLIPS, WORST_GROUP = "flip rate", "worst-group accuracy"
LOST, SHAPLEY = "probability lost", "Shapley background share"
AVIARY_MEASURES = (ACCURACY_ID, ACCURACY_OOD, GAP, FLIPS, WORST_GROUP, LOST, SHAPLEY)
PHOTOGRAPH_MEASURES = (
    ACCURACY, ACCURACY_SAME, ACCURACY_RAND, ACCURACY_FOREIGN, BG_GAP, FOREIGN_DROP, FLIPS, WORST_GROUP, LOST, SHAPLEY,
)  # fmt: skip

DIFFERENCES: dict[str, tuple[str, str]] = {
    GAP: (ACCURACY_ID, ACCURACY_OOD),
    BG_GAP: (ACCURACY_SAME, ACCURACY_RAND),
    FOREIGN_DROP: (ACCURACY, ACCURACY_FOREIGN),
}
"""Measures that are the first accuracy minus the second on the same samples."""
NEED_CLASSES = frozenset({*DIFFERENCES, *(name for pair in DIFFERENCES.values() for name in pair), WORST_GROUP})
"""Measures that ask whether an answer is right."""
ZERO_BY_IDENTITY = frozenset({*DIFFERENCES, FLIPS, LOST, SHAPLEY})
"""Measures that are 0 where a checkpoint sees the same pixels on every background."""

_PICTURE = ("sample", "condition", "place", "scene")

WHERE: dict[str, tuple[tuple[str, ...], str]] = {
    ACCURACY: (("original",), "right"),
    ACCURACY_FOREIGN: ((FOREIGN,), "right"),
    ACCURACY_SAME: ((MIXED_SAME,), "right"),
    ACCURACY_RAND: ((MIXED_RAND,), "right"),
    ACCURACY_ID: (("ID",), "right"),
    ACCURACY_OOD: (("OOD",), "right"),
    FLIPS: (("all places", FOREIGN), "flipped"),
    LOST: (("all places", FOREIGN), "lost"),
    SHAPLEY: (("ID", "OOD", "original"), "share"),
}
"""Conditions and column of each measure that is a mean over pictures."""
BOUNDS = dict.fromkeys(WHERE, (0.0, 1.0)) | dict.fromkeys((LOST, *DIFFERENCES), (-1.0, 1.0))
"""What the means cannot leave."""


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one checkpoint, one mask source and one mask that cut objects out.

    Attributes:
        header: The evaluation's header.
        about: The checkpoint.
        mask_source: What it looked at.
        lifted_by: Which mask cut the objects out.
        table: Its rows: the references, and what was cut out with that mask.
    """

    header: Header
    about: EvaluatedCheckpoint
    mask_source: str
    lifted_by: str
    table: pd.DataFrame

    @property
    def masker(self) -> str:
        """Name of the masker where the mask that is looked at is predicted."""
        return self.header.masker if self.mask_source == "predicted" else ""

    @property
    def identity(self) -> bool:
        """Whether the checkpoint saw the same pixels on every background."""
        return self.mask_source == "given" and self.about.same_pixels

    def where(self, *conditions: str) -> pd.DataFrame:
        """The rows of some conditions."""
        return self.table[self.table["condition"].isin(conditions)]


def parts(evaluation: Evaluation) -> list[Part]:
    """Split a table into its parts, in the header's order of checkpoints."""
    table = evaluation.table
    found = []
    for about in evaluation.header.checkpoints:
        own = table[table["checkpoint"] == about.name]
        for source in ("none", "given", "predicted"):
            some = own[own["mask_source"] == source]
            lifts = [lift for lift in ("given", "predicted") if (some["lifted_by"] == lift).any()]
            found += [
                Part(evaluation.header, about, source, lift, some[some["lifted_by"].isin(["", lift])])
                for lift in lifts or [""]
                if len(some)
            ]
    return found


def per_pair(part: Part, measure: str) -> pd.Series:
    """A measure before it is averaged: one value for each picture it is a mean of, NaN left out.

    Args:
        part: Whose.
        measure: Any measure but the worst group's.

    Returns:
        float64, indexed by (sample, condition, place, scene); a difference has one value for each sample.
    """
    if measure in DIFFERENCES:
        # Of several pictures under one condition, a sample counts with their mean.
        first, second = (
            per_pair(part, name).groupby(level="sample", sort=False).mean() for name in DIFFERENCES[measure]
        )
        return (first - second).reindex(first.index).dropna()
    condition, column = WHERE[measure]
    rows = part.where(*condition)
    if column == "share":
        values = shapley_share(rows)
    elif column == "lost":
        values = probability_lost(rows).where(rows["flipped"].notna())
    else:
        values = rows[column].astype("Float64").astype(np.float64)
    # As objects the names of samples keep the order in which they came.
    index = pd.MultiIndex.from_arrays([rows[name].astype("object") for name in _PICTURE], names=_PICTURE)
    return pd.Series(values.to_numpy(), index=index).dropna()


def shapley_share(rows: pd.DataFrame) -> pd.Series:
    """|φ_bg| / (|φ_bg| + |φ_fg|) of rows, float64; NaN where it is not defined or was not computed."""
    background = rows["phi_background"].abs().astype(np.float64)
    foreground = rows["phi_foreground"].abs().astype(np.float64)
    defined = np.maximum(background, foreground) >= NEGLIGIBLE
    return (background / (background + foreground)).where(defined)


def probability_lost(rows: pd.DataFrame) -> pd.Series:
    """What the reference's name lost in probability, float64; NaN where no object was found before or after."""
    return rows["original_probability"].astype(np.float64) - rows["kept_probability"].astype(np.float64)


def by_sample(values: pd.Series) -> NDArray[np.float64]:
    """``[samples, repeats]``, samples in the order in which they came, filled up with NaN."""
    codes, samples = pd.factorize(values.index.get_level_values(0))
    column = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    filled = np.full((len(samples), int(column.max()) + 1 if len(column) else 0), np.nan)
    filled[codes, column] = values.to_numpy()
    return filled
