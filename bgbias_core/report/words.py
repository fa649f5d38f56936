"""How a report speaks: numbers, masks, classes and checkpoints in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bgbias_core.evaluation.definitions import MEASURES
from bgbias_core.evaluation.parts import DIFFERENCES, LOST
from bgbias_core.masks import mask_words
from bgbias_core.plots import cells
from bgbias_core.plots.cells import percent

_BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": "neither end is better"}


class Looking(cells.Looking, Protocol):
    """A checkpoint with what it looked at, and how that came about."""

    @property
    def masker(self) -> str:
        """Name of what predicts its masks."""

    @property
    def lifted_by(self) -> str:
        """Which mask cut the objects out."""


def figure(measure: str, value: float, digits: int = 1) -> str:
    """A value of a measure: differences in points, indices that may be negative as they are, shares in percent.

    Args:
        measure: Name of the measure.
        value: Its value.
        digits: Digits after the point; an index has one more.

    >>> figure("accuracy OOD", 0.97), figure("ID–OOD gap", 0.123), figure("RFS", -0.25)
    ('97.0%', '12.3 points', '−0.25')
    """
    if measure in DIFFERENCES or measure == LOST:
        return percent(value, digits).replace("%", " points")
    if measure in MEASURES and MEASURES[measure].low < 0:
        return f"{value:.{digits + 1 if digits else 0}f}".replace("-", "−")
    return percent(value, digits)


class Scale(Protocol):
    """What a measure can be."""

    @property
    def low(self) -> float:
        """The least."""

    @property
    def high(self) -> float:
        """The most."""

    @property
    def better(self) -> str:
        """``higher``, ``lower`` or ``neither``."""


def scale_words(measure: str, scale: Scale) -> str:
    """A measure's range and direction.

    >>> scale_words("ID–OOD gap", MEASURES["ID–OOD gap"]), scale_words("RFS", MEASURES["RFS"])
    ('From −100 to 100; lower is better.', 'From −1 to 1; higher is better.')
    """
    low, high = (figure(measure, end, digits=0).removesuffix(" points") for end in (scale.low, scale.high))
    return f"From {low} to {high}; {_BETTER[scale.better]}."


def ends(measure: str, low: float, high: float) -> str:
    """The two ends of an interval, without their unit.

    >>> ends("accuracy OOD", 0.944, 0.9841)
    '94.4 to 98.4'
    """
    first, second = (figure(measure, value).removesuffix("%").removesuffix(" points") for value in (low, high))
    return f"{first} to {second}"


@dataclass(frozen=True)
class Titles:
    """How the rows of one report are called.

    Attributes:
        shared: Titles that several checkpoints have, so that their names must be told too.
        several_cuts: Whether objects were cut out with several masks, so that each row must say which.
    """

    shared: frozenset[str]
    several_cuts: bool

    @classmethod
    def of(cls, rows: Sequence[Looking]) -> Titles:
        """What it takes to tell these rows apart."""
        cuts = {row.lifted_by for row in rows} - {""}
        return cls(cells.shared_titles(rows), len(cuts) > 1)

    def title(self, title: str, name: str) -> str:
        """A checkpoint's title, with its name where others have the same."""
        return f"{title} ({name})" if name and title in self.shared else title

    def mask(self, row: Looking) -> str:
        """Which mask a checkpoint looked at, and where there were several, which one cut the objects out."""
        cut = f"; objects cut out with the {row.lifted_by} mask" if self.several_cuts and row.lifted_by else ""
        return f"{mask_words(row.mask_source, row.masker)}{cut}"


def noun_of(kind: str) -> str:
    """What the samples of a kind of data are."""
    return "birds" if kind == "aviary" else "photographs"
