"""The methods by name: Captum's, on pixels and on the last feature grid, and two-player Shapley."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from captum.attr import IntegratedGradients, Occlusion, Saliency
from numpy.typing import NDArray
from torch import Tensor

from bgbias_core.attribution.contract import Level
from bgbias_core.attribution.grad_cam import grad_cam
from bgbias_core.attribution.score import Score

FIRST_STEPS, LAST_STEPS = 32, 1024
_AT_ONCE = 8  # pictures in one pass: bounds memory at any number of steps or windows, and more are no faster


@dataclass(frozen=True, eq=False)
class Map:
    """What a method finds.

    Attributes:
        values: float32 ``[S, S]``.
        steps: Steps of integrated gradients.
        error: Its completeness error in logits.
        complete: Whether that is within tolerance.
    """

    values: NDArray[np.float32]
    steps: int | None = None
    error: float | None = None
    complete: bool | None = None


Run = Callable[[Score, Tensor, Tensor], Map]
"""From the score, a picture float ``[1, 3, S, S]`` in [0, 1] and a baseline of its shape to a map."""


@dataclass(frozen=True)
class MethodSpec:
    """An attribution method.

    Attributes:
        name: Its name.
        title: As people read it.
        description: What it tells, and what it stands on.
        level: What it distributes the score over.
        signed: Whether its maps tell what speaks against the target from what speaks for it.
        reference: Where it was published.
        run: Computes a map; ``None`` for two-player Shapley, which needs pictures of its own.
    """

    name: str
    title: str
    description: str
    level: Level
    signed: bool
    reference: str
    run: Run | None


def integrated_gradients(score: Score, image: Tensor, baseline: Tensor) -> Map:
    """Gradients on the straight way from the baseline to the picture, times the way; summed over channels.

    Steps are doubled from 32 to at most 1,024, until the map's sum misses the difference of scores by no more than 1%
    of it or 0.01 logits.
    """
    score.tally.expect(2 + math.ceil(FIRST_STEPS / _AT_ONCE))
    difference = float(score(image) - score(baseline))
    tolerance = max(0.01 * abs(difference), 0.01)
    method, steps = IntegratedGradients(score), FIRST_STEPS
    while True:
        found = method.attribute(image, baseline, n_steps=steps, internal_batch_size=_AT_ONCE)
        error = abs(float(found.double().sum()) - difference)
        if error <= tolerance or steps == LAST_STEPS:
            return Map(_flat(found.sum(dim=1)), steps, error, error <= tolerance)
        steps *= 2
        score.tally.expect(math.ceil(steps / _AT_ONCE))


def saliency(score: Score, image: Tensor, baseline: Tensor) -> Map:  # noqa: ARG001 -- every method has one signature
    """The gradient's size at the picture; the largest over channels."""
    score.tally.expect(1)
    found = Saliency(score).attribute(image.requires_grad_(), abs=True)
    return Map(_flat(found.amax(dim=1)))


def occlusion(score: Score, image: Tensor, baseline: Tensor) -> Map:
    """What the score loses when a window of an eighth of the side, moved by half its width, shows the baseline.

    Every pixel gets the mean of the windows that cover it.
    """
    side = image.shape[-1]
    window, stride = max(1, side // 8), max(1, side // 16)
    windows = math.ceil((side - window) / stride + 1) ** 2
    score.tally.expect(1 + math.ceil(windows / _AT_ONCE))
    found = Occlusion(score).attribute(
        image, (3, window, window), (3, stride, stride), baseline, perturbations_per_eval=_AT_ONCE
    )
    return Map(_flat(found.mean(dim=1)))


def class_activation(score: Score, image: Tensor, baseline: Tensor) -> Map:  # noqa: ARG001 -- as saliency
    """Grad-CAM; see :func:`bgbias_core.attribution.grad_cam.grad_cam`."""
    score.tally.expect(1)
    return Map(_flat(grad_cam(score, image)))


def _flat(values: Tensor) -> NDArray[np.float32]:
    """float32 ``[S, S]`` from ``[1, S, S]``."""
    array: NDArray[np.float32] = values[0].detach().float().cpu().numpy()
    return array


METHODS: dict[str, MethodSpec] = {
    spec.name: spec
    for spec in (
        MethodSpec(
            "integrated_gradients",
            "Integrated gradients",
            "Adds up the gradient on the way from a plain picture (black; for early masking the fill's colour) to this "
            "one. The map sums to the difference of the two scores. A background of the plain colour earns nothing.",
            "input",
            signed=True,
            reference="Sundararajan, Taly & Yan, ICML 2017",
            run=integrated_gradients,
        ),
        MethodSpec(
            "grad_cam",
            "Grad-CAM",
            "Weighs the channels of the last feature grid by their mean gradient and keeps what is positive. Coarse: "
            "one cell has seen far more of the picture than it covers.",
            "features",
            signed=False,
            reference="Selvaraju et al., ICCV 2017",
            run=class_activation,
        ),
        MethodSpec(
            "occlusion",
            "Occlusion",
            "What the score loses when a window shows plain black (for early masking the fill's colour). A window "
            "smears what lies in it over its own width, so a share beside the object's rim is no proof.",
            "input",
            signed=True,
            reference="Zeiler & Fergus, ECCV 2014",
            run=occlusion,
        ),
        MethodSpec(
            "saliency",
            "Saliency",
            "How strongly the score reacts to a tiny change of each pixel: the gradient's size, the largest over "
            "channels. It tells sensitivity and not contribution.",
            "input",
            signed=False,
            reference="Simonyan, Vedaldi & Zisserman, ICLR workshop 2014",
            run=saliency,
        ),
        MethodSpec(
            "shapley",
            "Two-player Shapley",
            "What object and background each add to the target's log-odds, measured on pictures with both, either or "
            "neither of them: an intervention and no gradient.",
            "players",
            signed=True,
            reference="Shapley 1953",
            run=None,
        ),
    )
}
