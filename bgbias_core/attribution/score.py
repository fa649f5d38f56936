"""A classifier as one number for each picture, borrowed for as long as an attribution takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from bgbias_core.models import MaskedClassifier

Progress = Callable[[int, int], None]


class Tally:
    """Counts forward passes for a progress callback; an exception that the callback raises cancels the work."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.done, self.total = progress, 0, 0

    def expect(self, passes: int) -> None:
        """Say that so many more passes will come."""
        self.total += passes

    def __call__(self) -> None:
        """One more pass is done."""
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, max(self.done, self.total))


class Score(nn.Module):
    """The score that is explained: a logit, or the difference of two.

    Args:
        classifier: The classifier.
        masks: float ``[1, 1, S, S]`` in [0, 1], the one mask for all pictures; ``None`` for unmasked.
        target: Index of the class that is explained.
        contrast: Index of the class that it is explained against, or ``None``.
        tally: Told of every forward pass.
    """

    def __init__(
        self, classifier: MaskedClassifier, masks: Tensor | None, target: int, contrast: int | None, tally: Tally
    ) -> None:
        super().__init__()
        self.classifier, self.masks = classifier, masks
        self.target, self.contrast, self.tally = target, contrast, tally

    def masks_for(self, images: Tensor) -> Tensor | None:
        """The mask, once for each picture of a batch."""
        return None if self.masks is None else self.masks.expand(len(images), -1, -1, -1)

    def forward(self, images: Tensor) -> Tensor:
        """Score pictures.

        Args:
            images: float ``[B, 3, S, S]`` in [0, 1].

        Returns:
            float ``[B]``.
        """
        return self.read(self.classifier(images, self.masks_for(images)))

    def read(self, logits: Tensor) -> Tensor:
        """The score from logits ``[B, classes]``, which ends a pass."""
        self.tally()
        score = logits[:, self.target]
        return score if self.contrast is None else score - logits[:, self.contrast]


@contextmanager
def borrowed(classifier: MaskedClassifier) -> Iterator[None]:
    """Hold a classifier in eval mode, its parameters without gradients and gradients switched on for all else.

    Modes of all modules and flags of all parameters are afterwards as they were, also on failure; gradients that
    somebody else left on the parameters are never touched.
    """
    modes = [(module, module.training) for module in classifier.modules()]
    flags = [(parameter, parameter.requires_grad) for parameter in classifier.parameters()]
    try:
        classifier.eval()
        for parameter, _ in flags:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training
        for parameter, wanted in flags:
            parameter.requires_grad_(wanted)
