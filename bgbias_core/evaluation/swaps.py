"""One object before many backgrounds: presentations, the verdicts on them, and which names changed.

The page and the command line both go through here, so both show the same composites and the same predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bgbias_core.compositing import IDENTITY, Composite, Placement, fade, swap
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.evaluation.predict import Prediction, predict_probabilities, top_predictions
from bgbias_core.images import Image, check_pair
from bgbias_core.masks import Box, Masker, MaskResult, Source
from bgbias_core.models import Checkpoint

ORIGINAL = "original"
NO_OBJECT = "no object found"


@dataclass(frozen=True, eq=False)
class Presentation:
    """One picture as the classifiers get it.

    Attributes:
        name: ``original``, or the scene's name.
        image: uint8 ``[H, W, 3]``.
        mask: The mask that masked classifiers look at, and where it comes from.
    """

    name: str
    image: Image
    mask: MaskResult


@dataclass(frozen=True, eq=False)
class Verdict(Prediction):
    """What a checkpoint says about one presentation.

    Where a masked checkpoint is shown an empty mask it has seen nothing, and its answer would be made up: then there
    are no names, and ``name`` reads ``no object found``.

    Attributes:
        presentation: Name of the presentation.
        mask_source: Where the mask comes from; ``none`` for checkpoints that look at none.
        masker: What made the mask; empty where there is none.
        all_probabilities: float32 ``[C]``, in the order of the card's classes; NaN where no object was found.
    """

    presentation: str
    mask_source: Source | Literal["none"]
    masker: str
    all_probabilities: NDArray[np.float32] = field(repr=False)

    @property
    def found(self) -> bool:
        """Whether the checkpoint saw an object at all."""
        return bool(self.names)

    @property
    def name(self) -> str:
        """The most probable class, or ``no object found``."""
        return self.names[0] if self.found else NO_OBJECT


def present(
    image: Image,
    lifted: MaskResult,
    scenes: Mapping[str, Image],
    *,
    masker: Masker | None = None,
    box: Box | None = None,
    feather: float = 0.0,
    placement: Placement = IDENTITY,
) -> list[Presentation]:
    """Lift an object off its photograph and put it on every scene.

    Where the lifted mask is given, the classifiers get that mask, moved and scaled with the object. Otherwise they get
    what the masker finds in the very composite, inside the moved box if there is one.

    Args:
        image: The photograph, uint8 ``[H, W, 3]``.
        lifted: The object's mask in the photograph.
        scenes: Scenes by name, uint8 of any sizes.
        masker: What found the mask; needed unless the mask is given.
        box: The box that it was found in.
        feather: Softness of the object's rim in pixels.
        placement: Where the object goes on the scenes.

    Returns:
        The original first, then one presentation for each scene, in their order.

    Raises:
        MaskError: The mask does not belong to the photograph; or it is empty, and given or wanted on a scene.
        ConfigError: The mask is not given and there is no masker.
    """
    _check_lifted(image, lifted, masker)
    look = _Look(lifted, masker, _moved_box(box, lifted, placement))
    composites = {
        name: swap(image, lifted.mask, scene, feather=feather, placement=placement) for name, scene in scenes.items()
    }
    return [
        Presentation(ORIGINAL, image, lifted),
        *(look.at(name, composite) for name, composite in composites.items()),
    ]


def present_fade(
    image: Image,
    lifted: MaskResult,
    scene: Image,
    amounts: Sequence[float],
    *,
    masker: Masker | None = None,
    box: Box | None = None,
    feather: float = 0.0,
    placement: Placement = IDENTITY,
) -> list[Presentation]:
    """The original first, then the object before its fading background, one presentation for each amount.

    Args:
        image: The photograph, uint8 ``[H, W, 3]``.
        lifted: The object's mask in the photograph.
        scene: The scene to fade to, uint8 of any size.
        amounts: Each in [0, 1]: 0 = own background, 0.5 = plain grey, 1 = the scene.
        masker: As for :func:`present`.
        box: As for :func:`present`.
        feather: As for :func:`present`.
        placement: As for :func:`present`.

    Raises:
        MaskError: The mask does not belong to the photograph, or is empty.
        ConfigError: An amount is not in [0, 1]; or the mask is not given and there is no masker.
    """
    _check_lifted(image, lifted, masker)
    look = _Look(lifted, masker, _moved_box(box, lifted, placement))
    faded = [
        (f"{amount:g}", fade(image, lifted.mask, scene, amount, feather=feather, placement=placement))
        for amount in amounts
    ]
    return [Presentation(ORIGINAL, image, lifted), *(look.at(name, composite) for name, composite in faded)]


def judge(checkpoint: Checkpoint, presentations: Sequence[Presentation], batch_size: int = 64) -> list[Verdict]:
    """Let a checkpoint name every presentation.

    Args:
        checkpoint: A loaded checkpoint.
        presentations: What it gets to see.
        batch_size: How many pictures go through the network at once.

    Returns:
        One verdict for each presentation, in their order.

    Raises:
        MaskError: A mask does not belong to its picture.
    """
    needs_mask = checkpoint.card.strategy.needs_mask
    seen = [shown for shown in presentations if not (needs_mask and shown.mask.empty)]
    masks = [shown.mask.mask for shown in seen] if needs_mask else None
    probabilities = predict_probabilities(checkpoint, [shown.image for shown in seen], masks, batch_size=batch_size)
    answers = iter(zip(probabilities, top_predictions(probabilities, checkpoint.card.classes), strict=True))
    verdicts = []
    for shown in presentations:
        if needs_mask and shown.mask.empty:
            row, top = np.full(len(checkpoint.card.classes), np.nan, dtype=np.float32), Prediction((), ())
        else:
            row, top = next(answers)
        verdicts.append(
            Verdict(
                top.names,
                top.probabilities,
                presentation=shown.name,
                mask_source=shown.mask.source if needs_mask else "none",
                masker=shown.mask.masker if needs_mask else "",
                all_probabilities=row,
            )
        )
    return verdicts


def changed(verdicts: Sequence[Verdict]) -> list[bool | None]:
    """Whether each verdict names another class than the first one, which is the original's.

    Returns:
        One value for each verdict, the first being false; ``None`` where no object was found in either of the two.
    """
    original = verdicts[0]
    return [verdict.name != original.name if verdict.found and original.found else None for verdict in verdicts]


def confidence(verdicts: Sequence[Verdict]) -> NDArray[np.float32]:
    """Probability of the original's name in every verdict but the first, which is the original's.

    Returns:
        float32, one value for each further verdict; NaN where no object was found.

    Raises:
        MaskError: No object was found in the original, so there is no name to follow.
    """
    if not verdicts[0].found:
        raise MaskError("No object was found in the original, so no name can be followed; draw a box or give a mask.")
    named = int(np.argmax(verdicts[0].all_probabilities))
    return np.array([verdict.all_probabilities[named] for verdict in verdicts[1:]], dtype=np.float32)


def _check_lifted(image: Image, lifted: MaskResult, masker: Masker | None) -> None:
    check_pair(image, lifted.mask)
    if lifted.source == "given" and lifted.empty:
        raise MaskError("The given mask marks nothing; give a mask in which the object is white, or draw a box.")
    if lifted.source != "given" and masker is None:
        raise ConfigError("A mask that is not given must be found again on every composite; say by which masker.")


@dataclass(frozen=True)
class _Look:
    """How the mask of a composite comes about."""

    lifted: MaskResult
    masker: Masker | None
    box: Box | None

    def at(self, name: str, composite: Composite) -> Presentation:
        if self.masker is None or self.lifted.source == "given":
            return Presentation(name, composite.image, MaskResult(composite.mask, "given", self.lifted.masker))
        if self.box is not None and not _touches(self.box, composite.mask.shape):
            # The object was moved out of the frame, and its box with it.
            nothing = MaskResult(np.zeros_like(composite.mask), "given box", self.masker.name)
            return Presentation(name, composite.image, nothing)
        return Presentation(name, composite.image, self.masker(composite.image, box=self.box))


def _moved_box(box: Box | None, lifted: MaskResult, placement: Placement) -> Box | None:
    """Where a box lies once its object is scaled about its own centre and shifted."""
    if box is None or placement == IDENTITY or lifted.empty:
        return box
    moved: list[int] = []
    for axis, start, length, shift in ((1, box[0], box[2], placement.dx), (0, box[1], box[3], placement.dy)):
        found = np.flatnonzero((lifted.mask > 0).any(axis=1 - axis))
        centre = (found[0] + found[-1] + 1) / 2
        offset = round(shift * lifted.mask.shape[axis])
        first = round(centre + (start - centre) * placement.scale) + offset
        moved += [first, max(1, round(length * placement.scale))]
    return moved[0], moved[2], moved[1], moved[3]


def _touches(box: Box, shape: tuple[int, ...]) -> bool:
    return box[0] < shape[1] and box[1] < shape[0] and box[0] + box[2] > 0 and box[1] + box[3] > 0
