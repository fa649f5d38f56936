"""Masking images and features, with numbers known by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bgbias_core.errors import ModelError
from bgbias_core.models.masking import mask_features, mask_image, mask_to_grid, masked_output, token_grid

GREY = torch.full((1, 3, 1, 1), 0.5)


def test_fills() -> None:
    images = torch.rand(2, 3, 24, 24)
    masks = torch.zeros(2, 1, 24, 24)
    masks[:, :, 6:12, 6:12] = 1
    for fill in ("black", "mean", "blur"):
        masked = mask_image(images, masks, fill, GREY)
        assert torch.equal(masked[:, :, 6:12, 6:12], images[:, :, 6:12, 6:12])
    outside = (masks == 0).expand_as(images)
    assert (mask_image(images, masks, "black", GREY)[outside] == 0).all()
    assert (mask_image(images, masks, "mean", GREY)[outside] == 0.5).all()
    blurred = mask_image(images, masks, "blur", GREY)[outside]
    assert 0 < blurred.std() < 0.5 * images.std(), "blur removes shapes and keeps colour"


def test_a_constant_fill_hides_the_background_and_blur_leaks_it() -> None:
    masks = torch.zeros(1, 1, 24, 24)
    masks[:, :, 8:16, 8:16] = 1
    bird = torch.rand(1, 3, 24, 24)
    red, blue = torch.zeros(2, 1, 3, 24, 24)
    red[:, 0], blue[:, 2] = 1, 1
    on_red, on_blue = (bird * masks + scene * (1 - masks) for scene in (red, blue))
    for fill in ("black", "mean"):
        assert torch.equal(mask_image(on_red, masks, fill, GREY), mask_image(on_blue, masks, fill, GREY))
    assert not torch.allclose(
        mask_image(on_red, masks, "blur", GREY), mask_image(on_blue, masks, "blur", GREY), atol=0.1
    )


def test_area_keeps_what_nearest_loses() -> None:
    masks = torch.zeros(1, 1, 12, 12)
    masks[0, 0, 0, 0] = 1  # one pixel, in the corner of a cell of 3×3 pixels
    assert mask_to_grid(masks, (4, 4), "nearest-exact").sum() == 0
    area = mask_to_grid(masks, (4, 4), "area")
    assert area[0, 0, 0, 0] == pytest.approx(1 / 9)
    assert area.sum() == pytest.approx(1 / 9)


def test_layouts_agree_and_prefix_tokens_stay() -> None:
    features = torch.rand(2, 5, 4, 4)
    masks = (torch.rand(2, 1, 16, 16) > 0.5).float()
    expected = features * mask_to_grid(masks, (4, 4), "area")
    assert torch.equal(mask_features(features, masks, 5, 0, "area"), expected)
    last = mask_features(features.permute(0, 2, 3, 1), masks, 5, 0, "area")
    assert torch.equal(last.permute(0, 3, 1, 2), expected)
    prefix = torch.rand(2, 3, 5)
    tokens = mask_features(torch.cat([prefix, features.flatten(2).transpose(1, 2)], 1), masks, 5, 3, "area")
    assert torch.equal(tokens[:, :3], prefix)
    assert torch.equal(tokens[:, 3:].transpose(1, 2).unflatten(2, (4, 4)), expected)


def test_masking_is_out_of_place() -> None:
    features = torch.rand(1, 2, 4, 4)
    before = features.clone()
    mask_features(features, torch.zeros(1, 1, 8, 8), 2, 0, "area")
    assert torch.equal(features, before)


def test_tokens_that_form_no_grid_are_refused() -> None:
    assert token_grid(37 * 37, (518, 518)) == (37, 37)
    with pytest.raises(ModelError, match="regular grid"):
        token_grid(7, (96, 96))


def test_the_hook_is_gone_after_success_and_failure() -> None:
    module = nn.Conv2d(3, 4, 1)
    images, masks = torch.rand(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    with masked_output(module, masks, 4, 0, "area"):
        assert module(images).abs().sum() == 0
    with pytest.raises(RuntimeError, match="on purpose"), masked_output(module, masks, 4, 0, "area"):
        raise RuntimeError("on purpose")
    assert not module._forward_hooks
    assert module(images).abs().sum() > 0


def test_a_stage_of_several_outputs_is_refused() -> None:
    class Two(nn.Module):
        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return images, images

    module = Two()
    with masked_output(module, torch.zeros(1, 1, 8, 8), 3, 0, "area"), pytest.raises(ModelError, match="depth 0"):
        module(torch.rand(1, 3, 8, 8))
