"""The table of species keeps its promises."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from bgbias_core.aviary.birds.parts import PARTS
from bgbias_core.aviary.species import FAMILIES, SPECIES

PLACES = {"bamboo_forest", "broadleaf_forest", "desert", "meadow", "city", "snow", "ocean", "lake"}
WATER = {"ocean", "lake"}


def test_there_are_twelve_species_in_four_families_of_three() -> None:
    members = Counter(species.family for species in SPECIES.values())
    assert set(members) == set(FAMILIES)
    assert len(FAMILIES) >= 4
    assert set(members.values()) == {3}


def test_every_place_is_home_to_one_or_two_species() -> None:
    homes = Counter(species.home for species in SPECIES.values())
    assert set(homes) == PLACES
    assert set(homes.values()) <= {1, 2}


@pytest.mark.parametrize("family", FAMILIES)
def test_members_of_a_family_live_apart_on_land_and_water(family: str) -> None:
    homes = [species.home for species in SPECIES.values() if species.family == family]
    assert len(set(homes)) == len(homes)
    assert set(homes) & WATER
    assert set(homes) - WATER


def test_members_differ_in_the_diagnostic_part_and_in_nothing_else() -> None:
    parts = defaultdict(set)
    for species in SPECIES.values():
        family = FAMILIES[species.family]
        assert set(species.parts) == {family.diagnostic}
        parts[family.name].add(species.parts[family.diagnostic])
    assert parts == {name: set(family.variants[family.diagnostic]) for name, family in FAMILIES.items()}
    for family in FAMILIES.values():
        shared = {slot for slot, names in family.variants.items() if len(names) == 1}
        assert shared == set(family.variants) - {family.diagnostic} == set(family.shared_parts())


def test_every_part_in_the_table_can_be_drawn() -> None:
    wanted = {(s, n) for family in FAMILIES.values() for s, names in family.variants.items() for n in names}
    assert wanted - set(PARTS) == {("wing", "folded")}
    assert set(PARTS) <= wanted


@pytest.mark.parametrize("name", SPECIES)
def test_names_are_lower_case_words_that_fit_a_cell(name: str) -> None:
    assert SPECIES[name].name == name
    assert name == name.lower()
    assert len(name) <= 24
    assert all(word.isalpha() for word in name.replace("-", " ").split())
