"""Dials: masks that are wrong by a known amount, and objects of a known size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from bgbias_core.compositing import swap
from bgbias_core.errors import MaskError, UnknownNameError
from bgbias_core.evaluation.dials import (
    DIALS,
    FAMILIES,
    MASK_QUALITY,
    choose_dials,
    equivalent_diameter,
    resized,
    steps_of,
    worsened,
)
from bgbias_core.masks.edit import grow, shrink


def disc(radius: float, size: int = 81) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size // 2
    return (rows**2 + columns**2 <= radius**2).astype(np.float32)


def test_the_levels_are_these() -> None:
    assert {name: spec.levels for name, spec in DIALS.items()} == {
        "grow": (0.05, 0.1, 0.2, 0.4),
        "shrink": (0.05, 0.1, 0.2, 0.4),
        "shift": (0.05, 0.1, 0.2, 0.4),
        "holes": (0.1, 0.2, 0.4),
        "object size": (0.25, 0.5, 0.75, 1.25, 1.5),
    }
    assert all(spec.ordinary not in spec.levels for spec in DIALS.values())
    assert [name for name, spec in DIALS.items() if not spec.changes_mask] == ["object size"]
    assert len(steps_of(MASK_QUALITY)) == 15


def test_families_come_once_and_in_their_own_order() -> None:
    assert choose_dials(["object size", "mask quality", "object size"]) == FAMILIES
    assert choose_dials([]) == ()
    with pytest.raises(UnknownNameError, match="no dial named 'size'"):
        choose_dials(["size"])


def test_a_disc_is_as_wide_as_it_is() -> None:
    assert equivalent_diameter(disc(20)) == pytest.approx(40, abs=0.6)
    assert equivalent_diameter(disc(20) * np.float32(0.25)) == pytest.approx(20, abs=0.3), "half-covered counts half"


@pytest.mark.parametrize("level", [0.05, 0.1, 0.2, 0.4])
def test_grow_and_shrink_go_as_far_as_the_mask_editor_goes(level) -> None:
    mask = disc(15)
    mask[38:42, 5:60] = 1
    pixels = level * equivalent_diameter(mask)
    np.testing.assert_array_equal(worsened(mask, "grow", level, seed=0), grow(mask, pixels))
    np.testing.assert_array_equal(worsened(mask, "shrink", level, seed=0), shrink(mask, pixels))


def test_a_disc_grows_and_shrinks_by_its_known_areas() -> None:
    mask = disc(20)
    for dial, sign in (("grow", 1), ("shrink", -1)):
        wrong = worsened(mask, dial, 0.2, seed=0)
        assert wrong.sum() == pytest.approx(np.pi * (20 + sign * 8) ** 2, rel=0.06)


def test_an_object_at_the_frames_edge_keeps_that_edge() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[:20] = 1
    assert worsened(mask, "shrink", 0.2, seed=0)[0].all()
    whole = np.ones((9, 9), np.float32)
    np.testing.assert_array_equal(worsened(whole, "shrink", 0.4, seed=0), whole)
    np.testing.assert_array_equal(worsened(whole, "grow", 0.4, seed=0), whole)


def middle(mask) -> np.ndarray:
    return np.argwhere(mask).mean(axis=0)


@pytest.mark.parametrize("seed", range(6))
def test_a_shift_goes_its_distance_and_further_in_the_same_direction(seed) -> None:
    mask = disc(10)
    near, far = (middle(worsened(mask, "shift", level, seed=seed)) - middle(mask) for level in (0.2, 0.4))
    diameter = equivalent_diameter(mask)
    assert np.hypot(*near) == pytest.approx(0.2 * diameter, abs=0.8)
    assert np.hypot(*far) == pytest.approx(0.4 * diameter, abs=0.8)
    assert near @ far / (np.hypot(*near) * np.hypot(*far)) > 0.97
    assert worsened(mask, "shift", 0.4, seed=seed).sum() == mask.sum()


def test_shifts_go_in_many_directions_and_may_leave_the_frame() -> None:
    mask = disc(10)
    moved = [middle(worsened(mask, "shift", 0.4, seed=seed)) - middle(mask) for seed in range(40)]
    assert {(down > 0, right > 0) for down, right in moved} == {(a, b) for a in (True, False) for b in (True, False)}
    line = np.ones((1, 90), np.float32)
    for seed in range(8):
        assert worsened(line, "shift", 0.4, seed=seed).shape == (1, 90)


masks = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@for_all(masks, st.integers(0, 2**63))
@settings(max_examples=40, deadline=None)
def test_holes_take_exactly_their_share_of_the_object_and_hold_those_of_lower_levels(random, seed) -> None:
    mask = (random.random((30, 40)) < 0.4).astype(np.float32) * random.choice(np.float32([0.5, 1]))
    mask[3, 3] = 1
    before = mask.copy()
    last = mask
    for level in DIALS["holes"].levels:
        holed = worsened(mask, "holes", level, seed=seed)
        gone = (mask > 0) & (holed == 0)
        assert gone.sum() == round(level * (mask > 0).sum())
        np.testing.assert_array_equal(holed[~gone], mask[~gone])
        assert not (holed[last == 0]).any(), "a higher level has the holes of a lower one"
        last = holed
    np.testing.assert_array_equal(mask, before)


def test_holes_are_discs() -> None:
    mask = np.ones((200, 200), np.float32)
    hole = np.argwhere(worsened(mask, "holes", 0.02, seed=3) == 0)
    spread = hole.max(axis=0) - hole.min(axis=0)
    assert (spread <= 2 * 0.08 * equivalent_diameter(mask) + 1).all()


@pytest.mark.parametrize(("dial", "level"), steps_of(MASK_QUALITY))
def test_soft_masks_keep_their_values_and_the_same_seed_gives_the_same(dial, level) -> None:
    mask = disc(12) * np.float32(0.75)
    wrong = worsened(mask, dial, level, seed=5)
    assert set(np.unique(wrong)) <= {0, 0.75, 1}
    assert wrong.dtype == np.float32
    assert (wrong != mask).any()
    np.testing.assert_array_equal(wrong, worsened(mask, dial, level, seed=5))


def test_what_cannot_be_worsened_is_refused_in_words() -> None:
    with pytest.raises(UnknownNameError, match="no dial of the mask named 'object size'"):
        worsened(disc(5), "object size", 0.5, seed=0)
    with pytest.raises(MaskError, match="nothing of it can be wrong"):
        worsened(np.zeros((9, 9), np.float32), "grow", 0.1, seed=0)


def test_the_object_is_scaled_on_its_scene() -> None:
    random = np.random.default_rng(0)
    image, scene = (random.integers(0, 255, (81, 81, 3), dtype=np.uint8) for _ in range(2))
    mask = disc(16)
    for scale in DIALS["object size"].levels:
        made = resized(image, mask, scene, scale)
        # Pixels that are covered in part do not count, and two of the object's own pixels make one at its rim.
        assert np.pi * (16 * scale - 1.5) ** 2 <= made.mask.sum() <= np.pi * (16 * scale + 0.5) ** 2
        around = np.hypot(*(np.mgrid[:81, :81] - 40)) > 16 * scale + 2
        np.testing.assert_array_equal(made.image[around], scene[around])
    np.testing.assert_array_equal(resized(image, mask, scene, 1).image, swap(image, mask, scene).image)
