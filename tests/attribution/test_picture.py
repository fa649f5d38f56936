"""The overlay: one scale with fixed ends, the outline where the object ends, any shape of picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bgbias_core.attribution import Attribution, colours, outlined, overlay
from bgbias_core.attribution.picture import SIDE, normalise
from bgbias_core.errors import ConfigError
from bgbias_core.masks import given

GREY = np.full((60, 120, 3), 100, dtype=np.uint8)
MASK = np.zeros((60, 120), dtype=np.float32)
MASK[20:40, 40:80] = 1
HALVES = np.concatenate([np.full((8, 4), -2, dtype=np.float32), np.full((8, 4), 1, dtype=np.float32)], axis=1)
MAP = Attribution(
    method="saliency",
    checkpoint="stand-in",
    target="gull",
    contrast=None,
    level="input",
    values=HALVES,
    score=1.0,
    rule="squash",
    mask_source="none",
    masker="",
    object_source="none",
    background_share=None,
    chance=None,
)


def test_the_scale_runs_from_blue_over_white_to_red() -> None:
    against, neither, speaks_for = colours(np.array([-1, 0, 1], dtype=np.float32)).astype(int)
    assert against[2] > against[0] + 50
    assert speaks_for[0] > speaks_for[2] + 50
    assert neither.min() > 240
    steps = colours(np.linspace(0, 1, 50, dtype=np.float32)).astype(int).sum(axis=1)
    assert (np.diff(steps) <= 0).all(), "the more, the darker: it also reads in grey"


def test_one_is_the_995th_percentile_of_sizes() -> None:
    values = np.zeros((20, 20), dtype=np.float32)
    values[0, :4] = (-4, 4, 4, 400)
    assert normalise(values)[0, :4].tolist() == [-1, 1, 1, 1]
    assert not normalise(np.zeros((4, 4), dtype=np.float32)).any()
    lonely = np.zeros((20, 20), dtype=np.float32)
    lonely[3, 3] = 5
    assert normalise(lonely)[3, 3] == 1
    assert normalise(HALVES)[0].tolist() == [-1] * 4 + [0.5] * 4


def test_the_map_is_laid_over_the_picture_in_grey() -> None:
    shown = overlay(GREY, MAP, None, opacity=1.0)
    assert shown.shape == (256, 512, 3)
    assert shown[128, 10].tolist() == colours(np.array(-1, dtype=np.float32)).tolist()
    assert shown[128, -10].tolist() == colours(np.array(0.5, dtype=np.float32)).tolist()
    assert (overlay(GREY, MAP, None, opacity=0.0) == 100).all()


def test_the_outline_runs_along_the_object() -> None:
    plain, outlined = (overlay(GREY, MAP, mask, opacity=0.5) for mask in (None, given(GREY, MASK)))
    changed = (plain != outlined).any(axis=2)
    rows, columns = np.nonzero(changed)
    scale = 512 / 120
    assert abs(rows.min() - 20 * scale) < 5
    assert abs(columns.max() - 80 * scale) < 5
    assert not changed[128, 256], "only the outline"
    assert {0, 255} & set(outlined[changed].ravel().tolist())
    nothing = overlay(GREY, MAP, given(GREY, np.zeros_like(MASK)), opacity=0.5)
    np.testing.assert_array_equal(nothing, plain)


@pytest.mark.parametrize("rule", ["crop", "pad"])
def test_what_was_cropped_or_padded_is_shown_as_the_network_saw_it(rule) -> None:
    shown = overlay(GREY, replace(MAP, rule=rule), given(GREY, MASK), opacity=0.0)
    assert shown.shape == (512, 512, 3)
    assert (shown[0, 256].max() == 0) == (rule == "pad")


def test_an_impossible_opacity_is_refused() -> None:
    with pytest.raises(ConfigError, match="opacity"):
        overlay(GREY, MAP, None, opacity=1.5)


def test_an_outline_follows_the_rim_and_leaves_the_rest() -> None:
    image = np.full((64, 32, 3), 120, np.uint8)
    mask = np.zeros((64, 32), np.float32)
    mask[16:48, 8:24] = 1
    drawn = outlined(image, given(image, mask))
    assert drawn.shape == (SIDE, SIDE // 2, 3)
    changed = (drawn != 120).any(axis=-1)
    assert changed[SIDE // 4 - 6 : SIDE // 4 + 6, SIDE // 4].any()
    assert (drawn == 255).any()
    assert not changed[SIDE // 2, SIDE // 4], "inside"
    assert not changed[10].any(), "outside"
