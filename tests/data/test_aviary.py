"""Aviary as arrays: the same for any number of workers, cached, and mended when the cache is damaged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bgbias_core.aviary import PLACES, SPECIES, render
from bgbias_core.data import AviaryQuery, aviary, aviary_sample, load_aviary, load_recipes, renderings, swapped_places
from bgbias_core.paths import cache_folder

QUERY = AviaryQuery("test", 26, condition="OOD", size=48, seed=3)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path_factory.mktemp("own")))


def test_arrays_hold_what_the_recipes_say() -> None:
    data = load_aviary(QUERY)
    for index, recipe in enumerate(QUERY.recipes()):
        rendering = render(recipe, 48)
        assert np.array_equal(data.images[index], rendering.image)
        assert np.array_equal(data.masks[index], rendering.mask)
        assert list(SPECIES)[data.labels[index]] == recipe.species
        assert list(PLACES)[data.places[index]] == recipe.place


def test_workers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = load_aviary(QUERY, workers=1)
    next((cache_folder() / "aviary").iterdir()).unlink()
    monkeypatch.setattr(renderings, "_CHUNK", 5)
    done: list[tuple[int, int]] = []
    two = load_aviary(QUERY, workers=2, progress=lambda so_far, total: done.append((so_far, total)))
    assert np.array_equal(one.images, two.images)
    assert np.array_equal(one.masks, two.masks)
    assert done[-1] == (26, 26)


def test_workers_start_under_a_main_script_that_cannot_run_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = ModuleType("__main__")
    script.__file__ = str(tmp_path / "page.py")
    (tmp_path / "page.py").write_text("raise SystemExit('a page is no module')")
    monkeypatch.setitem(sys.modules, "__main__", script)
    monkeypatch.setattr(renderings, "_CHUNK", 5)
    assert len(load_aviary(QUERY, workers=2).images) == 26
    assert sys.modules["__main__"] is script


def test_the_cache_is_read_and_a_damaged_one_is_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_aviary(QUERY)
    (path,) = (cache_folder() / "aviary").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(renderings, "render", lambda *_: pytest.fail("rendered although cached"))
        assert np.array_equal(load_aviary(QUERY).images, first.images)
    path.write_bytes(path.read_bytes()[:1000])
    assert np.array_equal(load_aviary(QUERY).images, first.images)


def test_a_cache_that_cannot_be_written_harms_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path / "file"))
    assert len(load_aviary(QUERY).images) == 26


def test_every_parameter_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [{"split": "train"}, {"n": 25}, {"condition": "ID"}, {"correlation": 0.5}, {"size": 32}, {"seed": 4}]
    queries = [QUERY, *(replace(QUERY, **change) for change in changes)]  # type: ignore[arg-type]
    prints = {query.fingerprint for query in queries}
    monkeypatch.setattr(aviary, "SPEC_VERSION", 999)
    assert len(prints | {QUERY.fingerprint}) == len(changes) + 2


def test_any_recipes_are_drawn_in_their_order_and_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = QUERY.recipes()[:2]
    recipes = [*swapped_places(second).values(), replace(first, parts={"tail": None}), first]
    images, masks = load_recipes(recipes, 32)
    for recipe, image, mask in zip(recipes, images, masks, strict=True):
        rendering = render(recipe, 32)
        assert np.array_equal(image, rendering.image)
        assert np.array_equal(mask, rendering.mask)
    with monkeypatch.context() as patch:
        patch.setattr(renderings, "render", lambda *_: pytest.fail("rendered although cached"))
        assert np.array_equal(load_recipes(recipes, 32)[0], images)
    for other, size in ((recipes[::-1], 32), (recipes[:-1], 32), (recipes, 33), ([*recipes[:-2], first, first], 32)):
        assert renderings._key(other, size) != renderings._key(recipes, 32)
    key = renderings._key(recipes, 32)
    monkeypatch.setattr(renderings, "SPEC_VERSION", 999)
    assert renderings._key(recipes, 32) != key


def test_swapped_places_show_the_same_bird() -> None:
    recipe = QUERY.recipes()[0]
    samples = {place: aviary_sample(swapped, 48) for place, swapped in swapped_places(recipe).items()}
    assert list(samples) == list(PLACES)
    masks = [sample.mask for sample in samples.values()]
    assert all(mask is not None and masks[0] is not None and np.array_equal(mask, masks[0]) for mask in masks)
    assert {sample.label for sample in samples.values()} == {recipe.species}
    assert all(sample.scene is not None for sample in samples.values())
