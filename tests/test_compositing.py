"""Swapping keeps the object to the byte, moves it whole, and fits scenes as Waterbirds does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bgbias_core import images
from bgbias_core.compositing import Placement, fade, fit_scene, swap
from bgbias_core.errors import ConfigError, ImageError, MaskError
from bgbias_core.images import Image, Mask

SIDES = st.integers(1, 24)
SHIFTS = st.floats(-1, 1)


def noise(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@st.composite
def pairs(draw: st.DrawFn, *, hard: bool = False) -> tuple[Image, Mask]:
    """An image and a mask that marks something."""
    height, width = draw(SIDES), draw(SIDES)
    values = st.sampled_from([0.0, 1.0]) if hard else st.sampled_from([0.0, 1.0]) | st.floats(0, 1, width=32)
    mask = draw(arrays.arrays(np.float32, (height, width), elements=values))
    assume(mask.any())
    return noise(height, width, draw(st.integers(0, 9))), mask


def scene_by_the_letter(scene: PIL.Image.Image, tw: int, th: int) -> PIL.Image.Image:
    """The published geometry read line by line, with the names of its description."""
    w, h = scene.size
    if w < tw or h < th:
        by_width = int(tw / w * h)
        if by_width >= th:
            return scene_by_the_letter(scene.resize((tw, by_width), PIL.Image.Resampling.LANCZOS), tw, th)
        by_height = int(th / h * w)
        return scene_by_the_letter(scene.resize((by_height, th), PIL.Image.Resampling.LANCZOS), tw, th)
    if w / h > tw / th:
        new = int(tw / th * h)
        offset = (w - new) // 2
        cropped = scene.crop((offset, 0, w - offset, h))
    else:
        new = int(w / (tw / th))
        offset = (h - new) // 2
        cropped = scene.crop((0, offset, w, h - offset))
    return cropped.resize((tw, th), PIL.Image.Resampling.LANCZOS)


class TestFitScene:
    @settings(deadline=None, max_examples=200)
    @given(st.tuples(*[st.integers(2, 90)] * 4))
    def test_is_the_published_geometry(self, sides: tuple[int, int, int, int]) -> None:
        height, width, scene_height, scene_width = sides
        scene = noise(scene_height, scene_width)
        expected = np.asarray(scene_by_the_letter(PIL.Image.fromarray(scene), width, height))
        assert np.array_equal(fit_scene(scene, height, width), expected)

    def test_is_the_published_geometry_where_a_larger_scene_is_cropped(self) -> None:
        for sides in np.random.default_rng(0).integers(20, 60, (150, 4)):
            height, width, scene_height, scene_width = (int(side) for side in sides + [0, 0, 40, 40])
            scene = noise(scene_height, scene_width)
            expected = np.asarray(scene_by_the_letter(PIL.Image.fromarray(scene), width, height))
            assert np.array_equal(fit_scene(scene, height, width), expected)

    def test_a_scene_of_the_same_size_stays(self) -> None:
        for side in range(1, 60):
            assert np.array_equal(fit_scene(noise(side, 31), side, 31), noise(side, 31))

    def test_keeps_the_aspect_ratio_and_the_centre(self) -> None:
        scene = np.zeros((100, 300, 3), dtype=np.uint8)
        scene[:, 100:200] = 250
        assert (fit_scene(scene, 50, 50) == 250).all()

    @pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1)])
    @pytest.mark.parametrize("scene", [(1, 1), (3, 50), (50, 3), (90, 90)])
    def test_degenerate_sizes_are_defined(self, size: tuple[int, int], scene: tuple[int, int]) -> None:
        assert fit_scene(noise(*scene), *size).shape == (*size, 3)

    def test_refuses_a_scene_that_would_grow_beyond_the_limit(self) -> None:
        with pytest.raises(ImageError, match="too narrow"):
            fit_scene(noise(30_000, 1), 500, 500)
        with pytest.raises(ConfigError, match="1×1"):
            fit_scene(noise(3, 3), 0, 5)


class TestSwap:
    @settings(deadline=None, max_examples=120)
    @given(pairs(), SIDES, SIDES, st.floats(0, 8))
    def test_the_object_stays_to_the_byte(
        self, pair: tuple[Image, Mask], height: int, width: int, feather: float
    ) -> None:
        image, mask = pair
        before = image.copy(), mask.copy()
        composite = swap(image, mask, noise(height, width, 7), feather=feather)
        assert composite.image.dtype == np.uint8
        assert np.array_equal(composite.image[mask == 1], image[mask == 1])
        assert np.array_equal(composite.mask, mask)
        assert not np.shares_memory(composite.mask, mask)
        assert np.array_equal(image, before[0])
        assert np.array_equal(mask, before[1])

    @settings(deadline=None, max_examples=60)
    @given(pairs(), st.floats(0, 8))
    def test_swapping_a_scene_for_itself_changes_nothing(self, pair: tuple[Image, Mask], feather: float) -> None:
        image, mask = pair
        assert np.array_equal(swap(image, mask, image, feather=feather).image, image)

    @settings(deadline=None, max_examples=60)
    @given(pairs())
    def test_soft_masks_are_the_opacity(self, pair: tuple[Image, Mask]) -> None:
        image, mask = pair
        scene = noise(*mask.shape, 5)
        by_hand = image * mask[..., None].astype(float) + scene * (1 - mask[..., None].astype(float))
        assert np.abs(swap(image, mask, scene).image - by_hand).max() <= 0.5 + 1e-4

    def test_feather_reaches_outward_only_and_falls_off_as_a_gaussian(self) -> None:
        mask = np.zeros((41, 41), dtype=np.float32)
        mask[20, 20] = 1
        white, black = np.full((41, 41, 3), 255, dtype=np.uint8), np.zeros((41, 41, 3), dtype=np.uint8)
        opacity = swap(white, mask, black, feather=9).image[..., 0] / 255
        rows, columns = np.indices(mask.shape)
        distance = np.hypot(rows - 20, columns - 20)
        near = distance <= 9
        assert np.allclose(opacity[near], np.exp(-(distance[near] ** 2) / (2 * 3**2)), atol=0.003)
        assert opacity[distance > 9].max() < 0.012
        assert np.array_equal(swap(white, mask, black).image[..., 0] / 255, mask)

    @pytest.mark.parametrize("scale", [0.5, 2.0])
    def test_feather_is_in_pixels_of_the_composite_at_any_scale(self, scale: float) -> None:
        mask = np.zeros((20, 160), dtype=np.float32)
        mask[:, 70:90] = 1
        white, black = np.full((20, 160, 3), 255, dtype=np.uint8), np.zeros((20, 160, 3), dtype=np.uint8)
        opacity = swap(white, mask, black, feather=12, placement=Placement(scale)).image[10, :, 0] / 255
        rim = round(80 + 10 * scale)
        # 4 pixels out is one standard deviation of the Gaussian that ends 12 pixels out, give or take a source pixel.
        assert opacity[rim + 3 : rim + 5].mean() == pytest.approx(np.exp(-0.5), abs=0.15)
        assert opacity[rim + 14] < 0.02

    def test_moved_by_whole_pixels_the_object_stays_sharp(self) -> None:
        image, mask = noise(20, 40), np.zeros((20, 40), dtype=np.float32)
        mask[5:10, 8:20] = 1
        mask[6, 9] = 0
        composite = swap(image, mask, noise(20, 40, 1), placement=Placement(dx=0.25, dy=-0.1))
        assert np.array_equal(composite.mask, np.roll(mask, (-2, 10), axis=(0, 1)))
        expected = np.where(composite.mask[..., None] == 1, np.roll(image, (-2, 10), axis=(0, 1)), noise(20, 40, 1))
        assert np.array_equal(composite.image, expected)

    def test_what_leaves_the_frame_is_cut_off(self) -> None:
        image, mask = noise(10, 10), np.zeros((10, 10), dtype=np.float32)
        mask[2:8, 2:8] = 1
        half = swap(image, mask, noise(10, 10, 1), placement=Placement(dx=0.5))
        assert half.mask.sum() == 6 * 3
        gone = swap(image, mask, noise(10, 10, 1), placement=Placement(dx=-1, dy=1))
        assert not gone.mask.any()
        assert np.array_equal(gone.image, noise(10, 10, 1))

    @pytest.mark.parametrize("scale", [0.4, 0.5, 1.5, 2.0, 2.7])
    def test_scales_about_the_centre_of_its_own_box(self, scale: float) -> None:
        mask = np.zeros((120, 140), dtype=np.float32)
        mask[40:70, 60:100] = 1
        moved = swap(noise(120, 140), mask, noise(9, 9), placement=Placement(scale=scale)).mask
        rows, columns = np.nonzero(moved)
        assert abs((rows.min() + rows.max() + 1) / 2 - 55) <= 1
        assert abs((columns.min() + columns.max() + 1) / 2 - 80) <= 1
        # Full coverage loses a rim of half the resampling kernel.
        assert abs(np.ptp(rows) + 1 - 30 * scale) <= 2 + scale
        assert abs(np.ptp(columns) + 1 - 40 * scale) <= 2 + scale

    @pytest.mark.parametrize("scale", [0.3, 0.75, 1.4, 3.0])
    @pytest.mark.parametrize("feather", [0, 3])
    def test_no_dark_rim_and_no_old_background(self, scale: float, feather: float) -> None:
        mask = np.zeros((60, 60), dtype=np.float32)
        mask[20:40, 25:45] = 1
        image = np.full((60, 60, 3), 200, dtype=np.uint8)
        if not feather:
            image[mask == 0] = [0, 255, 0]
        scene = np.full((60, 60, 3), 200, dtype=np.uint8)
        composite = swap(image, mask, scene, feather=feather, placement=Placement(scale, 0.1, -0.05))
        assert (composite.image == 200).all()

    @settings(deadline=None, max_examples=120)
    @given(pairs(hard=True), st.floats(0.05, 10), SHIFTS, SHIFTS, st.floats(0, 4))
    def test_where_the_new_mask_is_one_no_scene_shows(
        self, pair: tuple[Image, Mask], scale: float, dx: float, dy: float, feather: float
    ) -> None:
        image, mask = pair
        placement = Placement(scale, dx, dy)
        first, second = (
            swap(image, mask, np.full((4, 4, 3), value, dtype=np.uint8), feather=feather, placement=placement)
            for value in (0, 255)
        )
        images.check_pair(first.image, first.mask)
        assert set(np.unique(first.mask)) <= {0.0, 1.0}
        assert np.array_equal(first.mask, second.mask)
        assert np.array_equal(first.image[first.mask == 1], second.image[first.mask == 1])

    @settings(deadline=None, max_examples=60)
    @given(pairs(), st.floats(0.05, 10), SHIFTS, SHIFTS)
    def test_soft_masks_stay_masks_when_moved(
        self, pair: tuple[Image, Mask], scale: float, dx: float, dy: float
    ) -> None:
        image, mask = pair
        composite = swap(image, mask, noise(5, 5), placement=Placement(scale, dx, dy))
        images.check_pair(composite.image, composite.mask)
        assert composite.mask.max() <= mask.max() + 1e-5

    def test_refuses_in_words(self) -> None:
        image, mask = noise(6, 6), np.ones((6, 6), dtype=np.float32)
        with pytest.raises(MaskError, match="marks nothing"):
            swap(image, mask * 0, image)
        with pytest.raises(MaskError, match="5×6"):
            swap(image, mask[:, 1:], image)
        with pytest.raises(ImageError):
            swap(image, mask, image[..., 0])
        for feather in (-1.0, float("nan"), float("inf")):
            with pytest.raises(ConfigError, match="feather"):
                swap(image, mask, image, feather=feather)


class TestPlacement:
    @pytest.mark.parametrize("scale", [0, -1, 0.01, 11, float("nan"), float("inf")])
    def test_refuses_impossible_scales(self, scale: float) -> None:
        with pytest.raises(ConfigError, match="scale"):
            Placement(scale=scale)

    @pytest.mark.parametrize("shift", [-1.1, 1.1, float("nan"), float("-inf")])
    def test_refuses_impossible_shifts(self, shift: float) -> None:
        with pytest.raises(ConfigError, match="dx"):
            Placement(dx=shift)
        with pytest.raises(ConfigError, match="dy"):
            Placement(dy=shift)


class TestFade:
    IMAGE = noise(12, 16)
    SCENE = noise(12, 16, 1)
    MASK = np.zeros((12, 16), dtype=np.float32)
    MASK[3:9, 4:10] = 1

    def test_three_stations(self) -> None:
        assert np.array_equal(fade(self.IMAGE, self.MASK, self.SCENE, 0).image, self.IMAGE)
        plain = fade(self.IMAGE, self.MASK, self.SCENE, 0.5).image
        assert (plain[self.MASK == 0] == 128).all()
        assert np.array_equal(plain[self.MASK == 1], self.IMAGE[self.MASK == 1])
        assert np.array_equal(
            fade(self.IMAGE, self.MASK, self.SCENE, 1).image, swap(self.IMAGE, self.MASK, self.SCENE).image
        )

    @settings(deadline=None, max_examples=40)
    @given(st.floats(0, 1))
    def test_linear_between(self, amount: float) -> None:
        stations = np.stack([self.IMAGE, np.full_like(self.IMAGE, 128), self.SCENE]).astype(float)
        first = min(int(2 * amount), 1)
        expected = stations[first] + (2 * amount - first) * (stations[first + 1] - stations[first])
        faded = fade(self.IMAGE, self.MASK, self.SCENE, amount)
        outside = self.MASK == 0
        assert np.abs(faded.image - expected)[outside].max() <= 0.5 + 1e-4
        assert np.array_equal(faded.image[~outside], self.IMAGE[~outside])
        assert np.array_equal(faded.mask, self.MASK)

    def test_a_moved_object_leaves_no_twin(self) -> None:
        image = np.full((40, 60, 3), 90, dtype=np.uint8)
        mask = np.zeros((40, 60), dtype=np.float32)
        mask[10:20, 5:15] = 1
        image[mask == 1] = 250
        faded = fade(image, mask, self.SCENE, 0, placement=Placement(dx=0.5))
        assert (faded.image[faded.mask == 1] == 250).all()
        assert np.abs(faded.image[faded.mask == 0].astype(int) - 90).max() <= 2

    def test_a_full_mask_leaves_no_background_to_fill_from(self) -> None:
        full = np.ones((12, 16), dtype=np.float32)
        faded = fade(self.IMAGE, full, self.SCENE, 0, placement=Placement(dx=0.5))
        assert (faded.image[:, :8] == 128).all()

    @pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan")])
    def test_refuses_other_amounts(self, amount: float) -> None:
        with pytest.raises(ConfigError, match="amount"):
            fade(self.IMAGE, self.MASK, self.SCENE, amount)


@pytest.mark.real_data
def test_birds_on_other_scenes(real_data: Path) -> None:
    scenes = [next(folder.glob("*.jpg")) for folder in sorted((real_data / "scenes").iterdir())]
    names = [line.split()[1] for line in (real_data / "cub" / "images.txt").read_text().splitlines()[::250]]
    for name in names:
        image = images.read_image(real_data / "cub" / "images" / name)
        mask = images.read_mask((real_data / "cub" / "segmentations" / name).with_suffix(".png"))
        for path in scenes:
            scene = images.read_image(path)
            composite = swap(image, mask, scene)
            assert np.array_equal(composite.image[mask == 1], image[mask == 1])
            height, width = mask.shape
            fitted = np.asarray(scene_by_the_letter(PIL.Image.fromarray(scene), width, height))
            assert np.array_equal(composite.image[mask == 0], fitted[mask == 0])
            moved = swap(image, mask, scene, feather=2, placement=Placement(0.5, 0.1, 0.1))
            # Thin parts do not survive full coverage, so the quarter of the area is an upper bound.
            assert 0.1 < moved.mask.sum() / mask.sum() <= 0.26
