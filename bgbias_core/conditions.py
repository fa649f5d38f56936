"""Conditions: the ways to present a sample, each a pure function of arrays; and the draw of other samples they need.

Evaluations present samples by these functions on the fly, and data sets of them are written by the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bgbias_core.compositing import Composite, bounding_box, swap, without_object
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.images import Image, Mask, check_pair
from bgbias_core.registry import lookup

NOISE_SIGMA = 64.0
"""Standard deviation of the noise of Noise-FG and Noise-BG, in levels of 0 to 255: a quarter of the range."""

Donor = tuple[Image, Mask]
"""Another sample that lends its background: image, uint8 ``[h, w, 3]``, and its object's mask, float32 ``[h, w]``."""


@dataclass(frozen=True)
class ConditionSpec:
    """One way to present a sample.

    Attributes:
        name: Key in ``CONDITIONS``.
        title: As results and people name it.
        description: What is shown.
        needs: What it takes beside the sample: a ``donor``, a ``scene``, or nothing.
        shows_object: Whether the object is in the picture; where it is not, the mask of the result is empty.
    """

    name: str
    title: str
    description: str
    needs: Literal["nothing", "donor", "scene"]
    shows_object: bool


CONDITIONS: dict[str, ConditionSpec] = {
    spec.name: spec
    for spec in (
        ConditionSpec("original", "original", "The sample as it is.", "nothing", True),
        ConditionSpec(
            "mixed_same",
            "Mixed-Same",
            "The object on the background of another sample of its class, that sample's own object removed.",
            "donor",
            True,
        ),
        ConditionSpec(
            "mixed_rand",
            "Mixed-Rand",
            "The object on the background of a sample of another class drawn at random, that sample's own object "
            "removed.",
            "donor",
            True,
        ),
        ConditionSpec("only_fg", "Only-FG", "The object alone on black.", "nothing", True),
        ConditionSpec("only_bg_b", "Only-BG-B", "The background; the object's box is black.", "nothing", False),
        ConditionSpec(
            "only_bg_t", "Only-BG-T", "The background; the object's box is tiled with background.", "nothing", False
        ),
        ConditionSpec("no_fg", "No-FG", "The background; the object's shape is black.", "nothing", False),
        ConditionSpec("foreign", "foreign scene", "The object on a photograph of another place.", "scene", True),
        ConditionSpec("noise_fg", "Noise-FG", "The sample with noise on the object's pixels.", "nothing", True),
        ConditionSpec("noise_bg", "Noise-BG", "The sample with noise on the background's pixels.", "nothing", True),
    )
}


def present(
    condition: str,
    image: Image,
    mask: Mask,
    *,
    donor: Donor | None = None,
    scene: Image | None = None,
    seed: int = 0,
) -> Composite:
    """Present a sample under a condition.

    Boxes and shapes enclose every pixel whose mask is above 0, so that none of them shows a part of the object.

    Args:
        condition: A name of ``CONDITIONS``.
        image: RGB, uint8 ``[H, W, 3]``; not changed.
        mask: The object, float32 ``[H, W]`` in [0, 1], 1 = foreground.
        donor: Who lends the background, of any size; for ``mixed_same`` and ``mixed_rand``.
        scene: RGB, uint8 of any size; for ``foreign``.
        seed: Seed of the noise, for ``noise_fg`` and ``noise_bg``; with one seed both take parts of one field.

    Returns:
        The picture, of the sample's size, and what a model with given masks may look at: where the object stands, and
        nothing at all where the object was taken out.

    Raises:
        UnknownNameError: There is no such condition.
        ConfigError: The donor or the scene that it needs is missing.
        ImageError: An image is none.
        MaskError: A mask does not belong to its image, or marks nothing where an object is to be moved or removed.

    Reference: Xiao, Engstrom, Ilyas, Madry, Noise or Signal: The Role of Image Backgrounds in Object Recognition,
        ICLR 2021, table 1 (all but ``foreign`` and noise). Moayeri, Pope, Balaji, Feizi, A Comprehensive Study of
        Image Classification Model Sensitivity to Foregrounds, Backgrounds, and Visual Attributes, CVPR 2022 (Gaussian
        noise on one of the two; the width of the noise here is one fixed ``NOISE_SIGMA``).
    """
    spec = lookup(CONDITIONS, condition, "condition")
    check_pair(image, mask)
    if condition == "original":
        return Composite(image.copy(), mask.copy())
    if not mask.any():
        raise MaskError(f"{spec.title} needs the object's mask and it marks nothing; give a mask, or leave this out.")
    if condition in _NOISY:
        return Composite(_noisy(image, mask if condition == "noise_fg" else 1 - mask, seed), mask.copy())
    if spec.needs == "nothing":
        return _ALONE[condition](image, mask)
    if spec.needs == "donor":
        if donor is None:
            raise ConfigError(f"{spec.title} takes the background of another sample and none was given; give a donor.")
        return swap(image, mask, tiled(*donor))
    if scene is None:
        raise ConfigError(f"A {spec.title} was asked for and none was given; give a photograph of a place.")
    return swap(image, mask, scene)


