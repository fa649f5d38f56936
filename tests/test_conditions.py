"""Conditions: known answers on tiny pictures, what each must and must not show, and the draw of donors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgbias_core.compositing import fit_scene, without_object
from bgbias_core.conditions import CONDITIONS, NOISE_SIGMA, draw_donors, present, tiled
from bgbias_core.errors import ConfigError, ImageError, MaskError, UnknownNameError

OBJECT = (255, 0, 255)
SHOWING = ("original", "mixed_same", "mixed_rand", "only_fg", "foreign", "noise_fg", "noise_bg")
TAKEN_OUT = ("only_bg_b", "only_bg_t", "no_fg")


def numbered(height: int, width: int) -> np.ndarray:
    """Every pixel has a value of its own, the same in all three channels, from 1."""
    return np.repeat(np.arange(1, height * width + 1, dtype=np.uint8).reshape(height, width, 1), 3, axis=2)


def mask_of(rows: list[str]) -> np.ndarray:
    return np.array([[cell == "#" for cell in row] for row in rows], dtype=np.float32)


IMAGE = numbered(4, 5)
# The box of this object is rows 1–2 and columns 1–2; its shape leaves out one corner of the box.
MASK = mask_of([".....", ".#...", ".##..", "....."])


def show(condition: str, image=IMAGE, mask=MASK, donor=None, scene=None):
    return present(condition, image, mask, donor=donor, scene=scene)


def test_the_names_and_titles_are_the_published_ones() -> None:
    assert {name: spec.title for name, spec in CONDITIONS.items()} == {
        "original": "original",
        "mixed_same": "Mixed-Same",
        "mixed_rand": "Mixed-Rand",
        "only_fg": "Only-FG",
        "only_bg_b": "Only-BG-B",
        "only_bg_t": "Only-BG-T",
        "no_fg": "No-FG",
        "foreign": "foreign scene",
        "noise_fg": "Noise-FG",
        "noise_bg": "Noise-BG",
    }
    assert all(spec.name == name for name, spec in CONDITIONS.items())
    assert {name for name, spec in CONDITIONS.items() if spec.shows_object} == set(SHOWING)


def test_the_original_is_a_copy() -> None:
    shown = show("original")
    assert np.array_equal(shown.image, IMAGE)
    assert np.array_equal(shown.mask, MASK)
    shown.image[:], shown.mask[:] = 0, 0
    assert IMAGE.any()
    assert MASK.any()


def test_only_fg_by_hand() -> None:
    shown = show("only_fg")
    assert shown.image[..., 1].tolist() == [[0, 0, 0, 0, 0], [0, 7, 0, 0, 0], [0, 12, 13, 0, 0], [0, 0, 0, 0, 0]]
    assert np.array_equal(shown.mask, MASK)


def test_only_bg_b_by_hand() -> None:
    assert show("only_bg_b").image[..., 0].tolist() == [
        [1, 2, 3, 4, 5],
        [6, 0, 0, 9, 10],
        [11, 0, 0, 14, 15],
        [16, 17, 18, 19, 20],
    ]


def test_no_fg_by_hand() -> None:
    assert show("no_fg").image[..., 2].tolist() == [
        [1, 2, 3, 4, 5],
        [6, 0, 8, 9, 10],
        [11, 0, 0, 14, 15],
        [16, 17, 18, 19, 20],
    ]


def test_only_bg_t_repeats_the_largest_strip_by_hand() -> None:
    # Right of the box lie columns 3 and 4: 8 pixels, more than any other strip. Repeated from the left, column 1 shows
    # the strip's second column and column 2 its first.
    assert show("only_bg_t").image[..., 0].tolist() == [
        [1, 2, 3, 4, 5],
        [6, 10, 9, 9, 10],
        [11, 15, 14, 14, 15],
        [16, 17, 18, 19, 20],
    ]


@pytest.mark.parametrize(
    ("rows", "filled"),
    [
        # The largest strip is rows 0–1, repeated downwards: row 2 shows row 0, row 3 shows row 1.
        (["....", "....", ".##.", ".##."], [[2, 3], [6, 7]]),
        # The largest strip is rows 2–3: row 0 shows row 2, row 1 shows row 3.
        ([".##.", ".##.", "....", "...."], [[10, 11], [14, 15]]),
        # The largest strip is columns 0–1, repeated to the right.
        (["....", "..##", "..##", "...."], [[5, 6], [9, 10]]),
    ],
)
def test_strips_above_below_and_beside(rows, filled) -> None:
    mask = mask_of(rows)
    where = np.argwhere(mask > 0)
    (top, left), (bottom, right) = where.min(axis=0), where.max(axis=0) + 1
    shown = tiled(numbered(4, 4), mask)
    assert shown[top:bottom, left:right, 0].tolist() == filled


def test_a_box_that_fills_the_frame_is_painted_over() -> None:
    image, mask = numbered(9, 9), np.zeros((9, 9), np.float32)
    mask[0, 0] = mask[8, 8] = 1
    assert np.array_equal(tiled(image, mask), without_object(image, mask))
    assert np.array_equal(present("only_bg_t", image, mask).image, without_object(image, mask))


@pytest.mark.parametrize("condition", TAKEN_OUT)
def test_where_the_object_is_taken_out_there_is_nothing_to_look_at(condition) -> None:
    shown = show(condition)
    assert shown.mask.shape == MASK.shape
    assert not shown.mask.any()


objects = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def blob(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A soft blob that leaves at least one row free."""
    mask = np.zeros((height, width), np.float32)
    top, left = int(random.integers(0, height - 1)), int(random.integers(0, width))
    bottom, right = int(random.integers(top + 1, height)), int(random.integers(left + 1, width + 1))
    mask[top:bottom, left:right] = random.choice(np.float32([0, 0.2, 1]), (bottom - top, right - left))
    mask[top, left] = 1
    return mask


