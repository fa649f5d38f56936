"""The picture that a checkpoint really sees: whole, with its background filled, or with its feature cells weighed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bgbias_core.evaluation.predict import network_input
from bgbias_core.evaluation.swaps import Presentation
from bgbias_core.images import Image
from bgbias_core.models import Checkpoint
from bgbias_core.models.masking import mask_image, mask_to_grid

DIMMEST = 0.2
"""Brightness left to a cell of weight 0: its features are cut away, but what lies there was computed with."""
_LINE = 0.25
"""How much white the lines between cells carry."""


def what_it_sees(checkpoint: Checkpoint, shown: Presentation) -> Image:
    """Draw what reaches a checkpoint's decision, at its own input size.

    - unmasked: the network's input.
    - early: the network's input with the background already filled.
    - late: the network's input, for the features are computed from all of it, under the grid of the depth that is
      masked. The brightness of each cell is its weight there, from 1 down to ``DIMMEST``.

    Args:
        checkpoint: Whose eyes.
        shown: The picture and its mask.

    Returns:
        uint8 ``[S, S, 3]``, ``S`` the side of the checkpoint's input.

    Raises:
        MaskError: The mask does not belong to the picture.
    """
    strategy = checkpoint.card.strategy
    pixels, masks = network_input(checkpoint.card, [shown.image], [shown.mask.mask])
    grid = masked_grid(checkpoint)
    if masks is None:
        return _as_image(pixels)
    if grid is None:
        return _as_image(mask_image(pixels, masks, strategy.fill, checkpoint.classifier.mean.cpu()))
    weights = mask_to_grid(masks, grid, strategy.mask_resize)[0, 0].numpy()
    return _under_grid(_as_image(pixels), weights)


def masked_grid(checkpoint: Checkpoint) -> tuple[int, int] | None:
    """Rows and columns of the feature grid that late masking weighs; ``None`` for other strategies."""
    depth = checkpoint.classifier.depth
    return checkpoint.classifier.depths.grids[depth - 1] if depth else None


def _as_image(pixels: torch.Tensor) -> Image:
    return (pixels[0].permute(1, 2, 0) * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def _under_grid(image: Image, weights: NDArray[np.float32]) -> Image:
    """Dim each cell by its weight, and draw thin lines between the cells."""
    rows, columns = (
        np.arange(side) * cells // side for side, cells in zip(image.shape[:2], weights.shape, strict=True)
    )
    brightness = DIMMEST + (1 - DIMMEST) * weights[np.ix_(rows, columns)]
    picture = image * brightness[..., None]
    on_line = np.zeros(image.shape[:2], dtype=bool)
    on_line[np.flatnonzero(np.diff(rows)) + 1] = True
    on_line[:, np.flatnonzero(np.diff(columns)) + 1] = True
    picture[on_line] += _LINE * (255 - picture[on_line])
    return np.rint(picture).astype(np.uint8)
