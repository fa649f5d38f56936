"""What a checkpoint sees is what its network gets: compared with the very tensors inside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bgbias_core.evaluation import Presentation, judge, network_input, present
from bgbias_core.evaluation.seen import DIMMEST, masked_grid, what_it_sees
from bgbias_core.images import resize
from bgbias_core.masks import MaskResult, given
from bgbias_core.models import Checkpoint, Strategy
from tests.evaluation.stand_ins import SIZE, make_checkpoint, make_picture, make_scenes

IMAGE, MASK = make_picture(0)
SHOWN = Presentation("original", IMAGE, given(IMAGE, MASK))
SOFT = Presentation("original", IMAGE, MaskResult(np.clip(MASK * 0.5 + 0.25, 0, 1), "predicted", "made up"))


def backbone_input(checkpoint: Checkpoint, shown: Presentation, monkeypatch: pytest.MonkeyPatch) -> NDArray[Any]:
    """What the backbone was handed while the checkpoint judged, brought back to [0, 1]."""
    classifier, caught = checkpoint.classifier, []
    forward = classifier.backbone.forward_features

    def catch(pixels: torch.Tensor) -> torch.Tensor:
        caught.append(pixels * classifier.std + classifier.mean)
        return forward(pixels)

    with monkeypatch.context() as patch:
        patch.setattr(classifier.backbone, "forward_features", catch)
        judge(checkpoint, [shown])
    return caught[0][0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("shown", [SHOWN, SOFT], ids=["hard mask", "soft mask"])
@pytest.mark.parametrize(
    "strategy",
    [Strategy(name="unmasked"), *(Strategy(name="early", fill=fill) for fill in ("black", "mean", "blur"))],
    ids=["unmasked", "black", "mean", "blur"],
)
def test_unmasked_and_early_see_what_their_backbone_gets(strategy, shown, monkeypatch) -> None:
    checkpoint = make_checkpoint(strategy)
    seen = what_it_sees(checkpoint, shown)
    assert seen.shape == (SIZE, SIZE, 3)
    np.testing.assert_allclose(seen / 255, backbone_input(checkpoint, shown, monkeypatch), atol=0.5 / 255 + 1e-6)


def test_early_sees_the_same_pixels_on_every_background_and_unmasked_does_not() -> None:
    shown = present(IMAGE, given(IMAGE, MASK), make_scenes(2))
    early = [what_it_sees(make_checkpoint(Strategy(name="early")), one) for one in shown]
    unmasked = [what_it_sees(make_checkpoint(Strategy(name="unmasked")), one) for one in shown]
    assert all(np.array_equal(early[0], other) for other in early[1:])
    assert not any(np.array_equal(unmasked[0], other) for other in unmasked[1:])
    assert not early[0][0].any(), "black where the object is not"


@pytest.mark.parametrize("mask_resize", ["area", "nearest-exact"])
@pytest.mark.parametrize("depth", [None, 1])
def test_late_dims_each_cell_by_the_weight_that_its_features_get(mask_resize, depth) -> None:
    checkpoint = make_checkpoint(Strategy(name="late", depth=depth, mask_resize=mask_resize))
    grid = masked_grid(checkpoint)
    assert grid == checkpoint.classifier.depths.grids[-1 if depth is None else depth - 1]
    seen = what_it_sees(checkpoint, SHOWN)
    whole = resize(IMAGE, (SIZE, SIZE), "squash")
    _, masks = network_input(checkpoint.card, [IMAGE], [MASK])
    cell = SIZE // grid[0]
    weights = masks[0, 0].numpy().reshape(grid[0], cell, grid[1], cell).mean(axis=(1, 3))
    if mask_resize == "nearest-exact":
        weights = masks[0, 0, cell // 2 :: cell, cell // 2 :: cell].numpy()
    for row in range(grid[0]):
        for column in range(grid[1]):
            inside = (slice(row * cell + 1, (row + 1) * cell), slice(column * cell + 1, (column + 1) * cell))
            expected = whole[inside] * (DIMMEST + (1 - DIMMEST) * weights[row, column])
            np.testing.assert_allclose(seen[inside], expected, atol=1)


def test_late_has_thin_lines_between_cells_and_keeps_the_whole_picture_visible() -> None:
    checkpoint = make_checkpoint(Strategy(name="late"))
    white = np.full_like(IMAGE, 100)
    seen = what_it_sees(checkpoint, Presentation("original", white, given(white, np.ones_like(MASK))))
    lines = np.unique(np.flatnonzero((seen > 100).all(axis=2).all(axis=0)))
    np.testing.assert_array_equal(lines, np.arange(1, 6) * SIZE // 6)
    nothing = what_it_sees(checkpoint, Presentation("original", white, given(white, np.zeros_like(MASK))))
    assert nothing[1, 1, 0] == round(100 * DIMMEST)


def test_only_late_has_a_grid() -> None:
    assert masked_grid(make_checkpoint(Strategy(name="unmasked"))) is None
    assert masked_grid(make_checkpoint(Strategy(name="early"))) is None
    assert masked_grid(make_checkpoint(Strategy(name="late"))) == (6, 6)
