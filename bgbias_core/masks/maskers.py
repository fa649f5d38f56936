"""The registry of maskers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bgbias_core.masks.contract import Masker
from bgbias_core.masks.grabcut import GrabCut
from bgbias_core.registry import lookup


@dataclass(frozen=True)
class MaskerSpec:
    """A masker that can be asked for by name."""

    name: str
    title: str
    build: Callable[[], Masker]


MASKERS: dict[str, MaskerSpec] = {
    spec.name: spec
    for spec in (MaskerSpec("grabcut", "GrabCut: colours inside a box against colours outside", GrabCut),)
}
DEFAULT_MASKER = "grabcut"


def load_masker(name: str) -> Masker:
    """Build the masker of this name.

    Raises:
        UnknownNameError: No masker has this name; the message lists the nearest ones.

    >>> load_masker("grabcut").name
    'grabcut'
    """
    return lookup(MASKERS, name, "masker").build()
