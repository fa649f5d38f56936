"""From pictures and masks to probabilities and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bgbias_core.errors import ConfigError, ModelError
from bgbias_core.images import Image, Mask, check_pair
from bgbias_core.models import Card, Checkpoint

TOP = 5


@dataclass(frozen=True)
class Prediction:
    """The most probable classes, best first.

    Attributes:
        names: Names of the classes; none where a masked classifier was shown no object.
        probabilities: Their probabilities in [0, 1].
    """

    names: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def name(self) -> str:
        """The most probable class."""
        return self.names[0]


def predict_probabilities(
    checkpoint: Checkpoint, images: Sequence[Image], masks: Sequence[Mask] | None = None, *, batch_size: int = 64
) -> NDArray[np.float32]:
    """Classify pictures of any sizes; their order and the batch size do not matter.

    Args:
        checkpoint: A loaded checkpoint.
        images: uint8 ``[H, W, 3]`` each.
        masks: float32 ``[H, W]`` in [0, 1], one for each picture; ``unmasked`` needs none and looks at none.
        batch_size: How many pictures go through the network at once.

    Returns:
        float32 ``[N, C]``; every row sums to 1.

    Raises:
        ModelError: A masked checkpoint was given no masks, or not as many as pictures.
        MaskError: A mask does not belong to its picture.
        ConfigError: The batch size is not positive.
    """
    if batch_size < 1:
        raise ConfigError(f"A batch holds at least 1 picture, got batch size {batch_size}; give a positive number.")
    card = checkpoint.card
    if masks is not None and len(masks) != len(images):
        raise ModelError(f"Got {len(images)} pictures and {len(masks)} masks; give one mask for each picture.")
    probabilities = np.empty((len(images), len(card.classes)), dtype=np.float32)
    for start in range(0, len(images), batch_size):
        chunk = slice(start, start + batch_size)
        pixels, foreground = network_input(card, images[chunk], None if masks is None else masks[chunk])
        with torch.inference_mode():
            logits = checkpoint.classifier(
                pixels.to(checkpoint.device), None if foreground is None else foreground.to(checkpoint.device)
            )
        probabilities[chunk] = logits.float().softmax(dim=1).cpu().numpy()
    return probabilities


def network_input(card: Card, images: Sequence[Image], masks: Sequence[Mask] | None) -> tuple[Tensor, Tensor | None]:
    """Bring pictures and masks to the tensors that a checkpoint expects.

    Resizing mixes an object's rim with the pixels beside it. An early-masked classifier must not see those, so its
    background (mask 0) is filled before the resize; the classifier then masks as ever. With a hard mask it sees nothing
    of the background, whatever the picture's size; where a soft mask mixes, so does what it sees.

    Args:
        card: The checkpoint's card.
        images: uint8 ``[H, W, 3]`` each.
        masks: float32 ``[H, W]`` in [0, 1], one for each picture.

    Returns:
        float32 ``[B, 3, S, S]`` in [0, 1], and ``[B, 1, S, S]`` or, for unmasked, ``None``.

    Raises:
        ModelError: A masked checkpoint was given no masks, or not as many as pictures.
        MaskError: A mask does not belong to its picture.
    """
    if not card.strategy.needs_mask:
        return card.preprocessing.images(images), None
    if masks is None:
        raise ModelError(f"Strategy '{card.strategy.name}' of '{card.name}' needs a mask for every picture; give them.")
    if card.strategy.hides_background:
        mean = card.preprocessing.mean if card.strategy.fill == "mean" else (0.0, 0.0, 0.0)
        images = [_filled(image, mask, mean) for image, mask in zip(images, masks, strict=True)]
    return card.preprocessing.pairs(images, masks)


def _filled(image: Image, mask: Mask, colour: tuple[float, float, float]) -> Image:
    check_pair(image, mask)
    fill = np.rint(np.array(colour) * 255).astype(np.uint8)
    return np.where(mask[..., None] > 0, image, fill)


def top_predictions(probabilities: NDArray[np.float32], classes: Sequence[str], k: int = TOP) -> list[Prediction]:
    """Name the ``k`` most probable classes of every row; ties keep the order of the classes.

    Args:
        probabilities: float32 ``[N, C]``.
        classes: The ``C`` names.
        k: How many, at most ``C``.

    >>> top_predictions(np.array([[0.1, 0.7, 0.2]], dtype=np.float32), ["a", "b", "c"], k=2)[0].names
    ('b', 'c')
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return [
        Prediction(tuple(classes[index] for index in best), tuple(float(row[index]) for index in best))
        for row, best in zip(probabilities, order, strict=True)
    ]
