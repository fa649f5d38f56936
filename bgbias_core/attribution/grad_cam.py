"""Grad-CAM on the last feature grid, for feature maps and for tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn
from torch.nn import functional

from bgbias_core.attribution.score import Score
from bgbias_core.errors import ModelError
from bgbias_core.models import MaskedClassifier
from bgbias_core.models.masking import token_grid


def grad_cam(score: Score, image: Tensor) -> Tensor:
    """Grad-CAM at the network's input size.

    The grid is what pooling averages, after late masking where that comes last. A class token alone reads nothing of
    the last grid: with pooling ``cls`` the grid is that of the patch tokens which enter the last block's attention.

    Args:
        score: What is explained; its classifier is borrowed.
        image: float ``[1, 3, S, S]`` in [0, 1].

    Returns:
        float ``[1, S, S]``, nothing below 0; bilinear between the cells.

    Raises:
        ModelError: The classifier reads its class token only and its last block is not one of a timm transformer.

    Reference: Selvaraju et al., "Grad-CAM", ICCV 2017.
    """
    reader = _ThroughTokens(score) if score.classifier.pooling == "cls" else _ThroughGrid(score)
    found = LayerGradCam(reader, reader.grid).attribute(image, relu_attributions=True)
    upsampled: Tensor = functional.interpolate(found, size=image.shape[2:], mode="bilinear", align_corners=False)
    return upsampled[:, 0]


class _Reader(nn.Module):
    """A score whose forward pass sends a grid ``[B, C, h, w]`` through ``grid``, where Captum's hooks sit."""

    def __init__(self, score: Score) -> None:
        super().__init__()
        self.score, self.grid = score, nn.Identity()

    def through(self, grid: Tensor) -> Tensor:
        # No parameter of a borrowed classifier takes gradients, so that the grid is a leaf: nothing below it is kept.
        passed: Tensor = self.grid(grid.requires_grad_())
        return passed


class _ThroughGrid(_Reader):
    def forward(self, images: Tensor) -> Tensor:
        classifier, masks = self.score.classifier, self.score.masks_for(images)
        features = classifier.mask_last(classifier.features(images, masks), masks)
        return self.score.read(classifier.read_out(replace(features, grid=self.through(features.grid)), masks))


class _ThroughTokens(_Reader):
    def forward(self, images: Tensor) -> Tensor:
        with self._tapped(self.score.classifier, (images.shape[-2], images.shape[-1])):
            found: Tensor = self.score(images)
        return found

    @contextmanager
    def _tapped(self, classifier: MaskedClassifier, image: tuple[int, int]) -> Iterator[None]:
        prefix = classifier.prefix

        def hook(_module: nn.Module, _inputs: object, tokens: Tensor) -> Tensor:
            cells = token_grid(tokens.shape[1] - prefix, image)
            grid = self.through(tokens[:, prefix:].transpose(1, 2).unflatten(2, cells).contiguous())
            return torch.cat([tokens[:, :prefix], grid.flatten(2).transpose(1, 2)], dim=1)

        handle = _last_norm(classifier).register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()


def _last_norm(classifier: MaskedClassifier) -> nn.Module:
    blocks = getattr(classifier.backbone, "blocks", None)
    norm = getattr(blocks[-1], "norm1", None) if isinstance(blocks, nn.Sequential | nn.ModuleList) else None
    if not isinstance(norm, nn.Module):
        raise ModelError(
            f"Grad-CAM needs the tokens before the last attention, and {type(classifier.backbone).__name__} does not "
            "name them (blocks[-1].norm1); choose a method on the picture's pixels."
        )
    return norm
