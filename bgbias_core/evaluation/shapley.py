"""Two-player Shapley values: how much of an answer the object earns, and how much its background.

The worth of a coalition is the log-odds of the target in a picture that holds just those players.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from bgbias_core.aviary import PLACES, Recipe, render
from bgbias_core.compositing import fit_scene, swap, without_object
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.predict import network_input
from bgbias_core.evaluation.swaps import Presentation
from bgbias_core.images import Image, Mask, check_pair
from bgbias_core.masks import Box, Masker, MaskResult
from bgbias_core.models import Checkpoint
from bgbias_core.registry import lookup

Progress = Callable[[int, int], None]

SCENES = 8
"""How many scenes stand for an absent background."""
NEGLIGIBLE = 0.1
"""Log-odds below which both values are too small to divide one by the other."""


@dataclass(frozen=True, eq=False)
class Coalitions:
    """The pictures in which the two players stand together, alone, or not at all.

    Attributes:
        everything: The picture itself.
        background: Its scene without the object.
        foreground: The object on each of ``K`` scenes.
        nothing: The same ``K`` scenes without the object.
    """

    everything: Presentation
    background: Presentation
    foreground: Sequence[Presentation]
    nothing: Sequence[Presentation]

    @property
    def presentations(self) -> tuple[Presentation, ...]:
        """All ``2 + 2K`` pictures: everything, background, foreground, nothing."""
        return (self.everything, self.background, *self.foreground, *self.nothing)


@dataclass(frozen=True)
class Shapley:
    """Shapley values of foreground and background for one picture and one target, in log-odds.

    Attributes:
        everything: Worth of the picture itself.
        background: Worth of the background alone.
        foreground: Mean worth of the object on the drawn scenes.
        nothing: Mean worth of the drawn scenes.
        phi_background: What the background adds, averaged over both orders of arrival; may be negative.
        phi_foreground: What the object adds. The two sum to ``everything − nothing``.
    """

    everything: float
    background: float
    foreground: float
    nothing: float
    phi_background: float
    phi_foreground: float

    @property
    def share(self) -> float | None:
        """``|φ_bg| / (|φ_bg| + |φ_fg|)``, in [0, 1]; not defined where both are under 0.1."""
        background, foreground = abs(self.phi_background), abs(self.phi_foreground)
        return None if max(background, foreground) < NEGLIGIBLE else background / (background + foreground)


def two_players(everything: float, background: float, foreground: float, nothing: float) -> Shapley:
    """Shapley values of a game of two from the worth of its four coalitions.

    Reference: Shapley, "A value for n-person games", 1953.

    >>> game = two_players(everything=5.0, background=1.0, foreground=3.0, nothing=0.0)
    >>> game.phi_background, game.phi_foreground, game.share
    (1.5, 3.5, 0.3)
    """
    return Shapley(
        everything,
        background,
        foreground,
        nothing,
        phi_background=(background - nothing + everything - foreground) / 2,
        phi_foreground=(foreground - nothing + everything - background) / 2,
    )


def aviary_coalitions(
    recipe: Recipe,
    size: int,
    *,
    source: Literal["given", "predicted"],
    masker: Masker | None = None,
    k: int = SCENES,
    seed: int = 0,
) -> Coalitions:
    """The coalitions of an Aviary picture: its true empty scene, and the bird in ``k`` scenes of places at random.

    Every mask belongs to its own picture: given masks mark the bird where it is and nothing where it is not;
    predicted ones are what the masker finds in that very picture.

    Args:
        recipe: The picture.
        size: Its side in pixels.
        source: Where the masks come from.
        masker: What predicts masks; needed for ``predicted``.
        k: How many scenes are drawn, uniformly from all places.
        seed: Seed of that draw; with one seed a bird meets the same scenes wherever it stands.

    Raises:
        UnknownNameError: The species or the place is not known.
        ConfigError: ``k`` is not positive; or predicted masks are asked for without a masker.
    """
    look = _Look(source, masker, None)
    _check_count(k)
    random = np.random.default_rng((seed, recipe.bird_seed))
    places = list(PLACES)
    drawn = [(places[int(place)], int(scene)) for place, scene in random.integers((len(places), 2**31), size=(k, 2))]
    own = render(recipe, size)
    others = {one: render(replace(recipe, place=one[0], scene_seed=one[1]), size) for one in drawn}
    nothing = np.zeros((size, size), dtype=np.float32)
    return Coalitions(
        look.at("everything", own.image, own.mask),
        look.at("background", own.scene, nothing),
        tuple(look.at(one[0], others[one].image, others[one].mask) for one in drawn),
        tuple(look.at(one[0], others[one].scene, nothing) for one in drawn),
    )


def photograph_coalitions(
    image: Image,
    lifted: MaskResult,
    scenes: Sequence[Image],
    *,
    masker: Masker | None = None,
    box: Box | None = None,
    k: int = SCENES,
    seed: int = 0,
) -> Coalitions:
    """The coalitions of a photograph: its scene with the object painted over, and the object on ``k`` of the scenes.

    Masks are as in :func:`aviary_coalitions`: given where the lifted mask is, else found in each picture.

    Args:
        image: The photograph, uint8 ``[H, W, 3]``.
        lifted: The object's mask in the photograph.
        scenes: Scenes to draw from, uint8 of any sizes; each is drawn once where there are at least ``k``.
        masker: What found the mask; needed unless the mask is given.
        box: The box that it was found in.
        k: How many scenes are drawn.
        seed: Seed of that draw.

    Raises:
        MaskError: The mask does not belong to the photograph, or marks nothing.
        ConfigError: ``k`` is not positive, there is no scene, or the mask is not given and there is no masker.
    """
    check_pair(image, lifted.mask)
    look = _Look("given" if lifted.source == "given" else "predicted", masker, box)
    _check_count(k)
    if not scenes:
        raise ConfigError("Two-player Shapley puts the object on other scenes, and there is none; give at least one.")
    random = np.random.default_rng(seed)
    drawn = [int(index) for index in random.choice(len(scenes), k, replace=len(scenes) < k)]
    composites = {index: swap(image, lifted.mask, scenes[index]) for index in set(drawn)}
    nowhere = np.zeros_like(lifted.mask)
    empty = {index: fit_scene(scenes[index], *lifted.mask.shape) for index in set(drawn)}
    return Coalitions(
        Presentation("everything", image, lifted),
        look.at("background", without_object(image, lifted.mask), nowhere),
        tuple(look.at(f"scene {index}", composites[index].image, composites[index].mask) for index in drawn),
        tuple(look.at(f"scene {index}", empty[index], nowhere) for index in drawn),
    )


def shapley_values(
    checkpoint: Checkpoint,
    coalitions: Coalitions,
    target: str,
    *,
    contrast: str | None = None,
    progress: Progress | None = None,
) -> Shapley:
    """Shapley values of one picture; see :func:`shapley_batch`."""
    return shapley_batch(checkpoint, [coalitions], [target], contrast=contrast, progress=progress)[0]


def shapley_batch(
    checkpoint: Checkpoint,
    coalitions: Sequence[Coalitions],
    targets: Sequence[str],
    *,
    contrast: str | None = None,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> list[Shapley]:
    """Shapley values of foreground and background for many pictures.

    A coalition's worth is the target's log-odds, ``logit_t − logsumexp(other logits)``; that of the object without
    its background, and that of nothing, are means over the drawn scenes. A masked checkpoint that is shown an empty
    mask answers from its bare fill or its empty features. Early masking with given masks and a constant fill has
    ``φ_bg = 0`` by identity.

    Args:
        checkpoint: A loaded checkpoint.
        coalitions: The pictures of each sample.
        targets: One of the checkpoint's classes for each sample.
        contrast: Another class; the worth is then the log-odds of the target against this class alone.
        batch_size: How many pictures go through the network at once.
        progress: Called with (pictures classified, all of them).

    Raises:
        UnknownNameError: A target or the contrast is none of the checkpoint's classes.
        MaskError: A mask does not belong to its picture.
    """
    index = {name: position for position, name in enumerate(checkpoint.card.classes)}
    columns = [lookup(index, target, "class") for _, target in zip(coalitions, targets, strict=True)]
    against = None if contrast is None else lookup(index, contrast, "class")
    shown = [one.presentations for one in coalitions]
    wanted = np.repeat(np.array(columns, dtype=np.int64), [len(one) for one in shown])
    logits = _logits(checkpoint, list(chain.from_iterable(shown)), batch_size, progress)
    worth = _worth(logits, wanted, against)
    values, start = [], 0
    for one in coalitions:
        k = len(one.foreground)
        own = worth[start : start + len(one.presentations)]
        foreground, nothing = own[2 : 2 + k].mean(), own[2 + k :].mean()
        values.append(two_players(float(own[0]), float(own[1]), float(foreground), float(nothing)))
        start += len(own)
    return values


def _logits(
    checkpoint: Checkpoint, presentations: Sequence[Presentation], batch_size: int, progress: Progress | None
) -> NDArray[np.float64]:
    logits = np.empty((len(presentations), len(checkpoint.card.classes)))
    for start in range(0, len(presentations), batch_size):
        chunk = slice(start, start + batch_size)
        shown = presentations[chunk]
        masks = [one.mask.mask for one in shown] if checkpoint.card.strategy.needs_mask else None
        pixels, foreground = network_input(checkpoint.card, [one.image for one in shown], masks)
        with torch.inference_mode():
            answers = checkpoint.classifier(
                pixels.to(checkpoint.device), None if foreground is None else foreground.to(checkpoint.device)
            )
        logits[chunk] = answers.float().cpu().numpy()
        if progress is not None:
            progress(start + len(shown), len(presentations))
    return logits


def _worth(logits: NDArray[np.float64], columns: NDArray[np.int64], against: int | None) -> NDArray[np.float64]:
    """Log-odds of class ``columns[i]`` in the ``i``-th picture, against all other classes or against one."""
    rows = np.arange(len(logits))
    target = logits[rows, columns]
    if against is not None:
        return target - logits[:, against]
    others = logits.copy()
    others[rows, columns] = -np.inf
    worth: NDArray[np.float64] = target - np.logaddexp.reduce(others, axis=1)
    return worth


@dataclass(frozen=True)
class _Look:
    """Where the mask of each picture comes from."""

    source: Literal["given", "predicted"]
    masker: Masker | None
    box: Box | None

    def __post_init__(self) -> None:
        if self.source == "predicted" and self.masker is None:
            raise ConfigError("Predicted masks are found anew in every picture; say by which masker.")

    def at(self, name: str, image: Image, mask: Mask) -> Presentation:
        if self.source == "given" or self.masker is None:
            return Presentation(name, image, MaskResult(mask, "given", "given"))
        return Presentation(name, image, self.masker(image, box=self.box))


def _check_count(k: int) -> None:
    if k < 1:
        raise ConfigError(
            f"At least 1 scene must stand for an absent background, got {k}; the usual number is {SCENES}."
        )
