"""The contract that every masker keeps, and what GrabCut finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bgbias_core import images
from bgbias_core.errors import ImageError, MaskError, UnknownNameError
from bgbias_core.images import Image, Mask
from bgbias_core.masks import MASKERS, Box, Masker, check_box, default_masker, from_file, given, load_masker


def disk(
    height: int = 90, width: int = 120, centre: tuple[int, int] = (45, 55), radius: int = 22
) -> tuple[Image, Mask]:
    """A noisy orange disk on noisy green, and its mask."""
    rows, columns = np.indices((height, width))
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    colours = np.where(inside[..., None], [220, 120, 40], [60, 130, 70])
    noise = np.random.default_rng(3).normal(0, 12, colours.shape)
    return np.clip(colours + noise, 0, 255).astype(np.uint8), inside.astype(np.float32)


def overlap(first: Mask, second: Mask) -> float:
    """Intersection over union."""
    return float(np.minimum(first, second).sum() / np.maximum(first, second).sum())


@pytest.mark.parametrize("name", MASKERS)
class TestContract:
    @pytest.fixture
    def masker(self, name: str) -> Masker:
        return load_masker(name)

    def keeps_contract(self, masker: Masker, image: Image, box: Box | None = None) -> None:
        before, random_state = image.copy(), np.random.get_state()[1].copy()  # noqa: NPY002 - the state must not move
        result = masker(image, box=box)
        images.check_pair(image, result.mask)
        assert result.source == ("predicted" if box is None else "given box")
        assert result.masker == masker.name
        assert result.empty == (result.mask.max() == 0)
        assert result.area == pytest.approx(result.mask.mean())
        assert np.array_equal(image, before)
        assert np.array_equal(np.random.get_state()[1], random_state)  # noqa: NPY002
        assert np.array_equal(masker(image, box=box).mask, result.mask), "the same input gives the same mask"

    def test_name_and_title(self, name: str, masker: Masker) -> None:
        assert MASKERS[name].name == masker.name == name
        assert MASKERS[name].title

    @pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (5, 5), (7, 300), (301, 9), (33, 47)])
    def test_tiny_and_odd_sizes(self, masker: Masker, shape: tuple[int, int]) -> None:
        image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
        self.keeps_contract(masker, image)
        self.keeps_contract(masker, image, (0, 0, *shape[::-1]))

    @pytest.mark.parametrize("value", [0, 127, 255])
    def test_flat_images(self, masker: Masker, value: int) -> None:
        self.keeps_contract(masker, np.full((50, 60, 3), value, dtype=np.uint8))

    def test_grey_images(self, masker: Masker) -> None:
        self.keeps_contract(masker, np.repeat(disk()[0][..., :1], 3, axis=2))

    def test_strided_and_read_only_images(self, masker: Masker) -> None:
        image = disk()[0][::-1, ::2]
        image.flags.writeable = False
        self.keeps_contract(masker, image)

    @pytest.mark.parametrize(
        "box", [(20, 10, 70, 70), (-10, -10, 300, 300), (0, 0, 120, 90), (50, 40, 1, 1), (119, 89, 9, 9)]
    )
    def test_boxes(self, masker: Masker, box: Box) -> None:
        self.keeps_contract(masker, disk()[0], box)

    @settings(deadline=None, max_examples=60)
    @examples(
        arrays.arrays(
            np.uint8,
            st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)),
            elements=st.sampled_from([0, 1, 90, 255]),
        )
    )
    def test_any_small_image(self, name: str, image: Image) -> None:
        self.keeps_contract(load_masker(name), image)

    @pytest.mark.parametrize("box", [(120, 0, 5, 5), (0, 90, 5, 5), (-5, 0, 5, 5), (3, 3, 0, 4), (3, 3, 4, -4)])
    def test_refuses_boxes_without_a_pixel(self, masker: Masker, box: Box) -> None:
        with pytest.raises(MaskError, match="draw it around the object"):
            masker(disk()[0], box=box)

    def test_refuses_what_is_no_image(self, masker: Masker) -> None:
        with pytest.raises(ImageError):
            masker(disk()[0] / 255)

    @pytest.mark.real_data
    def test_photographs(self, masker: Masker, real_data: Path) -> None:
        for path in sorted((real_data / "cub" / "images").glob("*/*.jpg"))[::200]:
            self.keeps_contract(masker, images.read_image(path))


class TestGrabCut:
    def test_finds_the_disk_with_and_without_a_box(self) -> None:
        image, mask = disk()
        masker = load_masker("grabcut")
        assert overlap(masker(image).mask, mask) > 0.95
        assert overlap(masker(image, box=(30, 20, 55, 50)).mask, mask) > 0.95

    def test_finds_it_at_any_size(self) -> None:
        image, mask = disk()
        large = images.resize_pair(image, mask, (900, 1200), "squash")
        assert overlap(load_masker("grabcut")(large[0]).mask, large[1]) > 0.95

    def test_a_box_around_everything_still_finds_it(self) -> None:
        image, mask = disk()
        assert overlap(load_masker("grabcut")(image, box=(0, 0, 120, 90)).mask, mask) > 0.95

    def test_finds_nothing_outside_the_box(self) -> None:
        image, _ = disk()
        found = load_masker("grabcut")(image, box=(30, 20, 30, 50)).mask
        assert found[:, :30].max() == 0
        assert found[:, 60:].max() == 0

    def test_flat_and_tiny_images_hold_no_object(self) -> None:
        masker = load_masker("grabcut")
        assert masker(np.full((40, 40, 3), 90, dtype=np.uint8)).empty
        assert masker(np.full((40, 40, 3), 90, dtype=np.uint8), box=(5, 5, 20, 20)).empty
        assert masker(np.zeros((2, 2, 3), dtype=np.uint8)).empty

    def test_nothing_outside_the_central_part_without_a_box(self) -> None:
        image, _ = disk(centre=(4, 6), radius=9)
        found = load_masker("grabcut")(image).mask
        assert found[:9].max() == 0
        assert found[:, :12].max() == 0

    @pytest.mark.real_data
    def test_birds_in_their_boxes(self, real_data: Path) -> None:
        lines = (real_data / "cub" / "images.txt").read_text().splitlines()[::60]
        boxes = dict(
            line.split(maxsplit=1) for line in (real_data / "cub" / "bounding_boxes.txt").read_text().splitlines()
        )
        overlaps = []
        for key, name in (line.split() for line in lines):
            image = images.read_image(real_data / "cub" / "images" / name)
            mask = images.read_mask((real_data / "cub" / "segmentations" / name).with_suffix(".png"))
            box = tuple(round(float(number)) for number in boxes[key].split())
            overlaps.append(overlap(load_masker("grabcut")(image, box=box).mask, mask))
        assert np.mean(overlaps) > 0.7


class TestGiven:
    def test_keeps_the_mask(self) -> None:
        image, mask = disk()
        result = given(image, mask)
        assert result.mask is mask
        assert result.source == "given"

    def test_refuses_a_mask_of_another_size(self) -> None:
        image, mask = disk()
        with pytest.raises(MaskError, match="120×89"):
            given(image, mask[:-1])


class TestFromFile:
    def test_from_bytes_and_from_a_path(self, tmp_path: Path) -> None:
        image, mask = disk()
        data = images.encode_mask_png(mask)
        (tmp_path / "mask.png").write_bytes(data)
        for file in (data, tmp_path / "mask.png", str(tmp_path / "mask.png")):
            result = from_file(image, file)
            assert np.array_equal(result.mask, mask)
            assert result.source == "given"

    def test_refuses_in_words(self, tmp_path: Path) -> None:
        image, mask = disk()
        with pytest.raises(MaskError, match="119×90"):
            from_file(image, images.encode_mask_png(mask[:, 1:]))
        with pytest.raises(ImageError, match="no such file"):
            from_file(image, tmp_path / "absent.png")
        with pytest.raises(ImageError, match="not a picture"):
            from_file(image, b"text")


class TestRegistry:
    def test_default_is_known(self) -> None:
        for kind in ("photograph", "aviary"):
            assert load_masker(default_masker(kind)).name == default_masker(kind)
            assert kind in MASKERS[default_masker(kind)].kinds

    def test_unknown_names_list_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean grabcut"):
            load_masker("grabcat")


@pytest.mark.parametrize("box", [(1, 2, 3), (float("nan"), 0, 3, 3), (0.5, 0, 3, 3)])
def test_boxes_are_four_whole_numbers(box: Box) -> None:
    with pytest.raises(MaskError, match="whole pixels"):
        check_box(box, (10, 10))
