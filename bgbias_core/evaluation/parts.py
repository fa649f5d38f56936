"""An evaluation's table taken apart: one part for each checkpoint, mask source and cut, one value for each picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bgbias_core.conditions import CONDITIONS
from bgbias_core.evaluation.composites import FOREIGN, MIXED_RAND, MIXED_SAME
from bgbias_core.evaluation.results import EvaluatedCheckpoint, Evaluation, Header
from bgbias_core.evaluation.shapley import NEGLIGIBLE

ONLY_FG, ONLY_BG_B, ONLY_BG_T, NO_FG, NOISE_FG, NOISE_BG = (
    CONDITIONS[name].title for name in ("only_fg", "only_bg_b", "only_bg_t", "no_fg", "noise_fg", "noise_bg")
)
ACCURACY, ACCURACY_FOREIGN = "accuracy", "accuracy on foreign scenes"
ACCURACY_SAME, ACCURACY_RAND = f"accuracy {MIXED_SAME}", f"accuracy {MIXED_RAND}"
ACCURACY_ONLY_FG, ACCURACY_NO_FG = f"accuracy {ONLY_FG}", f"accuracy {NO_FG}"
ACCURACY_ONLY_BG_B, ACCURACY_ONLY_BG_T = f"accuracy {ONLY_BG_B}", f"accuracy {ONLY_BG_T}"
ACCURACY_NOISE_FG, ACCURACY_NOISE_BG = f"accuracy {NOISE_FG}", f"accuracy {NOISE_BG}"
ACCURACY_ID, ACCURACY_OOD, GAP = "accuracy ID", "accuracy OOD", "ID–OOD gap"
BG_GAP, FOREIGN_DROP = "BG-Gap", "foreign-scene drop"
FLIPS, CHALLENGE, RFS = "flip rate", "challenge accuracy", "RFS"
WORST_GROUP, PLAIN_AVERAGE = "worst-group accuracy", "plain average"
ADJUSTED_AVERAGE, GROUP_AVERAGE = "adjusted average accuracy (train-weighted)", "group average (unweighted)"
LOST, SHAPLEY = "probability lost", "Shapley background share"
ECE_ID, ECE_OOD, ECE_ORIGINAL, ECE_FOREIGN = "ECE ID", "ECE OOD", "ECE original", f"ECE {FOREIGN}"

_COMPOSITES = (
    ACCURACY_SAME, ACCURACY_RAND, BG_GAP, ACCURACY_FOREIGN, ACCURACY_ONLY_FG, ACCURACY_ONLY_BG_B, ACCURACY_ONLY_BG_T,
    ACCURACY_NO_FG, ACCURACY_NOISE_FG, ACCURACY_NOISE_BG, RFS,
)  # fmt: skip
AVIARY_MEASURES = (
    ACCURACY_ID, ACCURACY_OOD, GAP, FLIPS, CHALLENGE, WORST_GROUP, LOST, SHAPLEY, ECE_ID, ECE_OOD, *_COMPOSITES,
)  # fmt: skip
PHOTOGRAPH_MEASURES = (
    ACCURACY, FOREIGN_DROP, FLIPS, CHALLENGE, WORST_GROUP, PLAIN_AVERAGE, ADJUSTED_AVERAGE, GROUP_AVERAGE, LOST,
    SHAPLEY, ECE_ORIGINAL, ECE_FOREIGN, *_COMPOSITES,
)  # fmt: skip

DIFFERENCES: dict[str, tuple[str, str]] = {
    GAP: (ACCURACY_ID, ACCURACY_OOD),
    BG_GAP: (ACCURACY_SAME, ACCURACY_RAND),
    FOREIGN_DROP: (ACCURACY, ACCURACY_FOREIGN),
}
"""Measures that are the first accuracy minus the second on the same samples."""
GROUP_MEASURES = frozenset({WORST_GROUP, PLAIN_AVERAGE, ADJUSTED_AVERAGE, GROUP_AVERAGE})
"""Measures of groups of one class and one place group."""
CALIBRATION = {ECE_ID: "ID", ECE_OOD: "OOD", ECE_ORIGINAL: "original", ECE_FOREIGN: FOREIGN}
"""Calibration errors and the condition of each."""
ZERO_BY_IDENTITY = frozenset({*DIFFERENCES, FLIPS, LOST, SHAPLEY})
"""Measures that are 0 where a checkpoint sees the same pixels on every background."""
WITHOUT_OBJECT = frozenset({ACCURACY_ONLY_BG_B, ACCURACY_ONLY_BG_T, ACCURACY_NO_FG})
"""Accuracies on pictures without an object: who looks at its given mask sees nothing and has no answer."""

_PICTURE = ("sample", "condition", "place", "scene")

WHERE: dict[str, tuple[tuple[str, ...], str]] = {
    ACCURACY: (("original",), "right"),
    ACCURACY_FOREIGN: ((FOREIGN,), "right"),
    ACCURACY_SAME: ((MIXED_SAME,), "right"),
    ACCURACY_RAND: ((MIXED_RAND,), "right"),
    ACCURACY_ONLY_FG: ((ONLY_FG,), "right"),
    ACCURACY_ONLY_BG_B: ((ONLY_BG_B,), "right"),
    ACCURACY_ONLY_BG_T: ((ONLY_BG_T,), "right"),
    ACCURACY_NO_FG: ((NO_FG,), "right"),
    ACCURACY_NOISE_FG: ((NOISE_FG,), "right"),
    ACCURACY_NOISE_BG: ((NOISE_BG,), "right"),
    ACCURACY_ID: (("ID",), "right"),
    ACCURACY_OOD: (("OOD",), "right"),
    FLIPS: (("all places", FOREIGN), "flipped"),
    LOST: (("all places", FOREIGN), "lost"),
    SHAPLEY: (("ID", "OOD", "original"), "share"),
    CHALLENGE: (("all places", FOREIGN, MIXED_RAND), "right"),
}
"""Conditions and column of each measure that is a mean over pictures."""
BOUNDS = dict.fromkeys(WHERE, (0.0, 1.0)) | dict.fromkeys((LOST, *DIFFERENCES), (-1.0, 1.0))
"""What the means cannot leave."""
NEED_CLASSES = frozenset(
    {name for name, (_, column) in WHERE.items() if column == "right"}
    | {*DIFFERENCES, *GROUP_MEASURES, *CALIBRATION, RFS}
)
"""Measures that ask whether an answer is right."""


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
    """Split a table into its parts, in the header's order of checkpoints; rows of dials are in none."""
    table = evaluation.table[evaluation.table["dial"] == ""]
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
    rows = part.where(*conditions_of(part, measure))
    column = WHERE[measure][1]
    if column == "share":
        values = shapley_share(rows)
    elif column == "lost":
        values = probability_lost(rows).where(rows["flipped"].notna())
    else:
        values = rows[column].astype("Float64").astype(np.float64)
    # As objects the names of samples keep the order in which they came.
    index = pd.MultiIndex.from_arrays([rows[name].astype("object") for name in _PICTURE], names=_PICTURE)
    found = pd.Series(values.to_numpy(), index=index).dropna()
    # One background that turns it wrong is enough.
    return found.groupby(level="sample", sort=False).min() if measure == CHALLENGE else found


