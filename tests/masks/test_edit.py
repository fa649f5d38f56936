"""Mending masks: exact distances, and the laws that growing and shrinking obey."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.images import Mask, check_mask
from bgbias_core.masks.edit import grow, paint, shrink

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=14)
SOFT = arrays.arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32))
HARD = arrays.arrays(np.float32, SHAPES, elements=st.sampled_from([0.0, 0.0, 0.0, 1.0]))
MASKS = SOFT | HARD
DISTANCES = st.floats(0, 6)


def grown_by_hand(mask: Mask, pixels: float) -> Mask:
    """The definition, pixel by pixel."""
    rows, columns = np.indices(mask.shape)
    grown = np.zeros_like(mask)
    for row, column in np.ndindex(mask.shape):
        near = (rows - row) ** 2 + (columns - column) ** 2 <= pixels**2
        grown[row, column] = mask[near].max()
    return grown


class TestGrowAndShrink:
    @settings(deadline=None, max_examples=80)
    @given(MASKS, DISTANCES)
    def test_grow_is_its_definition(self, mask: Mask, pixels: float) -> None:
        assert np.array_equal(grow(mask, pixels), grown_by_hand(mask, pixels))

    @settings(deadline=None, max_examples=80)
    @given(MASKS, DISTANCES)
    def test_laws(self, mask: Mask, pixels: float) -> None:
        grown, shrunk = grow(mask, pixels), shrink(mask, pixels)
        check_mask(grown)
        check_mask(shrunk)
        assert (grown >= mask).all()
        assert (shrunk <= mask).all()
        assert (shrink(grown, pixels) >= mask).all(), "closing never loses a pixel"
        assert (grow(shrunk, pixels) <= mask).all(), "opening never gains one"
        assert np.allclose(shrunk, 1 - grow(1 - mask, pixels), atol=1e-6)

    @settings(deadline=None, max_examples=40)
    @given(MASKS, DISTANCES)
    def test_the_input_is_left_alone(self, mask: Mask, pixels: float) -> None:
        before = mask.copy()
        for edited in (grow(mask, pixels), shrink(mask, pixels)):
            assert not np.shares_memory(edited, mask)
        assert np.array_equal(mask, before)

    def test_growing_a_point_gives_a_disk(self) -> None:
        point = np.zeros((101, 101), dtype=np.float32)
        point[50, 50] = 1
        assert abs(grow(point, 40).sum() - np.pi * 40**2) < 60

    def test_what_the_frame_cuts_does_not_shrink(self) -> None:
        mask = np.zeros((20, 20), dtype=np.float32)
        mask[:, :10] = 1
        assert np.array_equal(shrink(mask, 3), np.where(np.arange(20) < 7, 1, 0) * np.ones((20, 1)))

    @pytest.mark.parametrize("value", [0, 1])
    def test_empty_and_full_masks_stay(self, value: int) -> None:
        mask = np.full((9, 7), value, dtype=np.float32)
        for edit in (grow, shrink):
            assert np.array_equal(edit(mask, 4), mask)

    @pytest.mark.parametrize("pixels", [-1, 201, float("nan"), float("inf")])
    @pytest.mark.parametrize("edit", [grow, shrink])
    def test_refuses_impossible_distances(self, edit: Callable[[Mask, float], Mask], pixels: float) -> None:
        with pytest.raises(ConfigError, match="0, 200"):
            edit(np.ones((3, 3), dtype=np.float32), pixels)


class TestPaint:
    def test_keep_and_remove(self) -> None:
        mask = np.full((3, 4), 0.5, dtype=np.float32)
        strokes = np.zeros((3, 4), dtype=bool)
        strokes[1, 1:3] = True
        for keep in (True, False):
            painted = paint(mask, strokes, keep)
            assert painted.dtype == np.float32
            assert (painted[strokes] == keep).all()
            assert (painted[~strokes] == 0.5).all()
        assert (mask == 0.5).all()

    @pytest.mark.parametrize("strokes", [np.zeros((4, 3), dtype=bool), np.zeros((3, 4))])
    def test_refuses_other_strokes(self, strokes: np.ndarray) -> None:
        with pytest.raises(MaskError, match="Strokes"):
            paint(np.zeros((3, 4), dtype=np.float32), strokes, keep=True)
