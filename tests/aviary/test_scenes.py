"""Scenes: the same for every size, run and number of threads, unlike one another, and told apart by their place."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bgbias_core.aviary.scenes import PLACES, draw_perch, draw_scene
from bgbias_core.errors import ConfigError, UnknownNameError

EACH_PLACE = pytest.mark.parametrize("place", list(PLACES))


@pytest.fixture
def threads() -> Iterator[None]:
    """Puts OpenCV's number of threads back."""
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def whole(place: str, seed: int, size: int) -> NDArray[np.uint8]:
    return draw_perch(draw_scene(place, seed, size), place, seed, (0.45, 0.7))


def test_the_places_are_the_eight_of_the_benchmark_in_their_order() -> None:
    groups = {name: place.group for name, place in PLACES.items()}
    assert list(groups) == ["bamboo_forest", "broadleaf_forest", "desert", "meadow", "city", "snow", "ocean", "lake"]
    assert [name for name, group in groups.items() if group == "water"] == ["ocean", "lake"]
    assert set(groups.values()) == {"land", "water"}
    assert all(place.name == name and place.title for name, place in PLACES.items())


@EACH_PLACE
@pytest.mark.parametrize("size", [64, 97, 300])
def test_a_scene_is_an_rgb_picture_of_the_size_asked_for(place: str, size: int) -> None:
    scene = draw_scene(place, 0, size)
    assert scene.shape == (size, size, 3)
    assert scene.dtype == np.uint8
    assert scene.std() > 12, "a scene is no plain surface"
    perched = draw_perch(scene, place, 0, (0.5, 0.7))
    assert perched.shape == scene.shape
    assert perched.dtype == np.uint8


@EACH_PLACE
def test_the_number_of_threads_changes_no_byte(place: str, threads: None) -> None:
    pictures = []
    for count in (1, 2):
        cv2.setNumThreads(count)
        pictures.append([whole(place, 5, 96), whole(place, 5, 512)])
    for one, two in zip(*pictures, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_fresh_process_draws_the_same_bytes() -> None:
    program = """
import hashlib
from bgbias_core.aviary.scenes import PLACES, draw_perch, draw_scene
for place in PLACES:
    picture = draw_perch(draw_scene(place, 11, 96), place, 11, (0.45, 0.7))
    print(hashlib.sha256(picture.tobytes()).hexdigest())
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = [hashlib.sha256(whole(place, 11, 96).tobytes()).hexdigest() for place in PLACES]
    assert run.stdout.split() == here


@EACH_PLACE
def test_no_two_seeds_show_the_same_scene(place: str) -> None:
    small = np.stack(
        [cv2.resize(draw_scene(place, seed, 96), (16, 16), interpolation=cv2.INTER_AREA) for seed in range(24)]
    )
    flat = small.reshape(24, -1).astype(np.float32)
    apart = np.abs(flat[:, None] - flat[None]).mean(-1)
    assert apart[~np.eye(24, dtype=bool)].min() > 4, "even at 16 pixels, two scenes differ by several grey levels"


@EACH_PLACE
def test_a_seed_shows_the_same_scene_at_every_size(place: str) -> None:
    for seed in range(3):
        small = whole(place, seed, 96).astype(np.float32)
        large = cv2.resize(whole(place, seed, 512), (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
        other = whole(place, seed + 100, 96).astype(np.float32)
        assert np.abs(small - large).mean() < 6, "edges alone may differ: their anti-aliasing is one pixel wide"
        assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.96
        assert np.abs(small - large).mean() < 0.25 * np.abs(small - other).mean()


@EACH_PLACE
@pytest.mark.parametrize("feet", [(0.2, 0.5), (0.8, 0.5), (0.5, 0.7), (0.2, 0.95), (0.8, 0.95)])
def test_the_perch_meets_the_feet_and_leaves_the_scene_above_untouched(place: str, feet: tuple[float, float]) -> None:
    size = 192
    for seed in range(6):
        scene = draw_scene(place, seed, size)
        before = scene.copy()
        changed = (draw_perch(scene, place, seed, feet) != scene).any(-1)
        np.testing.assert_array_equal(scene, before)
        column, row = int(feet[0] * size), int(feet[1] * size)
        assert changed[row : row + 2, column - 3 : column + 4].mean() > 0.9, "the feet stand on the perch"
        assert not changed[: row - size // 16, column - 3 : column + 4].any(), "nothing hangs in front of the bird"
        assert not changed[: row - size // 4].any()
        assert changed.mean() < 0.4


def test_the_perch_follows_the_feet() -> None:
    scene = draw_scene("desert", 2, 128)
    left, right = (draw_perch(scene, "desert", 2, (x, 0.7)) != scene for x in (0.25, 0.75))
    assert left[:, :64].sum() > 5 * left[:, 64:].sum()
    assert right[:, 64:].sum() > 5 * right[:, :64].sum()


def test_unknown_places_and_unusable_arguments_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="no place named 'dessert'; did you mean desert"):
        draw_scene("dessert", 0, 96)
    with pytest.raises(UnknownNameError, match="no place named 'moon'"):
        draw_perch(np.zeros((96, 96, 3), np.uint8), "moon", 0, (0.5, 0.5))
    with pytest.raises(ConfigError, match="seed must be 0 or more, got -1"):
        draw_scene("lake", -1, 96)
    with pytest.raises(ConfigError, match="at least 16 pixels wide, got 8"):
        draw_scene("lake", 0, 8)


def test_a_linear_probe_names_the_place_of_an_empty_scene() -> None:
    def features(seeds: range) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        pictures = [draw_scene(place, seed, 96) for place in PLACES for seed in seeds]
        thumbnails = np.stack(
            [cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).ravel() for picture in pictures]
        )
        histograms = np.stack(
            [cv2.calcHist([picture], [0, 1, 2], None, [4, 4, 4], [0, 256] * 3).ravel() for picture in pictures]
        )
        return np.hstack([thumbnails / 255.0, np.sqrt(histograms / 96**2)]), np.repeat(np.arange(8), len(seeds))

    train, train_places = features(range(40))
    test, test_places = features(range(1000, 1015))
    centred, targets = train - train.mean(0), np.eye(8)[train_places] - 1 / 8
    weights = np.linalg.solve(centred.T @ centred + 1.0 * np.eye(train.shape[1]), centred.T @ targets)
    named = ((test - train.mean(0)) @ weights).argmax(1)
    assert (named == test_places).mean() >= 0.95
