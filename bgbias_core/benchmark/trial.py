"""One training step of a classifier with random weights at a small size: does it build, and what does it take?"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil
import torch

from bgbias_core.benchmark.plan import Arm, Plan
from bgbias_core.models import BackboneSpec, MaskedClassifier, backbone_spec, build_network
from bgbias_core.models.classifier import read_stages
from bgbias_core.models.strategy import SMALLEST_GRID
from bgbias_core.training.batches import classification_step

_BATCH = 2


@dataclass(frozen=True)
class Trial:
    """What one step took.

    Attributes:
        arm: What was trained.
        finetune: Whether the backbone was trained too.
        size: Side of the square images in pixels.
        parameters: Numbers in the network.
        trained: How many of them took a gradient.
        seconds: Wall-clock time of the step, forward, backward and update, on two pictures.
        memory_bytes: Memory of this process after it, all that came before included.
    """

    arm: Arm
    finetune: bool
    size: int
    parameters: int
    trained: int
    seconds: float
    memory_bytes: int


def smallest_size(spec: BackboneSpec) -> int:
    """The smallest side at which a backbone's last grid can carry an object's outline."""
    return SMALLEST_GRID * read_stages(build_network(spec, spec.size))[-1].reduction


def try_step(arm: Arm, plan: Plan, classes: int, size: int) -> Trial:
    """Build a classifier with random weights and train it for one step on random pictures.

    Args:
        arm: The classifier.
        plan: Says whether its backbone is trained too.
        classes: Number of classes.
        size: Side of the square images in pixels.

    Raises:
        ModelError: It cannot be built at this size.
    """
    torch.manual_seed(0)
    config, spec = arm.config(plan, 0), backbone_spec(arm.backbone)
    network = build_network(spec, size)
    network.requires_grad_(plan.finetune)
    classifier = MaskedClassifier(
        network, classes, config.model.strategy, size=size, pooling=arm.pooling, region=arm.region,
        mean=spec.mean, std=spec.std, head_norm=spec.head_norm,
    )  # fmt: skip
    classifier.train()
    if not plan.finetune:
        network.eval()
    learning = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=config.optimisation.learning_rate)
    images, masks = torch.rand(_BATCH, 3, size, size), torch.zeros(_BATCH, 1, size, size)
    masks[..., size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 1
    started = time.monotonic()
    step = classification_step(config.optimisation.label_smoothing)
    loss, _ = step(classifier, (images, masks, torch.arange(_BATCH) % classes))
    loss.backward()
    optimizer.step()
    return Trial(
        arm,
        plan.finetune,
        size,
        sum(parameter.numel() for parameter in classifier.parameters()),
        sum(parameter.numel() for parameter in learning),
        time.monotonic() - started,
        psutil.Process().memory_info().rss,
    )
