"""Removing the background from an image, from a feature map or from tokens: the one mechanism of every depth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms.v2.functional import gaussian_blur

from bgbias_core.errors import ModelError
from bgbias_core.models.strategy import Fill, MaskResize

BLUR_SHARE = 1 / 12
"""Standard deviation of the ``blur`` fill as a share of the image's side: shapes are gone, colours stay."""


def mask_image(images: Tensor, masks: Tensor, fill: Fill, mean: Tensor) -> Tensor:
    """Return ``images · m + fill · (1 − m)``.

    Args:
        images: float ``[B, 3, H, W]`` in [0, 1].
        masks: float ``[B, 1, H, W]`` in [0, 1], 1 = foreground.
        fill: What stands in the background's place.
        mean: float ``[1, 3, 1, 1]``, the colour of the ``mean`` fill.

    Returns:
        float ``[B, 3, H, W]``; a new tensor.
    """
    if fill == "black":
        return images * masks
    background = mean if fill == "mean" else _blurred(images)
    return images * masks + background * (1 - masks)


def _blurred(images: Tensor) -> Tensor:
    sigma = BLUR_SHARE * min(images.shape[-2:])
    radius = min(round(3 * sigma), min(images.shape[-2:]) - 1)
    blurred: Tensor = gaussian_blur(images, kernel_size=[2 * radius + 1] * 2, sigma=[sigma] * 2)
    return blurred


def mask_to_grid(masks: Tensor, grid: tuple[int, int], mask_resize: MaskResize) -> Tensor:
    """Bring masks to a feature grid.

    Args:
        masks: float ``[B, 1, H, W]`` in [0, 1].
        grid: Rows and columns of the grid.
        mask_resize: ``area`` (the share of each cell that the mask covers) or ``nearest-exact`` (the cell's centre).

    Returns:
        float ``[B, 1, rows, columns]`` in [0, 1]. An object smaller than one cell keeps a small weight with ``area``
        and may vanish with ``nearest-exact``.
    """
    if mask_resize == "nearest-exact":
        return functional.interpolate(masks, size=grid, mode="nearest-exact")
    return functional.adaptive_avg_pool2d(masks, grid)


def mask_features(features: Tensor, masks: Tensor, channels: int, prefix: int, mask_resize: MaskResize) -> Tensor:
    """Multiply features by the mask, out of place so that later hooks see the masked values.

    Args:
        features: ``[B, C, h, w]``, ``[B, h, w, C]`` or tokens ``[B, prefix + h·w, C]``.
        masks: float ``[B, 1, H, W]`` in [0, 1].
        channels: ``C``.
        prefix: Number of leading tokens (class token, registers), which are never masked.
        mask_resize: See :func:`mask_to_grid`.

    Returns:
        The masked features, in the layout that came in.
    """
    if features.ndim == 3:
        cells = token_grid(features.shape[1] - prefix, (masks.shape[-2], masks.shape[-1]))
        weights = mask_to_grid(masks, cells, mask_resize).flatten(2).transpose(1, 2)
        kept = torch.ones_like(weights[:, :1]).expand(-1, prefix, -1)
        return features * torch.cat([kept, weights], dim=1).to(features.dtype)
    channels_first = features.shape[1] == channels
    rows, columns = features.shape[2:] if channels_first else features.shape[1:3]
    weights = mask_to_grid(masks, (rows, columns), mask_resize)
    return features * (weights if channels_first else weights.permute(0, 2, 3, 1)).to(features.dtype)


def token_grid(tokens: int, image: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of ``tokens`` patches laid over an image of the given height and width.

    Raises:
        ModelError: The tokens do not form a grid of the image's shape.

    >>> token_grid(12, (96, 128))
    (3, 4)
    """
    height, width = image
    rows = round((tokens * height / width) ** 0.5)
    if rows == 0 or tokens % rows:
        raise ModelError(
            f"{tokens} tokens do not form a grid over an image of {height}×{width} pixels; "
            "use a backbone whose tokens are patches of a regular grid."
        )
    return rows, tokens // rows


@contextmanager
def masked_output(
    module: nn.Module, masks: Tensor, channels: int, prefix: int, mask_resize: MaskResize
) -> Iterator[None]:
    """Mask what ``module`` returns, for as long as the context lasts; the hook is gone afterwards, also on failure."""

    def hook(_module: nn.Module, _inputs: object, output: object) -> Tensor:
        if not isinstance(output, Tensor):
            raise ModelError(
                f"This backbone's stage returns {type(output).__name__}, not one tensor, and cannot be masked there; "
                "mask at depth 0 or at the last depth."
            )
        return mask_features(output, masks, channels, prefix, mask_resize)

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
