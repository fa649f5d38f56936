"""The table of look-alikes: families share silhouette and colours, their members differ in one diagnostic part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Family:
    """Species that share everything but one part.

    Attributes:
        name: The family's name, one lower-case word.
        diagnostic: The slot that tells the members apart.
        variants: For each slot that a bird of this family has, the parts that may fill it; slots other than the
            diagnostic one have a single part, which all members share.
    """

    name: str
    diagnostic: str
    variants: Mapping[str, tuple[str, ...]]

    def shared_parts(self) -> dict[str, str]:
        """The part in every slot but the diagnostic one.

        >>> FAMILIES["finch"].shared_parts()
        {'beak': 'cone', 'tail': 'notched', 'wing': 'folded'}
        """
        return {slot: parts[0] for slot, parts in self.variants.items() if slot != self.diagnostic}


@dataclass(frozen=True)
class Species:
    """One class of the benchmark.

    Attributes:
        name: What a person reads, in lower-case words, at most 24 characters.
        family: A key of :data:`FAMILIES`.
        home: The place where it usually stands (a name of ``aviary.scenes.PLACES``).
        parts: The diagnostic part by slot.
    """

    name: str
    family: str
    home: str
    parts: Mapping[str, str]


def _family(name: str, diagnostic: str, **variants: tuple[str, ...]) -> Family:
    return Family(name, diagnostic, MappingProxyType(variants))


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        _family("ibis", "beak", beak=("dagger", "sickle", "spoon"), tail=("short",), wing=("folded",)),
        _family("jay", "crest", beak=("stout",), crest=("spike", "fan", "twin"), tail=("long",), wing=("folded",)),
        _family("swallow", "tail", beak=("small",), tail=("fork", "fan", "wedge"), wing=("folded",)),
        _family(
            "finch", "breast", beak=("cone",), breast=("band", "spots", "bib"), tail=("notched",), wing=("folded",)
        ),
    )
}


def _species(name: str, family: str, home: str, part: str) -> Species:
    return Species(name, family, home, MappingProxyType({FAMILIES[family].diagnostic: part}))


SPECIES: dict[str, Species] = {
    species.name: species
    for species in (
        _species("dagger-billed ibis", "ibis", "lake", "dagger"),
        _species("sickle-billed ibis", "ibis", "desert", "sickle"),
        _species("spoon-billed ibis", "ibis", "snow", "spoon"),
        _species("spike-crested jay", "jay", "bamboo_forest", "spike"),
        _species("fan-crested jay", "jay", "ocean", "fan"),
        _species("twin-crested jay", "jay", "snow", "twin"),
        _species("fork-tailed swallow", "swallow", "city", "fork"),
        _species("fan-tailed swallow", "swallow", "meadow", "fan"),
        _species("wedge-tailed swallow", "swallow", "ocean", "wedge"),
        _species("band-breasted finch", "finch", "broadleaf_forest", "band"),
        _species("spot-breasted finch", "finch", "lake", "spots"),
        _species("bib-breasted finch", "finch", "desert", "bib"),
    )
}
