"""Bounded caches of what pages load: checkpoints and Aviary pictures.

PyTorch is imported where it is used and not at the top: it takes seconds, and a page shows pictures meanwhile.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bgbias_core.aviary import SPECIES, Recipe, render
from bgbias_core.images import Image, Mask

if TYPE_CHECKING:
    from bgbias_core.models import Card, Checkpoint, Listing

Task = Literal["species", "imagenet"]

_BACKBONE_ORDER = ("convnext", "vit", "efficientnet")


def listing(*, dials: bool = False) -> Listing:
    """The cards on disk now, usable and broken.

    Args:
        dials: Whether the points of the trained dials are among them, which no list offers for choice.
    """
    from bgbias_core.models import list_checkpoints

    return list_checkpoints(dials=dials)


def checkpoint_names(task: Task) -> list[str]:
    """Names of the usable checkpoints of a task: shipped before own, ConvNeXt before ViT.

    Those that wait for a download are left out; :func:`waiting_checkpoints` gives them.

    Args:
        task: ``species`` (those that tell the Aviary's species apart) or ``imagenet`` (all others: they were made for
            photographs, with ImageNet's classes or those of a data set).
    """
    found = listing()
    return [card.name for card in sorted(_of_task(found, task), key=_rank) if card.name not in found.waiting]


def _of_task(found: Listing, task: Task) -> list[Card]:
    return [card for card in found.cards.values() if (card.classes == tuple(SPECIES)) == (task == "species")]


def is_species_head(card: Card) -> bool:
    """Whether it is one of the shipped heads for a few species of birds on photographs."""
    return card.name.startswith("species-")


def _rank(card: Card) -> tuple[int, int, str, int, str]:
    from bgbias_core.models import STRATEGY_NAMES

    backbone = card.architecture.backbone
    kind = next((i for i, word in enumerate(_BACKBONE_ORDER) if word in backbone), len(_BACKBONE_ORDER))
    group = 0 if card.task == "imagenet" else 1 if is_species_head(card) else 2
    return group, kind, backbone, STRATEGY_NAMES.index(card.strategy.name), card.name


def show_broken_checkpoints() -> None:
    """Say in a sentence each which checkpoints cannot be used and why."""
    for name, reason in listing().broken.items():
        st.warning(f"The checkpoint **{name}** cannot be used. {reason}", icon=":material/build:")


def waiting_checkpoints(task: Task) -> dict[str, list[Card]]:
    """The checkpoints of a task that wait for something, by the sentence that says for what."""
    found = listing()
    waiting: dict[str, list[Card]] = {}
    for card in sorted(_of_task(found, task), key=_rank):
        if card.name in found.waiting:
            waiting.setdefault(found.waiting[card.name], []).append(card)
    return waiting


def load_checkpoint_cached(name: str) -> tuple[Checkpoint, threading.Lock]:
    """A checkpoint, loaded once for all sessions, and the lock to hold while it computes.

    Args:
        name: A name of ``checkpoint_names``.

    Raises:
        UnknownNameError: No checkpoint has that name.
        CheckpointError: Card or weights are missing, damaged or do not belong together.
        ModelError: The weights come with a package that is not installed.
    """
    from bgbias_core.models import find_checkpoint

    _set_threads()
    card, _ = find_checkpoint(name)
    return _loaded(name, card.weights.sha256, card.seal, device())


@st.cache_resource(max_entries=16, show_spinner=False)
def _loaded(
    name: str,
    weights: str,  # as the seal: another file of that name is another checkpoint
    seal: str,
    device: str,
) -> tuple[Checkpoint, threading.Lock]:
    from bgbias_core.models import load_checkpoint

    return load_checkpoint(name, device), threading.Lock()


def device() -> str:
    """Where models compute here, in pages and in jobs: ``cuda`` or ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@st.cache_resource(max_entries=1, show_spinner=False)
def _set_threads() -> None:
    import torch

    # Pictures this small gain nothing from more, and several people may look at once.
    torch.set_num_threads(min(4, os.cpu_count() or 1))


def aviary_picture(recipe: Recipe, size: int) -> tuple[Image, Mask]:
    """An Aviary picture and its given mask, drawn once.

    Args:
        recipe: What to draw.
        size: Side in pixels.

    Returns:
        uint8 ``[size, size, 3]`` and float32 ``[size, size]``, 1 where the bird covers the whole pixel.
    """
    parts = tuple(sorted(recipe.parts.items()))
    image, covered = _picture(recipe.species, recipe.bird_seed, recipe.place, recipe.scene_seed, parts, size)
    return image, covered.astype(np.float32)


@st.cache_data(max_entries=128, show_spinner=False)
def _picture(
    species: str, bird_seed: int, place: str, scene_seed: int, parts: tuple[tuple[str, str | None], ...], size: int
) -> tuple[Image, NDArray[np.bool_]]:
    rendering = render(Recipe(species, bird_seed, place, scene_seed, dict(parts)), size)
    return rendering.image, rendering.mask == 1  # a quarter of the bytes