def with_object(random: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A grey background that holds no pixel of the object's colour, and the object."""
    mask = blob(random, height, width)
    image = random.integers(20, 200, (height, width, 3), dtype=np.uint8)
    image[mask > 0] = OBJECT
    return image, mask


def pixels_of_the_object(image: np.ndarray) -> int:
    return int((image == OBJECT).all(axis=2).sum())


@given(objects)
@settings(max_examples=60, deadline=None)
def test_no_background_holds_a_pixel_of_the_object_and_the_rest_is_untouched(random) -> None:
    image, mask = with_object(random, 13, 17)
    for condition in TAKEN_OUT:
        shown = present(condition, image, mask).image
        assert pixels_of_the_object(shown) == 0
        rows, columns = np.flatnonzero((mask > 0).any(axis=1)), np.flatnonzero((mask > 0).any(axis=0))
        outside = np.ones(mask.shape, bool)
        outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = False
        assert np.array_equal(shown[outside], image[outside])


@given(objects)
@settings(max_examples=60, deadline=None)
def test_mixed_keeps_the_object_and_shows_nothing_of_the_donors_own(random) -> None:
    image, mask = with_object(random, 12, 15)
    image[mask > 0] = (0, 255, 0)
    donor, donor_mask = with_object(random, int(random.integers(8, 30)), int(random.integers(8, 30)))
    for condition in ("mixed_same", "mixed_rand"):
        shown = present(condition, image, mask, donor=(donor, donor_mask))
        assert np.array_equal(shown.image[mask == 1], image[mask == 1])
        assert np.array_equal(shown.mask, mask)
        expected = fit_scene(tiled(donor, donor_mask), 12, 15)
        assert np.array_equal(shown.image[mask == 0], expected[mask == 0])


def test_a_donor_of_itself_keeps_foreground_and_everything_outside_the_box() -> None:
    shown = show("mixed_same", donor=(IMAGE, MASK)).image
    assert np.array_equal(shown[MASK == 1], IMAGE[MASK == 1])
    changed = np.argwhere((shown != IMAGE).any(axis=2)).tolist()
    assert changed == [[1, 2]]  # the one pixel of the box that is not the object's


def test_foreign_puts_the_object_on_the_scene() -> None:
    scene = np.full((8, 10, 3), 99, np.uint8)
    shown = show("foreign", scene=scene)
    assert np.array_equal(shown.image[MASK == 1], IMAGE[MASK == 1])
    assert (shown.image[MASK == 0] == 99).all()
    assert np.array_equal(shown.mask, MASK)


def test_noise_lies_on_its_own_pixels_alone_and_is_gaussian() -> None:
    image, mask = np.full((300, 300, 3), 128, np.uint8), np.zeros((300, 300), np.float32)
    mask[50:250, 100:200] = 1
    shown = {name: present(name, image, mask, seed=4) for name in ("noise_fg", "noise_bg")}
    for name, where in (("noise_fg", mask == 1), ("noise_bg", mask == 0)):
        noise = shown[name].image[where].astype(float) - 128
        assert (shown[name].image[~where] == 128).all()
        # Of a normal distribution cut off at two deviations on either side, the same share lies within one.
        assert (np.abs(noise) <= NOISE_SIGMA).mean() == pytest.approx(0.683, abs=0.01)
        assert abs(noise.mean()) < 1
        np.testing.assert_array_equal(shown[name].mask, mask)
    field = np.where(mask[..., None] == 1, shown["noise_fg"].image, shown["noise_bg"].image)
    np.testing.assert_array_equal(field, present("noise_fg", image, np.ones_like(mask), seed=4).image)
    assert (present("noise_fg", image, mask, seed=5).image != shown["noise_fg"].image).any()


def test_soft_masks_weigh_the_noise() -> None:
    image, mask = np.full((300, 300, 3), 128, np.uint8), np.full((300, 300), 0.25, np.float32)
    spread = {name: present(name, image, mask).image.astype(float).std() for name in ("noise_fg", "noise_bg")}
    assert spread["noise_fg"] == pytest.approx(0.25 * NOISE_SIGMA, rel=0.02)
    assert spread["noise_bg"] == pytest.approx(0.75 * NOISE_SIGMA, rel=0.02)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_arguments_stay_as_they_are(condition) -> None:
    image, mask = IMAGE.copy(), MASK.copy()
    donor, donor_mask, scene = IMAGE[::-1].copy(), MASK[::-1].copy(), numbered(6, 7)
    present(condition, image, mask, donor=(donor, donor_mask), scene=scene)
    for now, before in ((image, IMAGE), (mask, MASK), (donor, IMAGE[::-1]), (donor_mask, MASK[::-1])):
        assert np.array_equal(now, before)
    assert np.array_equal(scene, numbered(6, 7))


def test_what_cannot_be_shown_is_refused_in_words() -> None:
    empty = np.zeros_like(MASK)
    with pytest.raises(UnknownNameError, match="no condition named 'mixed'"):
        show("mixed")
    for condition in ("mixed_same", "mixed_rand"):
        with pytest.raises(ConfigError, match="background of another sample and none was given"):
            show(condition, scene=IMAGE)
        with pytest.raises(MaskError, match="its object cannot be removed"):
            show(condition, donor=(IMAGE, empty))
    with pytest.raises(ConfigError, match="give a photograph of a place"):
        show("foreign", donor=(IMAGE, MASK))
    for condition in CONDITIONS.keys() - {"original"}:
        with pytest.raises(MaskError, match="marks nothing"):
            show(condition, mask=empty, donor=(IMAGE, MASK), scene=IMAGE)
        with pytest.raises(MaskError, match="5×3"):
            show(condition, mask=MASK[:3], donor=(IMAGE, MASK), scene=IMAGE)
    with pytest.raises(ImageError):
        show("original", image=MASK)
    assert not show("original", mask=empty).mask.any()


LABELS = ("auk", "auk", "bunting", "auk", "crow", "bunting", "auk", "auk")


@given(st.integers(0, 2**31), st.integers(0, len(LABELS) - 1), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_donors_are_of_the_right_class_and_never_the_sample_itself(seed, index, draws) -> None:
    if LABELS.count(LABELS[index]) > 1:
        same = draw_donors(LABELS, index, "mixed_same", draws, seed)
        assert len(same) == draws
        assert index not in same
        assert {LABELS[donor] for donor in same} <= {LABELS[index]}
        others = LABELS.count(LABELS[index]) - 1
        assert len(set(same)) == min(draws, others)
    rand = draw_donors(LABELS, index, "mixed_rand", draws, seed)
    assert len(rand) == draws
    assert LABELS[index] not in {LABELS[donor] for donor in rand}


@pytest.mark.parametrize("condition", ["mixed_same", "mixed_rand"])
def test_seeds_repeat_and_more_draws_begin_with_the_same(condition) -> None:
    order = [draw_donors(LABELS, index, condition, 2, 5) for index in (3, 0, 1)]
    assert order == [draw_donors(LABELS, index, condition, 4, 5)[:2] for index in (3, 0, 1)]
    assert order[::-1] == [draw_donors(LABELS, index, condition, 2, 5) for index in (1, 0, 3)]
    several = {draw_donors(LABELS, 0, condition, 3, seed) for seed in range(20)}
    assert len(several) > 5


def test_mixed_rand_draws_classes_evenly_however_large_they_are() -> None:
    labels = ["auk"] * 2 + ["bunting"] * 90 + ["crow"] * 10
    drawn = draw_donors(labels, 0, "mixed_rand", 4000, 0)
    crows = sum(labels[donor] == "crow" for donor in drawn)
    assert abs(crows - 2000) < 4 * np.sqrt(4000 / 4)
    assert len(set(drawn)) == 100


def test_mixed_same_draws_evenly() -> None:
    drawn = [draw_donors(["auk"] * 5, 2, "mixed_same", 1, seed)[0] for seed in range(2000)]
    assert np.abs(np.bincount(drawn, minlength=5)[[0, 1, 3, 4]] - 500).max() < 4 * np.sqrt(2000 * 3 / 16)


def test_a_draw_that_cannot_be_made_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="'crow' has a single sample"):
        draw_donors(LABELS, 4, "mixed_same", 1, 0)
    with pytest.raises(ConfigError, match="All samples are of the class 'auk'"):
        draw_donors(["auk", "auk"], 0, "mixed_rand", 1, 0)
    with pytest.raises(ConfigError, match="No-FG takes no background"):
        draw_donors(LABELS, 0, "no_fg", 1, 0)
    with pytest.raises(UnknownNameError):
        draw_donors(LABELS, 0, "mixed", 1, 0)
