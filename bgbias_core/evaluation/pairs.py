"""Two checkpoints, or one with two masks, on the very same pictures: is one better, and is the difference clear?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from bgbias_core.errors import EvaluationError
from bgbias_core.evaluation.estimates import Estimate, estimate
from bgbias_core.evaluation.paired import mcnemar
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
    BG_GAP,
    CHALLENGE,
    DIFFERENCES,
    FLIPS,
    FOREIGN_DROP,
    GAP,
    LOST,
    NEED_CLASSES,
    SHAPLEY,
    ZERO_BY_IDENTITY,
    Part,
    parts,
    per_pair,
    per_scene,
)
from bgbias_core.evaluation.results import Evaluation
from bgbias_core.registry import lookup

Selector = Sequence[str]
"""Checkpoint and mask source, and where objects were cut out with several masks, which one."""


@dataclass(frozen=True)
class _Wording:
    """How a difference is told.

    Attributes:
        where: Where the samples stand, after "on the same n birds".
        tell: First title, second title and the difference in words ("67.0 points") to a clause; more or less.
    """

    where: str
    tell: Callable[[str, str, str, bool], str]


def _more(more: bool, high: str = "more", low: str = "less") -> str:
    return high if more else low


def _right(first: str, second: str, points: str, more: bool) -> str:
    return f"{first} is right {points} {_more(more)} often than {second}"


def _wider(gap: str) -> Callable[[str, str, str, bool], str]:
    return lambda first, second, points, more: (
        f"the {gap} of {first} is {points} {_more(more, 'wider', 'narrower')} than that of {second}"
    )


_WORDINGS: dict[str, _Wording] = {
    ACCURACY: _Wording("", _right),
    ACCURACY_FOREIGN: _Wording(" on foreign scenes", _right),
    ACCURACY_SAME: _Wording(" on backgrounds of their own class", _right),
    ACCURACY_RAND: _Wording(" on backgrounds of another class", _right),
    ACCURACY_ONLY_FG: _Wording(" alone on black", _right),
    ACCURACY_ONLY_BG_B: _Wording(" with the object’s box black", _right),
    ACCURACY_ONLY_BG_T: _Wording(" with the object’s box tiled with background", _right),
    ACCURACY_NO_FG: _Wording(" with the object’s shape black", _right),
    ACCURACY_NOISE_FG: _Wording(" with noise on the object", _right),
    ACCURACY_NOISE_BG: _Wording(" with noise on the background", _right),
    ACCURACY_ID: _Wording(" ID", _right),
    ACCURACY_OOD: _Wording(" OOD", _right),
    GAP: _Wording("", _wider("ID–OOD gap")),
    BG_GAP: _Wording("", _wider("BG-Gap")),
    FOREIGN_DROP: _Wording("", _wider("foreign-scene drop")),
    FLIPS: _Wording(
        " on exchanged backgrounds",
        lambda first, second, points, more: f"{first} changes its answer {points} {_more(more)} often than {second}",
    ),
    CHALLENGE: _Wording(
        "",
        lambda first, second, points, more: (
            f"{first} is right on every background {points} {_more(more)} often than {second}"
        ),
    ),
    LOST: _Wording(
        " on exchanged backgrounds",
        lambda first, second, points, more: (
            f"{first} loses {points} {_more(more)} of its first answer’s probability than {second}"
        ),
    ),
    SHAPLEY: _Wording(
        "",
        lambda first, second, points, more: (
            f"the background’s Shapley share is {points} {_more(more, 'higher', 'lower')} in {first} than in {second}"
        ),
    ),
}
SIGNIFICANT = 0.05
"""The p-value below which a difference is called clear, as 95% intervals do."""
COMPARABLE: tuple[str, ...] = tuple(_WORDINGS)
"""Measures that can be compared pair by pair."""


@dataclass(frozen=True)
class Comparison:
    """How much two differ on the same samples.

    Attributes:
        difference: First minus second.
        low: Lower end of its 95% interval.
        high: Upper end.
        n: Number of samples.
        clear: Whether the interval leaves 0 out, and where there is an exact test, its p-value is below 0.05.
        sentence: The same in words.
        p_value: McNemar's exact p-value, where every sample counts once and is right or wrong.
    """

    difference: float
    low: float
    high: float
    n: int
    clear: bool
    sentence: str
    p_value: float | None = None


def compare_pair(evaluation: Evaluation, first: Selector, second: Selector, measure: str) -> Comparison:
    """Compare two on the pictures that both answered.

    Where each sample counts once and is right or wrong, by Tango's interval and McNemar's exact test; else by a
    bootstrap over samples, and over scenes where it is about scenes in general.

    Args:
        evaluation: Where both are.
        first: (checkpoint, mask source), or with what cut the objects out as third.
        second: Likewise.
        measure: One of ``COMPARABLE``.

    Raises:
        UnknownNameError: There is no such checkpoint, mask source or measure.
        EvaluationError: There is no picture for which both have this measure, or they were shown other composites.
    """
    lookup(_WORDINGS, measure, "measure that can be compared")
    found = [find_part(evaluation, selector) for selector in (first, second)]
    for part in found:
        if measure in NEED_CLASSES and not part.about.same_classes:
            raise EvaluationError(
                f"'{part.about.name}' names classes of {part.about.trained_on}, not the data's, so it is neither right "
                f"nor wrong; compare the {FLIPS} instead."
            )
    if len(lifts := {part.lifted_by for part in found if part.lifted_by}) > 1:
        raise EvaluationError(
            f"{_name(found[0])} and {_name(found[1])} were shown different composites: their objects were cut out with "
            f"{' and '.join(sorted(lifts))} masks. Compare two of the same."
        )
    pair = pd.concat([per_pair(part, measure) for part in found], axis=1, join="inner")
    if pair.empty:
        raise EvaluationError(
            f"{_name(found[0])} and {_name(found[1])} have no picture in common whose {measure} is known; "
            "evaluate both on the same samples."
        )
    first_scenes, second_scenes = (per_scene(part, measure) for part in found)
    both = None
    if first_scenes is not None and second_scenes is not None:
        both = (first_scenes - second_scenes).dropna(how="all").dropna(axis=1, how="all")
    bounds = (-2.0, 2.0) if measure in DIFFERENCES else (-1.0, 1.0)
    made = estimate(pair[0] - pair[1], bounds, paired=True, scenes=both, each_once=measure in DIFFERENCES)
    p_value = None
    if made.kind == "paired score":
        p_value = mcnemar(int((pair[0] > pair[1]).sum()), int((pair[0] < pair[1]).sum()))
    clear = not made.low <= 0 <= made.high and (p_value is None or p_value < SIGNIFICANT)
    sentence = _sentence(evaluation, found, measure, made, p_value, clear)
    return Comparison(made.value, made.low, made.high, made.n, clear, sentence, p_value)


def find_part(evaluation: Evaluation, selector: Selector) -> Part:
    """The rows of one checkpoint with one mask source.

    Args:
        evaluation: Where it is.
        selector: (checkpoint, mask source), or with what cut the objects out as third; without it, the first.

    Raises:
        UnknownNameError: There is no such checkpoint or mask source.
    """
    checkpoint, source, *lift = selector
    evaluation.header.checkpoint(checkpoint)
    own = {
        " ".join((part.mask_source, part.lifted_by)).strip(): part
        for part in parts(evaluation)
        if part.about.name == checkpoint
    }
    by_source = {part.mask_source: part for part in reversed(own.values())}
    if lift and lift[0]:
        return lookup(own, f"{source} {lift[0]}", f"mask source of {checkpoint}")
    return lookup(by_source, source, f"mask source of {checkpoint}")


def _name(part: Part) -> str:
    mask = "" if part.mask_source == "none" else f" ({part.mask_source} mask)"
    lift = f" on objects cut out with the {part.lifted_by} mask" if part.lifted_by not in {"", part.mask_source} else ""
    return f"{part.about.title}{mask}{lift}"


def _sentence(
    evaluation: Evaluation, found: Sequence[Part], measure: str, made: Estimate, p_value: float | None, clear: bool
) -> str:
    wording = _WORDINGS[measure]
    aviary = evaluation.header.data.kind == "aviary"
    noun = ("bird" if aviary else "photograph") + ("" if made.n == 1 else "s")
    points = f"{abs(made.value) * 100:.1f} points"
    more = made.value >= 0
    # Told in the direction of the words: "less often by 3 to 7", not "by −7 to −3".
    low, high = (made.low, made.high) if more else (-made.high, -made.low)
    told = wording.tell(_name(found[0]), _name(found[1]), points, more)
    exact = "" if p_value is None else f"; exact McNemar test, p {_p_value(p_value)}"
    scenes = f"; for such scenes in general, of which {made.scenes} were shown" if made.scenes else ""
    ends = f"(95% interval {_signed(low)} to {_signed(high)}{exact}{scenes})"
    body = f"n the same {made.n:,} {noun}{wording.where}, {told} {ends}."
    sentence = f"O{body}" if clear else f"No clear difference: o{body}"
    same = [part.about.title for part in found if part.identity]
    if same and measure in ZERO_BY_IDENTITY:
        sentence += f" (Given masks show {' and '.join(same)} the same pixels on every background.)"
    return sentence


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _signed(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−")
