"""What every measure is: its exact definition, where it comes from, what it can be, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bgbias_core.evaluation.groups import SMALLEST_GROUP
from bgbias_core.evaluation.parts import (
    ACCURACY,
    ACCURACY_FOREIGN,
    ACCURACY_ID,
    ACCURACY_NO_FG,
    ACCURACY_NOISE_BG,
    ACCURACY_NOISE_FG,
    ACCURACY_ONLY_BG_B,
    ACCURACY_ONLY_BG_T,
    ACCURACY_ONLY_FG,
    ACCURACY_OOD,
    ACCURACY_RAND,
    ACCURACY_SAME,
    ADJUSTED_AVERAGE,
    BG_GAP,
    CHALLENGE,
    ECE_FOREIGN,
    ECE_ID,
    ECE_OOD,
    ECE_ORIGINAL,
    FLIPS,
    FOREIGN_DROP,
    GAP,
    GROUP_AVERAGE,
    LOST,
    PLAIN_AVERAGE,
    RFS,
    SHAPLEY,
    WORST_GROUP,
)
from bgbias_core.evaluation.sensitivity import BINS

_XIAO = "Xiao, Engstrom, Ilyas, Madry, Noise or Signal: The Role of Image Backgrounds in Object Recognition, ICLR 2021"
_SAGAWA = "Sagawa, Koh, Hashimoto, Liang, Distributionally Robust Neural Networks for Group Shifts, ICLR 2020"
_WILDS = "Koh et al., WILDS: A Benchmark of in-the-Wild Distribution Shifts, ICML 2021 (adj_acc_avg)"
_RIVAL10 = (
    "Moayeri, Pope, Balaji, Feizi, A Comprehensive Study of Image Classification Model Sensitivity to Foregrounds, "
    "Backgrounds, and Visual Attributes, CVPR 2022"
)
_GUO = "Guo, Pleiss, Sun, Weinberger, On Calibration of Modern Neural Networks, ICML 2017, eq. 3"
_ANIRAJ = (
    "Aniraj, Dantas, Ienco, Marcos, Masking Strategies for Background Bias Removal in Computer Vision Models, ICCV "
    "Workshops 2023"
)
_OWN = "defined here"
_SHARE = "Share of pictures that are named right; an object that is not found counts as wrong."


@dataclass(frozen=True)
class MeasureSpec:
    """One measure.

    Attributes:
        name: Key in ``MEASURES``.
        definition: What is computed, exactly.
        reference: The paper that it comes from.
        low: The lowest that it can be.
        high: The highest.
        better: Which way a classifier is better that relies less on the background.
    """

    name: str
    definition: str
    reference: str
    low: float
    high: float
    better: Literal["higher", "lower", "neither"]


def _accuracy(name: str, pictures: str, reference: str, better: Literal["higher", "lower"] = "higher") -> MeasureSpec:
    return MeasureSpec(name, f"{_SHARE} {pictures}", reference, 0, 1, better)


def _calibration(name: str, pictures: str) -> MeasureSpec:
    definition = (
        f"Answers are sorted by their stated probability into {BINS} bins of equal width; the mean over answers of "
        f"|share right − mean probability| of the bin each is in. {pictures} No answer is left out of it."
    )
    return MeasureSpec(name, definition, _GUO, 0, 1, "lower")


MEASURES: dict[str, MeasureSpec] = {
    spec.name: spec
    for spec in (
        _accuracy(ACCURACY, "Pictures: the photographs as they are.", _OWN),
        _accuracy(ACCURACY_ID, "Pictures: birds in places drawn as in training.", _ANIRAJ),
        _accuracy(ACCURACY_OOD, "Pictures: birds in places drawn uniformly, whatever the species.", _ANIRAJ),
        _accuracy(ACCURACY_SAME, "Pictures: objects on the background of another sample of their class.", _XIAO),
        _accuracy(ACCURACY_RAND, "Pictures: objects on the background of a sample of another class.", _XIAO),
        _accuracy(ACCURACY_FOREIGN, "Pictures: objects on photographs of other places.", _OWN),
        _accuracy(ACCURACY_ONLY_FG, "Pictures: objects alone on black.", _XIAO),
        _accuracy(
            ACCURACY_ONLY_BG_B,
            "Pictures: backgrounds whose object’s box is black; right is what the background alone gives away.",
            _XIAO,
            "lower",
        ),
        _accuracy(
            ACCURACY_ONLY_BG_T,
            "Pictures: backgrounds whose object’s box is tiled with background; right is what the background alone "
            "gives "
            "away.",
            _XIAO,
            "lower",
        ),
        _accuracy(
            ACCURACY_NO_FG,
            "Pictures: backgrounds in which the object’s shape is black; right is what background and outline give "
            "away.",
            _XIAO,
            "lower",
        ),
        MeasureSpec(
            ACCURACY_NOISE_FG,
            f"{_SHARE} Pictures: samples with Gaussian noise on the object’s pixels.",
            _RIVAL10,
            0,
            1,
            "neither",
        ),
        _accuracy(ACCURACY_NOISE_BG, "Pictures: samples with Gaussian noise on the background’s pixels.", _RIVAL10),
        MeasureSpec(
            GAP, "Accuracy ID − accuracy OOD of the same birds, each counted in both.", _ANIRAJ, -1, 1, "lower"
        ),
        MeasureSpec(
            BG_GAP,
            "Accuracy Mixed-Same − accuracy Mixed-Rand of the same samples; a sample with several backgrounds counts "
            "with "
            "its means.",
            _XIAO,
            -1,
            1,
            "lower",
        ),
        MeasureSpec(
            FOREIGN_DROP,
            "Accuracy on the photographs − accuracy on foreign scenes of the same samples; a sample on several scenes "
            "counts with its mean.",
            _OWN,
            -1,
            1,
            "lower",
        ),
        MeasureSpec(
            FLIPS,
            "Share of pairs of a sample and an exchanged background (all other places, or foreign scenes) on which the "
            "name differs from the one given to the sample as it is. Pairs without an object before or after are left "
            "out.",
            _OWN,
            0,
            1,
            "lower",
        ),
        MeasureSpec(
            CHALLENGE,
            "1 − share of objects that any background of the pool turns wrong: an object counts as right only where "
            "it is "
            "named right on every one of them. The pool is all other places, else foreign scenes, else Mixed-Rand; the "
            "larger it is, the harder.",
            f"{_XIAO}, backgrounds challenge",
            0,
            1,
            "higher",
        ),
        MeasureSpec(
            RFS,
            "Relative foreground sensitivity: (a_bg − a_fg) / (2 · min(ā, 1 − ā)), where a_fg and a_bg are the "
            "accuracies "
            "with noise on the object and on the background and ā is their mean; 0 where ā is 0 or 1. Above 0 where "
            "noise "
            "on the object hurts more.",
            f"{_RIVAL10}, eq. 1",
            -1,
            1,
            "higher",
        ),
        MeasureSpec(
            WORST_GROUP,
            "The lowest accuracy (on Aviary: OOD) of any group, a class on one group of places, with at least "
            f"{SMALLEST_GROUP} samples. The interval is that group’s own; chosen for being the lowest, it looks a "
            "little "
            "worse than it is.",
            _SAGAWA,
            0,
            1,
            "higher",
        ),
        MeasureSpec(
            PLAIN_AVERAGE,
            "Share of samples with a group that are named right: groups count by their size in the evaluated split.",
            _SAGAWA,
            0,
            1,
            "higher",
        ),
        MeasureSpec(
            ADJUSTED_AVERAGE,
            "Mean of the groups’ accuracies, each weighted by its group’s share of the training split: what the "
            "average "
            "would be if the evaluated split were made up like the training split.",
            _WILDS,
            0,
            1,
            "higher",
        ),
        MeasureSpec(GROUP_AVERAGE, "Mean of the groups’ accuracies, all groups alike.", _SAGAWA, 0, 1, "higher"),
        MeasureSpec(
            LOST,
            "Mean, over the flip rate’s pairs, of the probability of the name given to the sample as it is, before "
            "minus "
            "after the exchange.",
            _OWN,
            -1,
            1,
            "lower",
        ),
        MeasureSpec(
            SHAPLEY,
            "Mean of |φ_bg| / (|φ_bg| + |φ_fg|), the two players’ Shapley values of the log-odds of the name given to "
            "each picture, where one of the two is at least 0.1.",
            "Shapley, A value for n-person games, 1953",
            0,
            1,
            "lower",
        ),
        _calibration(ECE_ID, "Pictures: ID."),
        _calibration(ECE_OOD, "Pictures: OOD."),
        _calibration(ECE_ORIGINAL, "Pictures: the photographs as they are."),
        _calibration(ECE_FOREIGN, "Pictures: objects on foreign scenes."),
    )
}
"""Every measure that is computed, by its name."""
