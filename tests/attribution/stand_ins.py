"""Classifiers that read pixels by weights known to the test, and what an attribution could leave behind in one."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bgbias_core.evaluation.shapley import Coalitions, photograph_coalitions
from bgbias_core.images import Image, Mask
from bgbias_core.masks import given
from bgbias_core.models import Checkpoint, MaskedClassifier, Preprocessing, Strategy
from tests.evaluation.stand_ins import make_checkpoint

SIDE = 16
CLASSES = ("yes", "no")


class Weighing(nn.Module):
    """A backbone of one stage whose features are the pixels times a weight each."""

    feature_info = ({"module": "stage", "num_chs": 3, "reduction": 1},)
    num_features = 3

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.stage = nn.Identity()

    def forward_features(self, images: Tensor) -> Tensor:
        features: Tensor = self.stage(images * self.weights)
        return features


def reader(weights: NDArray[np.float32], strategy: Strategy | None = None) -> Checkpoint:
    """The logit of "yes" is the sum over pixels and channels of weight times pixel; that of "no" is 0.

    Args:
        weights: float32 ``[3, SIDE, SIDE]``.
        strategy: By default unmasked.
    """
    strategy = strategy or Strategy(name="unmasked")
    scaled = torch.from_numpy(weights) * SIDE**2  # pooling averages
    mean = (0.0, 0.0, 0.0)
    classifier = MaskedClassifier(Weighing(scaled), 2, strategy, size=SIDE, mean=mean, std=(1.0, 1.0, 1.0)).eval()
    with torch.no_grad():
        classifier.head[1].weight.copy_(torch.tensor([[1.0] * 3, [0.0] * 3]))
        classifier.head[1].bias.zero_()
    card = make_checkpoint(strategy).card.model_copy(
        update={
            "classes": CLASSES,
            "preprocessing": Preprocessing(size=SIDE, mean=mean, std=(1.0, 1.0, 1.0)),
        }
    )
    return Checkpoint(card, classifier, torch.device("cpu"))


def patch(top: int, left: int, side: int = 4) -> NDArray[np.float32]:
    """Weights of a detector that looks at one square only, float32 ``[3, SIDE, SIDE]``."""
    weights = np.zeros((3, SIDE, SIDE), dtype=np.float32)
    weights[:, top : top + side, left : left + side] = 0.1
    return weights


def bright_square(top: int = 6, left: int = 6, side: int = 5) -> tuple[Image, Mask]:
    """A bright square on plain grey, and its mask."""
    image = np.full((SIDE, SIDE, 3), 60, dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=np.float32)
    image[top : top + side, left : left + side] = 220
    mask[top : top + side, left : left + side] = 1
    return image, mask


def played(image: Image, mask: Mask, *scenes: Image) -> Coalitions:
    return photograph_coalitions(image, given(image, mask), scenes, k=2)


def left_behind(classifier: MaskedClassifier) -> dict[str, Any]:
    """Everything that borrowing a classifier could change."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "modes": [module.training for module in classifier.modules()],
        "flags": [parameter.requires_grad for parameter in classifier.parameters()],
        "gradients": [
            None if parameter.grad is None else parameter.grad.clone().flatten().tolist()
            for parameter in classifier.parameters()
        ],
        "hooks": sum(len(getattr(module, kind)) for module in classifier.modules() for kind in hooks),
        "weights": [value.sum().item() for value in classifier.state_dict().values()],
    }
