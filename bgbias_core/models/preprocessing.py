"""From pictures of any size to the tensors that one classifier expects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from bgbias_core.errors import ModelError
from bgbias_core.images import Image, Mask, ResizeRule, resize, resize_pair

Triple = tuple[float, float, float]


class Preprocessing(BaseModel):
    """How pictures reach a classifier; it travels with the checkpoint.

    Attributes:
        size: Side of the square input in pixels.
        rule: ``squash``, ``crop`` or ``pad`` to the square.
        interpolation: How pictures are resized; masks are resized bilinearly.
        mean: Mean of each RGB channel, in [0, 1]; subtracted inside the classifier.
        std: Standard deviation of each RGB channel, in [0, 1]; divided by inside the classifier.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=2048)
    rule: ResizeRule = "squash"
    interpolation: Literal["bicubic"] = "bicubic"
    mean: Triple = (0.485, 0.456, 0.406)
    std: Triple = (0.229, 0.224, 0.225)

    def images(self, images: Sequence[Image]) -> Tensor:
        """Resize pictures and stack them.

        Args:
            images: uint8 ``[H, W, 3]`` each, of any sizes.

        Returns:
            float32 ``[B, 3, size, size]`` in [0, 1], not yet normalised.
        """
        square = (self.size, self.size)
        return _stack([resize(image, square, self.rule) for image in images])

    def pairs(self, images: Sequence[Image], masks: Sequence[Mask]) -> tuple[Tensor, Tensor]:
        """Resize pictures together with their masks and stack both.

        Args:
            images: uint8 ``[H, W, 3]`` each, of any sizes.
            masks: float32 ``[H, W]`` in [0, 1], one for each picture and of its size.

        Returns:
            float32 ``[B, 3, size, size]`` and ``[B, 1, size, size]``, both in [0, 1].

        Raises:
            ModelError: There are not as many masks as pictures.
            MaskError: A mask does not belong to its picture.
        """
        if len(images) != len(masks):
            raise ModelError(f"Got {len(images)} pictures and {len(masks)} masks; give one mask for each picture.")
        square = (self.size, self.size)
        resized = [resize_pair(image, mask, square, self.rule) for image, mask in zip(images, masks, strict=True)]
        stacked = np.stack([mask for _, mask in resized])
        return _stack([image for image, _ in resized]), torch.from_numpy(stacked).unsqueeze(1)


def _stack(images: Sequence[Image]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float().div_(255)
