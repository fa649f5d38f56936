"""What the words, conditions and measures of a report mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bgbias_core.conditions import CONDITIONS
from bgbias_core.evaluation import SummaryRow
from bgbias_core.evaluation.definitions import MEASURES
from bgbias_core.evaluation.dials import DIALS

TERMS: dict[str, str] = {
    "n": "How many samples a number is about. A sample that is shown several times counts once.",
    "95% interval": "Where the true value lies, as far as these samples can tell: of a hundred such intervals about "
    "ninety-five hold it. Two values whose intervals overlap may still differ clearly on the same samples; that is "
    "what paired comparisons are for.",
    "mask": "Which pixels are the object. A given mask comes from an annotation or from what drew the picture; a "
    "predicted one was found in the very picture that the checkpoint was shown, as in real use.",
    "strategy": "unmasked: the whole picture is looked at. early: the background is taken out of the picture. late: "
    "the background is taken out of the features that were computed from the whole picture.",
    "ID / OOD": "The same samples in places drawn as in training (in distribution), and in places drawn uniformly at "
    "random whatever the class (out of distribution).",
    "place, place group": "What kind of background it is; a set of places that plays one role, such as land and water.",
    "group": "All samples of one class in one place group.",
    "checkpoint, seal": "Trained weights with their model card; a hash that changes whenever either changes.",
}
"""Words of the report."""

AVIARY_CONDITIONS: dict[str, str] = {
    "ID": "The bird where its species usually stands: places are drawn as in training.",
    "OOD": "The same bird, in a place drawn uniformly from all.",
    "all places": "The same bird in each of the places where it does not stand ID.",
}
"""What is shown under the conditions that only Aviary has."""


@dataclass(frozen=True)
class Explained:
    """A condition that was shown.

    Attributes:
        name: Its title, as the table of the evaluation has it.
        description: What is shown.
    """

    name: str
    description: str


@dataclass(frozen=True)
class Defined:
    """A measure that was computed.

    Attributes:
        name: As the field names it.
        definition: What exactly is computed.
        reference: Where it comes from.
        low: The least it can be.
        high: The most.
        better: Whether ``higher`` or ``lower`` is better, or ``neither``.
    """

    name: str
    definition: str
    reference: str
    low: float
    high: float
    better: str


def explain(conditions: Iterable[str]) -> list[Explained]:
    """What conditions show, in their usual order.

    Args:
        conditions: Their titles.
    """
    known = AVIARY_CONDITIONS | {spec.title: spec.description for spec in CONDITIONS.values()}
    wanted = set(conditions)
    return [Explained(name, description) for name, description in known.items() if name in wanted]


def define(rows: Sequence[SummaryRow]) -> list[Defined]:
    """The measures that any row has, in the order of :data:`~bgbias_core.evaluation.definitions.MEASURES`.

    Args:
        rows: The measures of an evaluation.
    """
    names = {name for row in rows for name in row.measures}
    return [
        Defined(spec.name, spec.definition, spec.reference, spec.low, spec.high, spec.better)
        for name, spec in MEASURES.items()
        if name in names
    ]


def dial_words(dial: str) -> str:
    """What is turned by a dial."""
    trained = {
        "correlation": "Each point is a model of its own, trained with places that follow the species so often.",
        "depth": "Each point is a model of its own, masked after so many stages or blocks; 0 is the image itself.",
    }
    if dial in DIALS:
        level = DIALS[dial].levels[0]
        return f"{DIALS[dial].description} A level of {level:g} is {level:g} {DIALS[dial].unit}."
    return trained.get(dial, "")
