"""Dials that are turned at inference: how bad the mask is that a masked classifier is given, how large the object is.

A dial's rows say its name and level in the table's columns ``dial`` and ``level``; the ordinary row of the same
picture, whose dial is empty, is level 0 of a mask's dials and scale 1 of the object's size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from bgbias_core.compositing import Composite, Placement, swap
from bgbias_core.errors import MaskError
from bgbias_core.images import Image, Mask, check_mask
from bgbias_core.registry import lookup

MaskDial = Literal["grow", "shrink", "shift", "holes"]

MASK_QUALITY, OBJECT_SIZE = "mask quality", "object size"
HOLE = 0.08
"""Radius of one hole in parts of the object's equivalent diameter."""


@dataclass(frozen=True)
class DialSpec:
    """One thing that is changed step by step, everything else left as it is.

    Attributes:
        name: Key in ``DIALS``, and what the table's column ``dial`` says.
        family: The option that asks for it: ``mask quality`` or ``object size``.
        levels: How far, ascending; the ordinary row's level is left out.
        ordinary: The level of the ordinary row.
        unit: What a level counts.
        description: What is done.
    """

    name: str
    family: str
    levels: tuple[float, ...]
    ordinary: float
    unit: str
    description: str

    @property
    def changes_mask(self) -> bool:
        """Whether only the given mask changes, so that who looks at none has no rows."""
        return self.family == MASK_QUALITY


_DISTANCES = (0.05, 0.1, 0.2, 0.4)
_OF_DIAMETER = "of the object's equivalent diameter √(4·area/π)"
DIALS: dict[str, DialSpec] = {
    spec.name: spec
    for spec in (
        DialSpec("grow", MASK_QUALITY, _DISTANCES, 0, _OF_DIAMETER, "The mask reaches so far beyond the object."),
        DialSpec("shrink", MASK_QUALITY, _DISTANCES, 0, _OF_DIAMETER, "The mask ends so far inside the object."),
        DialSpec(
            "shift", MASK_QUALITY, _DISTANCES, 0, _OF_DIAMETER, "The mask lies beside the object, in one direction."
        ),
        DialSpec("holes", MASK_QUALITY, (0.1, 0.2, 0.4), 0, "of the object's area", "Discs are missing in the mask."),
        DialSpec(
            "object size",
            OBJECT_SIZE,
            (0.25, 0.5, 0.75, 1.25, 1.5),
            1,
            "times the object's size",
            "The object is scaled about the centre of its box, on the same scene.",
        ),
    )
}
"""What can be changed step by step."""
FAMILIES: tuple[str, ...] = (MASK_QUALITY, OBJECT_SIZE)
"""What can be asked for."""


def choose_dials(families: Sequence[str]) -> tuple[str, ...]:
    """The families that are asked for, each once and in the order of ``FAMILIES``.

    Raises:
        UnknownNameError: There is no such dial.
    """
    known = dict.fromkeys(FAMILIES)
    for name in families:
        lookup(known, name, "dial")
    return tuple(name for name in FAMILIES if name in families)


def steps_of(family: str) -> list[tuple[str, float]]:
    """Every dial of a family at every level."""
    return [(spec.name, level) for spec in DIALS.values() if spec.family == family for level in spec.levels]


def equivalent_diameter(mask: Mask) -> float:
    """Diameter in pixels of the disc that is as large as the object; half-covered pixels count half.

    >>> round(equivalent_diameter(np.ones((20, 20), dtype=np.float32)), 2)
    22.57
    """
    return math.sqrt(4 * float(mask.sum(dtype=np.float64)) / math.pi)


def worsened(mask: Mask, dial: str, level: float, *, seed: int) -> Mask:
    """A given mask that is wrong by so much.

    What of the object stays marked keeps its value, so soft masks stay soft.

    Args:
        mask: The true one, float32 ``[H, W]`` in [0, 1].
        dial: ``grow``, ``shrink``, ``shift`` or ``holes``.
        level: How wrong: for ``holes`` the share of the object's area that is missing, else a distance in parts of
            its equivalent diameter. ``shift`` goes to whole pixels, and what leaves the frame is lost.
        seed: Fixes the direction of a shift, and where holes are; with one seed a higher level goes further in the
            same direction, and its holes hold those of a lower one.

    Returns:
        float32 ``[H, W]``; it may be empty: the object is then lost.

    Raises:
        UnknownNameError: It is no dial of the mask.
        MaskError: The mask is none, or marks nothing.
    """
    check_mask(mask)
    ways = {"grow": _grown, "shrink": _shrunk, "shift": _shifted, "holes": _holed}
    way = lookup(ways, dial, "dial of the mask")
    if not mask.any():
        raise MaskError("The mask marks nothing, so nothing of it can be wrong; give the object's mask.")
    return way(mask, level, np.random.default_rng(seed))


def resized(image: Image, mask: Mask, scene: Image, scale: float) -> Composite:
    """The object so many times as large on its scene.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: The object, float32 ``[H, W]`` in [0, 1].
        scene: The scene without the object, uint8 of any size.
        scale: Factor on the object's size.

    Raises:
        ImageError: The image or the scene is none.
        MaskError: The mask does not belong to the image, or marks nothing.
        ConfigError: The scale is out of range.
    """
    return swap(image, mask, scene, placement=Placement(scale=scale))


def _grown(mask: Mask, level: float, _random: np.random.Generator) -> Mask:
    # Distances by a transform: the pixels of a large photograph's object would take a huge structuring element.
    distance = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    reached = (distance > 0) & (distance <= level * equivalent_diameter(mask))
    return np.where(reached, np.float32(1), mask)


def _shrunk(mask: Mask, level: float, _random: np.random.Generator) -> Mask:
    # What the frame cuts off is not background: an object at the frame's edge keeps that edge.
    if (mask > 0).all():
        return mask.copy()
    distance = cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(distance > level * equivalent_diameter(mask), mask, np.float32(0))


def _shifted(mask: Mask, level: float, random: np.random.Generator) -> Mask:
    angle, far = random.uniform(0, 2 * math.pi), level * equivalent_diameter(mask)
    height, width = mask.shape
    down = min(max(round(far * math.sin(angle)), -height), height)
    right = min(max(round(far * math.cos(angle)), -width), width)
    moved = np.zeros_like(mask)
    target = moved[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    target[:] = mask[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    return moved


def _holed(mask: Mask, level: float, random: np.random.Generator) -> Mask:
    """Cut discs around pixels of the object drawn at random; of the last one only what is still to go, inside first."""
    rows, columns = np.nonzero(mask)
    left = np.ones(len(rows), dtype=bool)
    radius = HOLE * equivalent_diameter(mask)
    wanted = round(level * len(rows))
    while (cut := len(rows) - int(left.sum())) < wanted:
        kept = np.flatnonzero(left)
        centre = kept[int(random.integers(len(kept)))]
        squared = (rows[kept] - rows[centre]) ** 2 + (columns[kept] - columns[centre]) ** 2
        disc = np.flatnonzero(squared <= radius**2)
        left[kept[disc[np.argsort(squared[disc], kind="stable")[: wanted - cut]]]] = False
    holed = mask.copy()
    holed[rows[~left], columns[~left]] = 0
    return holed