def conditions_of(part: Part, measure: str) -> tuple[str, ...]:
    """Conditions of the pictures that a measure is a mean of, those that are there.

    Exchanged backgrounds are all places where they were shown, and foreign scenes only where not: one rate never mixes
    pools of backgrounds.
    """
    asked = WHERE[measure][0]
    there = tuple(name for name in asked if (part.table["condition"] == name).any())
    return there[:1] if measure in (FLIPS, LOST, CHALLENGE) else there


def per_scene(part: Part, measure: str) -> pd.DataFrame | None:
    """A measure of foreign scenes by photograph and scene; ``None`` for measures of anything else.

    Scenes in general are spoken of there; what a difference's first accuracy says of a photograph is the same on each.

    Returns:
        float64 ``[photographs, scenes]``, NaN where a photograph was not shown on a scene.
    """
    if measure == FOREIGN_DROP:
        first = per_pair(part, ACCURACY).groupby(level="sample", sort=False).mean()
        second = per_scene(part, ACCURACY_FOREIGN)
        return None if second is None else (-second).add(first, axis=0).reindex(second.index).dropna(how="all")
    if measure not in WHERE or measure == CHALLENGE or conditions_of(part, measure) != (FOREIGN,):
        return None
    values = per_pair(part, measure)
    return None if values.empty else values.groupby(level=["sample", "scene"], sort=False).mean().unstack("scene")


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
