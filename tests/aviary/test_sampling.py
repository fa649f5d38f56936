"""Places follow the label as often as the correlation says; the birds stay the same."""

from __future__ import annotations

from collections import Counter

import pytest

from bgbias_core.aviary import FAMILIES, PLACES, SPECIES, draw_recipes
from bgbias_core.errors import ConfigError


def at_home(correlation: float, n: int = 2400) -> float:
    recipes = draw_recipes("train", n, correlation=correlation)
    return sum(recipe.place == SPECIES[recipe.species].home for recipe in recipes) / n


@pytest.mark.parametrize("correlation", [0, 0.5, 0.95, 1])
def test_correlation_is_the_chance_of_home_plus_a_uniform_rest(correlation: float) -> None:
    expected = correlation + (1 - correlation) / len(PLACES)
    assert at_home(correlation) == pytest.approx(expected, abs=4 * (0.25 / 2400) ** 0.5)


def test_conditions_and_correlations_show_the_same_birds() -> None:
    id_recipes, ood, independent = (
        draw_recipes("test", 120),
        draw_recipes("test", 120, condition="OOD"),
        draw_recipes("test", 120, correlation=0),
    )
    birds = [[(recipe.species, recipe.bird_seed) for recipe in recipes] for recipes in (id_recipes, ood, independent)]
    assert birds[0] == birds[1] == birds[2]
    assert [recipe.place for recipe in id_recipes] != [recipe.place for recipe in ood]


def test_ood_places_are_uniform_for_every_species() -> None:
    recipes = draw_recipes("test", 9600, condition="OOD")
    counts = Counter((recipe.species, recipe.place) for recipe in recipes)
    assert len(counts) == len(SPECIES) * len(PLACES)
    assert max(abs(count - 100) for count in counts.values()) < 45


def test_splits_and_seeds_share_no_bird() -> None:
    birds = [
        {recipe.bird_seed for recipe in draw_recipes(split, 500, seed=seed)}  # type: ignore[arg-type]
        for split in ("train", "validation", "test")
        for seed in (0, 1)
    ]
    assert sum(len(some) for some in birds) == len(set().union(*birds)) == 3000


def test_a_longer_list_begins_with_the_shorter() -> None:
    assert draw_recipes("train", 30)[:12] == draw_recipes("train", 12)


def test_the_specification() -> None:
    assert len(SPECIES) >= 12
    assert len(FAMILIES) >= 4
    assert len(PLACES) >= 8
    assert {place.group for place in PLACES.values()} == {"land", "water"}
    homes = Counter(species.home for species in SPECIES.values())
    assert set(homes) == set(PLACES)
    for family in FAMILIES:
        members = [species for species in SPECIES.values() if species.family == family]
        assert len({species.home for species in members}) == len(members) >= 3


@pytest.mark.parametrize("correlation", [-0.1, 1.1, float("nan")])
def test_a_correlation_outside_its_range_is_refused(correlation: float) -> None:
    with pytest.raises(ConfigError, match="from 0"):
        draw_recipes("train", 1, correlation=correlation)
