"""The registry of maskers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from bgbias_core.masks.contract import Masker
from bgbias_core.masks.grabcut import GrabCut, Refined
from bgbias_core.paths import own_segmenters
from bgbias_core.registry import lookup

Kind = Literal["photograph", "aviary"]


@dataclass(frozen=True)
class MaskerSpec:
    """A masker that can be asked for by name.

    Attributes:
        name: Key in ``MASKERS``.
        title: As people read it.
        kinds: What kinds of pictures it is meant for.
        build: Makes it.
    """

    name: str
    title: str
    kinds: tuple[Kind, ...]
    build: Callable[[], Masker]


def _network(name: str) -> Masker:
    from bgbias_core.masks.segmenter import Segmenter  # torch takes seconds, and titles are asked for without it

    return Segmenter(name)


def _refined(name: str) -> Masker:
    return Refined(_network(name))


MASKERS: dict[str, MaskerSpec] = {
    spec.name: spec
    for spec in (
        MaskerSpec("segmenter-photo", "Trained network", ("photograph",), partial(_network, "segmenter-photo")),
        MaskerSpec(
            "segmenter-photo+grabcut",
            "Trained network, edges refined by GrabCut",
            ("photograph",),
            partial(_refined, "segmenter-photo"),
        ),
        MaskerSpec(
            "segmenter-aviary", "Trained network for Aviary", ("aviary",), partial(_network, "segmenter-aviary")
        ),
        MaskerSpec(
            "grabcut", "GrabCut: colours inside a box against colours outside", ("photograph", "aviary"), GrabCut
        ),
    )
}

_DEFAULTS: dict[Kind, str] = {"photograph": "segmenter-photo", "aviary": "segmenter-aviary"}


def default_masker(kind: Kind) -> str:
    """The masker that is used where nobody names one.

    >>> default_masker("aviary")
    'segmenter-aviary'
    """
    return _DEFAULTS[kind]


def list_maskers() -> dict[str, MaskerSpec]:
    """All maskers by name: those of ``MASKERS``, and segmenters of this person's own."""
    if not any(own_segmenters().glob("*.json")):
        return MASKERS
    from bgbias_core.masks.segmenters import list_segmenters

    return MASKERS | {
        name: MaskerSpec(name, card.title, ("photograph", "aviary"), partial(_network, name))
        for name, card in list_segmenters()[0].items()
        if name not in MASKERS
    }


def masker_title(name: str) -> str:
    """A masker as people read it; its name where nobody here knows it any more.

    >>> masker_title("grabcut")
    'GrabCut'
    """
    known = list_maskers()
    return known[name].title.split(":")[0] if name in known else name


def mask_words(source: str, masker: str = "") -> str:
    """Which mask a classifier looked at, as people read it.

    Args:
        source: ``none``, ``given`` or ``predicted``.
        masker: Name of what predicted it, where that is to be told.

    >>> mask_words("none"), mask_words("predicted", "grabcut")
    ('looks at no mask', 'predicted mask (GrabCut)')
    """
    words = "looks at no mask" if source == "none" else f"{source} mask"
    return f"{words} ({masker_title(masker)})" if masker and source == "predicted" else words


def load_masker(name: str) -> Masker:
    """Build the masker of this name.

    Raises:
        UnknownNameError: No masker has this name; the message lists the nearest ones.
        CheckpointError: The files of its network are missing or damaged.

    >>> load_masker("grabcut").name
    'grabcut'
    """
    return lookup(list_maskers(), name, "masker").build()
