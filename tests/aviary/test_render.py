"""One picture: its masks, its exchanges and its bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgbias_core.aviary import PLACES, SPECIES, Recipe, draw_recipes, render
from bgbias_core.errors import UnknownNameError
from bgbias_core.images import decode, digest, encode_png

GOLDEN = Path(__file__).parent / "golden"
RECIPES = draw_recipes("test", 24, condition="OOD", seed=7)


@pytest.mark.parametrize("recipe", RECIPES[:12], ids=lambda recipe: recipe.species)
class TestEverySpecies:
    def test_another_place_changes_nothing_inside_the_mask(self, recipe: Recipe) -> None:
        here = render(recipe, 96)
        there = render(
            replace(recipe, place=next(place for place in PLACES if place != recipe.place), scene_seed=5), 96
        )
        inside = here.mask == 1
        assert np.array_equal(here.mask, there.mask)
        assert np.array_equal(here.image[inside], there.image[inside])
        assert not np.array_equal(here.image[~inside], there.image[~inside])

    def test_masks_nest(self, recipe: Recipe) -> None:
        rendering = render(recipe, 96)
        assert set(np.unique(rendering.mask)) == {0, 1}
        assert ((rendering.mask == 1) == (rendering.coverage == 1)).all()
        assert 0.05 < rendering.mask.mean() < 0.5
        untouched = rendering.coverage == 0
        assert np.array_equal(rendering.image[untouched], rendering.scene[untouched])
        for part in rendering.parts.values():
            assert (part <= rendering.coverage + 1e-5).all()

    def test_a_removed_part_changes_only_where_it_was(self, recipe: Recipe) -> None:
        whole = render(recipe, 96)
        for slot in SPECIES[recipe.species].parts:
            without = render(replace(recipe, parts={slot: None}), 96)
            changed = (without.image != whole.image).any(axis=2)
            assert changed.sum() >= 40
            near = cv2.dilate(whole.parts[slot], np.ones((5, 5), np.uint8)) > 0
            assert not changed[~near].any()
            assert without.parts.get(slot, np.zeros(1)).sum() == 0


def test_same_bytes_on_one_and_two_threads_and_in_another_process() -> None:
    before = cv2.getNumThreads()
    digests = []
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        digests.append([digest(render(recipe, 96).image) for recipe in RECIPES[:8]])
    cv2.setNumThreads(before)
    assert digests[0] == digests[1]
    script = (
        "from bgbias_core.aviary import draw_recipes, render; from bgbias_core.images import digest\n"
        "print(*[digest(render(r, 96).image) for r in draw_recipes('test', 24, condition='OOD', seed=7)[:8]])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert out.stdout.split() == digests[0]


@pytest.mark.parametrize("index", range(12))
def test_golden_pictures_agree_within_one_grey_level(index: int) -> None:
    recipe, golden = RECIPES[index + 12], GOLDEN / f"{index:02}.png"
    drawn = render(recipe, 96).image
    if os.environ.get("BGBIAS_WRITE_GOLDEN") == "1":
        GOLDEN.mkdir(exist_ok=True)
        golden.write_bytes(encode_png(drawn))
    difference = np.abs(drawn.astype(int) - decode(golden.read_bytes()))
    assert difference.max() <= 1


def test_golden_pictures_show_every_species() -> None:
    assert {recipe.species for recipe in RECIPES[12:]} == set(SPECIES)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="species"):
        render(Recipe("dodo", 0, "ocean", 0), 96)
    with pytest.raises(UnknownNameError, match="place"):
        render(replace(RECIPES[0], place="oceans"), 96)
