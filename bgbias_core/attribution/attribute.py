"""One picture, one checkpoint, one method: an attribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bgbias_core.attribution.contract import Attribution
from bgbias_core.attribution.methods import METHODS, MethodSpec
from bgbias_core.attribution.score import Progress, Score, Tally, borrowed
from bgbias_core.attribution.share import background_share, identity
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.evaluation import network_input, predict_probabilities
from bgbias_core.evaluation.shapley import Coalitions, shapley_values
from bgbias_core.images import Image, Mask, check_pair
from bgbias_core.masks import MaskResult
from bgbias_core.models import Card, Checkpoint
from bgbias_core.registry import lookup


def attribute(
    checkpoint: Checkpoint,
    image: Image,
    mask: MaskResult | None,
    method: str,
    *,
    target: str | None = None,
    contrast: str | None = None,
    object_mask: MaskResult | None = None,
    coalitions: Coalitions | None = None,
    progress: Progress | None = None,
) -> Attribution:
    """Explain a checkpoint's score for one class in one picture.

    An early-masked checkpoint is explained with respect to the picture before masking: what its mask removes earns
    nothing. Afterwards the classifier is as it was, also when ``progress`` cancels by raising.

    Args:
        checkpoint: A loaded checkpoint.
        image: uint8 ``[H, W, 3]``.
        mask: What a masked checkpoint looks at; one that looks at none does without.
        method: A name of ``METHODS``.
        target: The class that is explained; by default the one that the checkpoint names.
        contrast: Explain why it is the target rather than this class.
        object_mask: Where the object is, which the share is measured against; by default ``mask``. A share against a
            predicted mask that the checkpoint itself looked at cannot show what that mask got wrong.
        coalitions: For two-player Shapley: the pictures with and without object and background.
        progress: Called with (passes done, passes expected).

    Raises:
        UnknownNameError: There is no such method, or a class is none of the checkpoint's.
        ConfigError: Target and contrast are one class; or two-player Shapley has no coalitions.
        ModelError: A masked checkpoint was given no mask, or the method does not suit the network.
        MaskError: A mask does not belong to the picture; or a masked checkpoint is shown an empty one.
    """
    spec = lookup(METHODS, method, "attribution method")
    known, card = object_mask or mask, checkpoint.card
    for one in (mask, known):
        if one is not None:
            check_pair(image, one.mask)
    if card.strategy.needs_mask and mask is not None and mask.empty:
        raise MaskError(
            f"'{card.name}' is shown an empty mask and sees no object, so there is nothing to explain; "
            "draw a box or give a mask."
        )
    with borrowed(checkpoint.classifier):
        target = target or _named(checkpoint, image, mask)
        frame = _frame(card, spec, target, contrast, mask if card.strategy.needs_mask else None, known)
        if spec.run is None:
            return _played(checkpoint, image, known, coalitions, frame, progress)
        index = {name: position for position, name in enumerate(card.classes)}
        wanted, against = index[target], None if contrast is None else index[contrast]
        pixels, foreground = network_input(card, [image], None if mask is None else [mask.mask])
        pixels, masks = pixels.to(checkpoint.device), None if foreground is None else foreground.to(checkpoint.device)
        score = Score(checkpoint.classifier, masks, wanted, against, Tally(progress))
        score.tally.expect(1)
        frame = replace(frame, score=float(score(pixels)))
        found = spec.run(score, pixels, _baseline(card, pixels))
    if card.strategy.hides_background and spec.level == "input" and foreground is not None:
        # A window of occlusion also covers pixels that were never seen.
        found = replace(found, values=np.where(foreground[0, 0].numpy() > 0, found.values, np.float32(0)))
    frame = replace(frame, values=found.values, steps=found.steps, error=found.error, complete=found.complete)
    return frame if known is None or known.empty else _shared(checkpoint, image, mask, known, frame)


def _frame(
    card: Card, spec: MethodSpec, target: str, contrast: str | None, shown: MaskResult | None, known: MaskResult | None
) -> Attribution:
    """What is known of an attribution before anything is computed, with zeros for its values."""
    for name in (target, contrast or target):
        lookup(dict.fromkeys(card.classes), name, "class")
    if target == contrast:
        raise ConfigError(f"Target and contrast are both '{target}'; ask why it is that rather than another class.")
    return Attribution(
        method=spec.name,
        checkpoint=card.name,
        target=target,
        contrast=contrast,
        level=spec.level,
        values=np.zeros((card.preprocessing.size,) * 2, dtype=np.float32),
        score=0.0,
        rule=card.preprocessing.rule,
        mask_source="none" if shown is None else shown.source,
        masker="" if shown is None else shown.masker,
        object_source="none" if known is None else known.source,
        background_share=None,
        chance=None,
    )


def _named(checkpoint: Checkpoint, image: Image, mask: MaskResult | None) -> str:
    masks = None if mask is None else [mask.mask]
    return checkpoint.card.classes[int(predict_probabilities(checkpoint, [image], masks).argmax())]


def _baseline(card: Card, pixels: Tensor) -> Tensor:
    """Black; where early masking fills with the mean colour, that colour, or else the fill would count as content."""
    if card.strategy.name == "early" and card.strategy.fill == "mean":
        return torch.tensor(card.preprocessing.mean, device=pixels.device).view(1, 3, 1, 1).expand_as(pixels)
    return torch.zeros_like(pixels)


def _on_input(card: Card, image: Image, mask: MaskResult) -> Mask:
    """The object's mask at the network's input size, float32 ``[S, S]``."""
    small: Mask = card.preprocessing.pairs([image], [mask.mask])[1][0, 0].numpy()
    return small


def _shared(
    checkpoint: Checkpoint, image: Image, mask: MaskResult | None, known: MaskResult, frame: Attribution
) -> Attribution:
    """The background share, beside its chance level."""
    small = _on_input(checkpoint.card, image, known)
    hard = bool(((small == 0) | (small == 1)).all())
    return replace(
        frame,
        background_share=background_share(frame.values, small),
        chance=1 - float(small.mean()),
        by_identity=identity(checkpoint.classifier, frame.level, known.hard, hard) if known is mask else "",
    )


def _played(
    checkpoint: Checkpoint,
    image: Image,
    known: MaskResult | None,
    coalitions: Coalitions | None,
    frame: Attribution,
    progress: Progress | None,
) -> Attribution:
    """The two players' values, painted on object and background."""
    if coalitions is None or known is None or known.empty:
        raise ConfigError(
            "Two-player Shapley needs the object's mask, and pictures of the object and its background apart; "
            "choose scenes, and draw a box or give a mask."
        )
    game = shapley_values(checkpoint, coalitions, frame.target, contrast=frame.contrast, progress=progress)
    small = _on_input(checkpoint.card, image, known)
    values: NDArray[np.float32] = small * np.float32(game.phi_foreground) + (1 - small) * np.float32(
        game.phi_background
    )
    given = all(one.mask.source == "given" and one.mask.hard for one in coalitions.presentations)
    return replace(
        frame,
        values=values,
        score=game.everything,
        background_share=game.share,
        phi_background=game.phi_background,
        phi_foreground=game.phi_foreground,
        by_identity=identity(checkpoint.classifier, "players", given, input_hard=True),
    )
