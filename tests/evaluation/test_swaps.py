"""Presentations, verdicts and changed names, by properties that must hold whatever the weights."""

from __future__ import annotations

import numpy as np
import pytest

from bgbias_core.compositing import Placement, fade, swap
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.evaluation import (
    NO_OBJECT,
    ORIGINAL,
    Verdict,
    changed,
    confidence,
    judge,
    present,
    present_fade,
)
from bgbias_core.masks import MaskResult, given
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import Bright, make_checkpoint, make_picture, make_scenes

UNMASKED = make_checkpoint(Strategy(name="unmasked"))
EARLY = make_checkpoint(Strategy(name="early"))
LATE = make_checkpoint(Strategy(name="late"), region="foreground")
IMAGE, MASK = make_picture(0)
SCENES = make_scenes(4)


def verdict(name: str | None) -> Verdict:
    names = () if name is None else (name,)
    return Verdict(names, (1.0,) * len(names), "", "none", "", np.zeros(2, dtype=np.float32))


def test_the_original_comes_first_and_untouched() -> None:
    presentations = present(IMAGE, given(IMAGE, MASK), SCENES)
    assert [shown.name for shown in presentations] == [ORIGINAL, *SCENES]
    assert presentations[0].image is IMAGE
    np.testing.assert_array_equal(presentations[2].image, swap(IMAGE, MASK, SCENES["scene 1"]).image)


def test_a_given_mask_moves_with_its_object() -> None:
    placement = Placement(scale=0.7, dx=0.2)
    [original, moved] = present(IMAGE, given(IMAGE, MASK), {"sea": SCENES["scene 0"]}, placement=placement)
    expected = swap(IMAGE, MASK, SCENES["scene 0"], placement=placement).mask
    np.testing.assert_array_equal(original.mask.mask, MASK)
    np.testing.assert_array_equal(moved.mask.mask, expected)
    assert moved.mask.source == "given"
    assert 0 < moved.mask.area < original.mask.area


def test_a_predicted_mask_is_found_again_on_the_very_composite() -> None:
    masker = Bright()
    white = np.full_like(IMAGE, 255)
    [original, sea, snow] = present(IMAGE, masker(IMAGE), {"sea": SCENES["scene 0"], "snow": white}, masker=masker)
    assert {shown.mask.source for shown in (original, sea, snow)} == {"predicted"}
    assert snow.mask.area == 1, "on white everything is bright"
    np.testing.assert_array_equal(sea.mask.mask, masker(sea.image).mask)


def test_a_box_moves_with_its_object() -> None:
    masker = Bright()
    box = (40, 30, 80, 60)  # the ellipse's own box: its centre is (80, 60)
    lifted = masker(IMAGE, box=box)
    present(IMAGE, lifted, SCENES, masker=masker, box=box, placement=Placement(scale=0.5, dx=0.25, dy=-0.1))
    assert masker.boxes[1:] == [(100, 33, 40, 30)] * 4


def test_an_object_moved_out_of_the_frame_is_not_found() -> None:
    masker = Bright()
    box = (40, 30, 80, 60)
    out = Placement(dx=1.0)
    [original, gone] = present(
        IMAGE, masker(IMAGE, box=box), {"sea": SCENES["scene 0"]}, masker=masker, box=box, placement=out
    )
    assert gone.mask.empty
    assert [answer.found for answer in judge(EARLY, [original, gone])] == [True, False]


@pytest.mark.parametrize("placement", [Placement(), Placement(scale=0.8, dx=0.1)], ids=["in place", "moved"])
def test_early_with_a_given_mask_says_the_same_on_every_scene(placement) -> None:
    presentations = present(IMAGE, given(IMAGE, MASK), SCENES, placement=placement)
    rows = np.stack([answer.all_probabilities for answer in judge(EARLY, presentations)])
    on_scenes = rows if placement == Placement() else rows[1:]
    # The pixels are the same to the byte; a network's rounding may depend on the place in the batch.
    assert np.ptp(on_scenes, axis=0).max() < 1e-6
    assert (
        np.ptp(np.stack([answer.all_probabilities for answer in judge(UNMASKED, presentations)]), axis=0).max() > 0.05
    )


