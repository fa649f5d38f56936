"""What goes where in a Waterbirds of one's own: splits, places and scenes, drawn before any picture is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError

TRAIN, VALIDATION, TEST = 0, 1, 2
"""The column ``split`` of ``metadata.csv``."""
SPLIT_NAMES = ("train", "val", "test")
VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class PlaceGroup:
    """A set of places that plays one role.

    Attributes:
        name: As people read it.
        places: Names of places.
    """

    name: str
    places: tuple[str, ...]


PUBLISHED_GROUPS = (
    PlaceGroup("land", ("bamboo_forest", "forest/broadleaf")),
    PlaceGroup("water", ("ocean", "lake/natural")),
)
"""The places of Waterbirds, by their names in Places365; the first group is place 0."""


@dataclass(frozen=True)
class Draws:
    """One value for each photograph, in the order of the photographs.

    Attributes:
        splits: int64 ``[N]``: 0 train, 1 validation, 2 test.
        places: int64 ``[N]``: the number of its place group.
        scenes: int64 ``[N]``: the number of its scene among those of that group.
    """

    splits: NDArray[np.int64]
    places: NDArray[np.int64]
    scenes: NDArray[np.int64]


def draw(
    labels: Sequence[int],
    is_test: Sequence[bool],
    scenes: Mapping[str, int],
    *,
    majority: float,
    seed: int,
    reuse_scenes: bool = False,
) -> Draws:
    """Draw the split, the place group and the scene of every photograph.

    The test photographs stay; of the n others, 20%, rounded, become validation. In training, each label gets a share
    ``majority`` of places of its own group; in validation and test, half of them. Every scene is used once.

    Args:
        labels: 0 or 1 for each photograph: the number of its own place group.
        is_test: Whether each photograph is one of the test photographs.
        scenes: How many scenes there are, by the name of each of the two place groups.
        majority: In [0, 1].
        seed: Another seed draws others. The published program draws without one.
        reuse_scenes: Whether scenes may come again, each only after all others of its group.

    Raises:
        ConfigError: The majority is not in [0, 1], or there are too few scenes; the message says how many.

    Reference: Sagawa et al. 2020, group_DRO, ``dataset_scripts/generate_waterbirds.py``.
    """
    if not 0 <= majority <= 1:
        raise ConfigError(f"The majority is a share, in [0, 1], got {majority}; choose one there, such as 0.95.")
    own = np.asarray(labels, np.int64)
    random = np.random.default_rng(seed)
    splits = np.where(np.asarray(is_test, bool), TEST, TRAIN).astype(np.int64)
    others = np.flatnonzero(splits == TRAIN)
    splits[random.choice(others, size=int(np.round(VALIDATION_SHARE * len(others))), replace=False)] = VALIDATION
    places = np.zeros(len(own), np.int64)
    for split, label in product((TRAIN, VALIDATION, TEST), (0, 1)):
        here = np.flatnonzero((splits == split) & (own == label))
        count = count_of_place_one(len(here), split, label, majority)
        places[random.choice(here, size=count, replace=False)] = 1
    _check_enough(Counter(places.tolist()), scenes, reuse_scenes)
    drawn = np.zeros(len(own), np.int64)
    for place, there in enumerate(scenes.values()):
        here = np.flatnonzero(places == place)
        rounds = -(-len(here) // max(there, 1))
        order = [random.permutation(there) for _ in range(rounds)]
        drawn[here] = np.concatenate([*order, np.zeros(0, np.int64)])[: len(here)]
    return Draws(splits, places, drawn)


def count_of_place_one(n: int, split: int, label: int, majority: float) -> int:
    """How many of a split's n photographs of a label stand in place group 1; the rest stand in 0.

    >>> count_of_place_one(3682, TRAIN, 0, 0.95), count_of_place_one(1113, TRAIN, 1, 0.95)
    (184, 1057)
    """
    share = 0.5 if split != TRAIN else majority if label == 1 else 1 - majority
    return int(np.round(share * n))


def count_groups(labels: Sequence[int], draws: Draws, groups: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many photographs each split has of each group, named ``label-place`` as in ``water-land``."""
    found = Counter(zip(draws.splits.tolist(), labels, draws.places.tolist(), strict=True))
    return {
        SPLIT_NAMES[split]: {
            f"{groups[label]}-{groups[place]}": found[split, label, place] for label, place in product((0, 1), (0, 1))
        }
        for split in (TRAIN, VALIDATION, TEST)
    }


def _check_enough(needed: Mapping[int, int], scenes: Mapping[str, int], reuse_scenes: bool) -> None:
    short = [
        f"{name} needs {needed.get(place, 0):,} and has {there:,} ({needed.get(place, 0) - there:,} too few)"
        for place, (name, there) in enumerate(scenes.items())
        if needed.get(place, 0) > there and not (reuse_scenes and there)
    ]
    if short:
        raise ConfigError(
            f"There are too few scenes to use each once: {'; '.join(short)}. Name more places for the group, or let "
            "scenes come again with --reuse-scenes."
        )
