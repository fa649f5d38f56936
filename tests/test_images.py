"""Image and mask belong together, change size together, and survive encoding."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bgbias_core import images
from bgbias_core.errors import ConfigError, ImageError, MaskError

PHOTO = np.random.default_rng(0).integers(0, 256, (23, 31, 3), dtype=np.uint8)
SMOOTH = np.stack(np.meshgrid(np.arange(31) * 8, np.arange(23) * 8), axis=2)[..., [0, 1, 0]].astype(np.uint8)


class TestCheckPair:
    def test_accepts_a_pair(self) -> None:
        images.check_pair(PHOTO, np.ones(PHOTO.shape[:2], dtype=np.float32))

    @pytest.mark.parametrize(
        ("mask", "says"),
        [
            (np.zeros((23, 30), dtype=np.float32), "30×23"),
            (np.zeros((23, 31)), "float64"),
            (np.zeros((23, 31), dtype=bool), "bool"),
            (np.zeros((23, 31, 1), dtype=np.float32), "[23, 31, 1]"),
            (np.full((23, 31), 255, dtype=np.float32), "255"),
            (np.full((23, 31), -0.1, dtype=np.float32), "-0.1"),
            (np.full((23, 31), np.nan, dtype=np.float32), "nan"),
            (None, "NoneType"),
        ],
    )
    def test_refuses_other_masks(self, mask: images.Mask, says: str) -> None:
        with pytest.raises(MaskError) as caught:
            images.check_pair(PHOTO, mask)
        assert says in str(caught.value)

    @pytest.mark.parametrize("image", [PHOTO / 255, PHOTO[..., 0], PHOTO[..., :2], PHOTO[:0], "photo"])
    def test_refuses_other_images(self, image: images.Image) -> None:
        with pytest.raises(ImageError):
            images.check_pair(image, np.ones((23, 31), dtype=np.float32))


class TestResize:
    def test_squash_uses_the_whole_image(self) -> None:
        assert np.array_equal(
            images.resize(SMOOTH, (8, 40), "squash"),
            np.asarray(PIL.Image.fromarray(SMOOTH).resize((40, 8), PIL.Image.Resampling.BICUBIC)),
        )

    def test_crop_keeps_the_centre(self) -> None:
        wide = np.zeros((4, 12, 3), dtype=np.uint8)
        wide[:, 4:8] = 200
        assert (images.resize(wide, (4, 4), "crop") == 200).all()

    def test_pad_keeps_everything_on_the_fill(self) -> None:
        wide = np.full((4, 12, 3), 200, dtype=np.uint8)
        image, mask = images.resize_pair(wide, np.ones((4, 12), dtype=np.float32), (12, 12), "pad", fill=(1, 2, 3))
        assert (image[4:8] == 200).all()
        assert (image[:4] == [1, 2, 3]).all()
        assert (image[8:] == [1, 2, 3]).all()
        assert (mask[4:8] == 1).all()
        assert mask.sum() == 48

    @settings(deadline=None, max_examples=100)
    @given(
        arrays.arrays(
            np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(0, 1, width=32)
        ),
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
        st.sampled_from(["squash", "crop", "pad"]),
    )
    def test_masks_stay_masks_and_pairs_stay_pairs(
        self, mask: images.Mask, size: tuple[int, int], rule: images.ResizeRule
    ) -> None:
        image = np.zeros((*mask.shape, 3), dtype=np.uint8)
        image[:] = 7
        resized, resized_mask = images.resize_pair(image, mask, size, rule)
        images.check_pair(resized, resized_mask)
        assert resized.shape == (*size, 3)
        assert np.array_equal(resized, images.resize(image, size, rule))
        full = images.resize_pair(image, np.ones_like(mask), size, rule)[1]
        assert set(np.unique(full)) <= ({0.0, 1.0} if rule == "pad" else {1.0})
        assert np.array_equal(full == 1, resized[..., 0] == 7), "mask and image cover the same pixels"

    @pytest.mark.parametrize("rule", ["squash", "crop", "pad"])
    def test_image_and_mask_move_alike(self, rule: images.ResizeRule) -> None:
        mask = np.zeros((40, 60), dtype=np.float32)
        mask[8:21, 30:50] = 1
        image = np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2)
        resized, resized_mask = images.resize_pair(image, mask, (35, 27), rule)
        # Bicubic and bilinear edges differ; the centre of what they show does not.
        for axis in (0, 1):
            profiles = resized[..., 0].sum(axis=axis), resized_mask.sum(axis=axis)
            centres = [np.average(np.arange(len(profile)), weights=profile) for profile in profiles]
            assert centres[0] == pytest.approx(centres[1], abs=0.1)

    @pytest.mark.parametrize("rule", ["squash", "crop", "pad"])
    def test_the_same_size_changes_nothing(self, rule: images.ResizeRule) -> None:
        mask = PHOTO[..., 0] / np.float32(255)
        image, same = images.resize_pair(PHOTO, mask, mask.shape, rule)
        assert np.array_equal(image, PHOTO)
        assert np.array_equal(same, mask)

    def test_refuses_unknown_rules_and_sizes(self) -> None:
        with pytest.raises(ConfigError, match="squash, crop, pad"):
            images.resize(PHOTO, (4, 4), "stretch")  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="at least 1"):
            images.resize(PHOTO, (0, 4), "squash")


class TestEncode:
    def test_png_is_lossless(self) -> None:
        assert np.array_equal(images.decode(images.encode_png(PHOTO)), PHOTO)

    def test_jpeg_quality_counts(self) -> None:
        assert len(images.encode_jpeg(PHOTO, 40)) < len(images.encode_jpeg(PHOTO, 95))

    def test_digest_tells_pictures_and_shapes_apart(self) -> None:
        changed = PHOTO.copy()
        changed[0, 0, 0] ^= 1
        assert images.digest(PHOTO) == images.digest(PHOTO.copy(order="F"))
        assert len({images.digest(picture) for picture in (PHOTO, changed, PHOTO.reshape(31, 23, 3))}) == 3