def test_swapping_a_background_for_itself_changes_nothing() -> None:
    presentations = present(IMAGE, given(IMAGE, MASK), {"itself": IMAGE})
    np.testing.assert_array_equal(presentations[1].image, IMAGE)
    for checkpoint in (UNMASKED, EARLY, LATE):
        before, after = judge(checkpoint, presentations)
        np.testing.assert_allclose(after.all_probabilities, before.all_probabilities, atol=1e-6)
        assert changed([before, after]) == [False, False]


def test_verdicts_say_where_their_mask_comes_from() -> None:
    presentations = present(IMAGE, given(IMAGE, MASK), SCENES)
    assert {(answer.mask_source, answer.masker) for answer in judge(UNMASKED, presentations)} == {("none", "")}
    assert {(answer.mask_source, answer.masker) for answer in judge(LATE, presentations)} == {("given", "given")}
    top = judge(LATE, presentations)[0]
    assert top.name == LATE.card.classes[int(top.all_probabilities.argmax())]
    assert top.probabilities == tuple(sorted(top.all_probabilities.tolist(), reverse=True)[:5])


def test_without_an_object_masked_checkpoints_say_so_and_make_up_no_name() -> None:
    nothing = MaskResult(np.zeros_like(MASK), "predicted", "bright")
    presentations = present(IMAGE, nothing, {}, masker=Bright())
    [unmasked], [early] = judge(UNMASKED, presentations), judge(EARLY, presentations)
    assert unmasked.name in UNMASKED.card.classes
    assert (early.name, early.names, early.found) == (NO_OBJECT, (), False)
    assert np.isnan(early.all_probabilities).all()


def test_changed_by_hand() -> None:
    assert changed([verdict("gull"), verdict("gull"), verdict("jay"), verdict(None)]) == [False, False, True, None]
    assert changed([verdict(None), verdict("jay"), verdict(None)]) == [None, None, None]


def test_what_cannot_be_lifted_is_refused_in_words() -> None:
    empty = np.zeros_like(MASK)
    with pytest.raises(MaskError, match="given mask marks nothing"):
        present(IMAGE, given(IMAGE, empty), {})
    with pytest.raises(MaskError, match="marks nothing"):
        present(IMAGE, MaskResult(empty, "predicted", "bright"), SCENES, masker=Bright())
    with pytest.raises(ConfigError, match="by which masker"):
        present(IMAGE, MaskResult(MASK, "predicted", "bright"), SCENES)
    with pytest.raises(MaskError, match="its image is"):
        present(IMAGE, MaskResult(MASK[1:], "given", "given"), SCENES)


def test_the_fade_starts_at_the_original_and_ends_on_the_scene() -> None:
    scene, amounts = SCENES["scene 2"], (0.0, 0.5, 1.0)
    lifted = given(IMAGE, MASK)
    faded = present_fade(IMAGE, lifted, scene, amounts)
    curve = confidence(judge(UNMASKED, faded))
    [original, on_scene] = judge(UNMASKED, present(IMAGE, lifted, {"scene": scene}))
    named = int(original.all_probabilities.argmax())
    grey = judge(UNMASKED, present_fade(IMAGE, lifted, scene, [0.5]))[1].all_probabilities[named]
    assert curve == pytest.approx([original.probabilities[0], grey, on_scene.all_probabilities[named]], abs=1e-5)
    assert np.ptp(confidence(judge(EARLY, faded))) < 1e-6
    np.testing.assert_array_equal(
        present_fade(IMAGE, lifted, scene, [0.3])[1].image, fade(IMAGE, MASK, scene, 0.3).image
    )


def test_a_name_that_nobody_gave_cannot_be_followed() -> None:
    with pytest.raises(MaskError, match="no name can be followed"):
        confidence([verdict(None), verdict("jay")])
