"""Two checkpoints, or one with two masks, on the very same pictures: is one better, and is the difference clear?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from bgbias_core.errors import EvaluationError
from bgbias_core.evaluation.intervals import cluster_bootstrap
from bgbias_core.evaluation.parts import (
    ACCURACY,
    ACCURACY_FOREIGN,
    ACCURACY_ID,
    ACCURACY_OOD,
    ACCURACY_RAND,
    ACCURACY_SAME,
    BG_GAP,
    DIFFERENCES,
    FLIPS,
    FOREIGN_DROP,
    GAP,
    LOST,
    NEED_CLASSES,
    SHAPLEY,
    ZERO_BY_IDENTITY,
    Part,
    by_sample,
    parts,
    per_pair,
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
    ACCURACY_ID: _Wording(" ID", _right),
    ACCURACY_OOD: _Wording(" OOD", _right),
    GAP: _Wording("", _wider("ID–OOD gap")),
    BG_GAP: _Wording("", _wider("BG-Gap")),
    FOREIGN_DROP: _Wording("", _wider("foreign-scene drop")),
    FLIPS: _Wording(
        " on exchanged backgrounds",
        lambda first, second, points, more: f"{first} changes its answer {points} {_more(more)} often than {second}",
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
        clear: Whether the interval leaves 0 out.
        sentence: The same in words.
    """

    difference: float
    low: float
    high: float
    n: int
    clear: bool
    sentence: str


def compare_pair(evaluation: Evaluation, first: Selector, second: Selector, measure: str) -> Comparison:
    """Compare two on the pictures that both answered, by a bootstrap over samples.

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
    found = [_find(evaluation, selector) for selector in (first, second)]
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
    values = pair[0] - pair[1]
    grouped = by_sample(values)
    interval = cluster_bootstrap(grouped, bounds=(-2.0, 2.0) if measure in DIFFERENCES else (-1.0, 1.0))
    difference = float(values.mean())
    clear = not interval.low <= 0 <= interval.high
    sentence = _sentence(evaluation, found, measure, difference, (interval.low, interval.high), len(grouped), clear)
    return Comparison(difference, interval.low, interval.high, len(grouped), clear, sentence)


def _find(evaluation: Evaluation, selector: Selector) -> Part:
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
    evaluation: Evaluation,
    found: Sequence[Part],
    measure: str,
    difference: float,
    interval: tuple[float, float],
    n: int,
    clear: bool,
) -> str:
    wording = _WORDINGS[measure]
    aviary = evaluation.header.data.kind == "aviary"
    noun = ("bird" if aviary else "photograph") + ("" if n == 1 else "s")
    points = f"{abs(difference) * 100:.1f} points"
    more = difference >= 0
    # Told in the direction of the words: "less often by 3 to 7", not "by −7 to −3".
    low, high = interval if more else (-interval[1], -interval[0])
    told = wording.tell(_name(found[0]), _name(found[1]), points, more)
    ends = f"(95% interval {_signed(low)} to {_signed(high)})"
    body = f"n the same {n:,} {noun}{wording.where}, {told} {ends}."
    sentence = f"O{body}" if clear else f"No clear difference: o{body}"
    same = [part.about.title for part in found if part.identity]
    if same and measure in ZERO_BY_IDENTITY:
        sentence += f" (Given masks show {' and '.join(same)} the same pixels on every background.)"
    return sentence


def _signed(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−")