def tiled(image: Image, mask: Mask) -> Image:
    """Cover an object's box with background: Only-BG-T, and what the Mixed conditions lend.

    Of the four strips of background above, below, left and right of the box, each as wide or high as the image, the
    largest is repeated over a whole image from its top left corner, and the box shows that image. Where the box leaves
    no strip, the object is painted over from what surrounds it (:func:`bgbias_core.compositing.without_object`).

    Args:
        image: RGB, uint8 ``[H, W, 3]``; not changed.
        mask: float32 ``[H, W]`` in [0, 1]; the box encloses everything above 0.

    Returns:
        uint8 ``[H, W, 3]``, untouched outside the box; no pixel of it is the object's.

    Raises:
        ImageError: The image is none.
        MaskError: The mask does not belong to the image, or marks nothing: the object would stay.

    Reference: the tiled background of Xiao et al. 2021, who leave out images whose box fills most of the frame.
    """
    check_pair(image, mask)
    if not mask.any():
        raise MaskError("The mask marks nothing, so its object cannot be removed; give its mask, or another image.")
    left, top, right, bottom = bounding_box(mask > 0)
    strip = max((image[:top], image[bottom:], image[:, :left], image[:, right:]), key=lambda pixels: pixels.size)
    if not strip.size:
        return without_object(image, mask)
    rows, columns = np.arange(top, bottom) % strip.shape[0], np.arange(left, right) % strip.shape[1]
    covered = image.copy()
    covered[top:bottom, left:right] = strip[np.ix_(rows, columns)]
    return covered


def seed_of(sample: str, seed: int) -> int:
    """A seed for draws that belong to one sample and depend on no other."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{sample}".encode()).digest()[:8])


def draw_donors(labels: Sequence[str], index: int, condition: str, draws: int, seed: int) -> tuple[int, ...]:
    """Draw who lends one sample its background.

    For ``mixed_same``, other samples of its class, each once before any comes again. For ``mixed_rand``, each time a
    class uniformly among the *other* classes, then a sample of it uniformly. Its own class is never drawn, so that the
    two conditions share no background; ImageNet-9's "random class" may be read to include it, which shrinks the gap
    by its share of the classes.

    Args:
        labels: The class of every sample that may lend or borrow.
        index: Which of them borrows.
        condition: ``mixed_same`` or ``mixed_rand``.
        draws: How many donors.
        seed: Another seed draws others. What is drawn depends on nothing else that is or was drawn, and more draws
            begin with the same ones.

    Returns:
        Indices of other samples.

    Raises:
        UnknownNameError: There is no such condition.
        ConfigError: The condition takes no donor, or there is no other sample to draw.

    >>> draw_donors(["gull", "gull", "wren"], 0, "mixed_same", draws=2, seed=0)
    (1, 1)
    >>> draw_donors(["gull", "gull", "wren"], 0, "mixed_rand", draws=1, seed=0)
    (2,)
    """
    spec = lookup(CONDITIONS, condition, "condition")
    if spec.needs != "donor":
        raise ConfigError(f"{spec.title} takes no background of another sample; draw for mixed_same or mixed_rand.")
    random = np.random.default_rng([seed, index, list(CONDITIONS).index(condition)])
    own = labels[index]
    if condition == "mixed_same":
        others = [other for other, label in enumerate(labels) if label == own and other != index]
        if not others:
            raise ConfigError(
                f"'{own}' has a single sample, so none can lend it the background of its class; give it more samples."
            )
        order = random.permutation(len(others))
        return tuple(others[int(order[draw % len(others)])] for draw in range(draws))
    of_class: dict[str, list[int]] = {}
    for other, label in enumerate(labels):
        if label != own:
            of_class.setdefault(label, []).append(other)
    if not of_class:
        raise ConfigError(
            f"All samples are of the class '{own}', so no other class can lend a background; add another."
        )
    classes = sorted(of_class)
    donors = []
    for _ in range(draws):
        lenders = of_class[classes[int(random.integers(len(classes)))]]
        donors.append(lenders[int(random.integers(len(lenders)))])
    return tuple(donors)


def _only_fg(image: Image, mask: Mask) -> Composite:
    return swap(image, mask, np.zeros_like(image))


def _only_bg_b(image: Image, mask: Mask) -> Composite:
    left, top, right, bottom = bounding_box(mask > 0)
    shown = image.copy()
    shown[top:bottom, left:right] = 0
    return Composite(shown, np.zeros_like(mask))


def _only_bg_t(image: Image, mask: Mask) -> Composite:
    return Composite(tiled(image, mask), np.zeros_like(mask))


def _no_fg(image: Image, mask: Mask) -> Composite:
    return Composite(np.where(mask[..., None] > 0, np.uint8(0), image), np.zeros_like(mask))


def _noisy(image: Image, weight: Mask, seed: int) -> Image:
    """Add Gaussian noise where the weight is above 0, by its weight; the rest stays untouched to the byte."""
    noise = np.random.default_rng(seed).normal(0, NOISE_SIGMA, image.shape)
    return np.clip(np.rint(image + noise * weight[..., None]), 0, 255).astype(np.uint8)


_NOISY = frozenset({"noise_fg", "noise_bg"})
_ALONE: dict[str, Callable[[Image, Mask], Composite]] = {
    "only_fg": _only_fg,
    "only_bg_b": _only_bg_b,
    "only_bg_t": _only_bg_t,
    "no_fg": _no_fg,
}
