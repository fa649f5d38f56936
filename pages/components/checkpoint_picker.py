"""Choosing who is asked: the classifiers that can name a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.aviary import SPECIES
from pages.components.cases import Case
from pages.components.loaders import (
    Task,
    checkpoint_names,
    is_species_head,
    listing,
    show_broken_checkpoints,
    waiting_checkpoints,
)
from pages.components.pickers import Photograph
from pages.components.species_heads import offer_species_heads
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.models import Card

MODELS_KEY: dict[Task, str] = {"species": "bird_models", "imagenet": "photo_models"}
"""What a link carries the choice under."""
_FAMILIES = {"convnext": "ConvNeXt", "vit": "ViT", "efficientnet": "EfficientNet"}


def pick_checkpoints(photograph: Photograph, case: Case | None) -> list[Card]:
    """Show the choice of classifiers with a button for each family of them; at first one family's strategies.

    A photograph is for the ImageNet classifier at first; where it sees a bird, the heads for species are offered.

    Args:
        photograph: What they must be able to name.
        case: The chosen case, whose classifier is among the first ones.
    """
    task = photograph.task
    with st.spinner("Looking for the classifiers …"):
        names = checkpoint_names(task)
        cards = listing().cards
    show_broken_checkpoints()
    if not names:
        what = "drawn birds" if task == "species" else "photographs"
        st.warning(
            f"There is no classifier of {what} here; make them with `python -m bgbias_core checkpoints rebuild`.",
            icon=":material/build:",
        )
        show_waiting_checkpoints(task)
        return []
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(_family(cards[name]), []).append(name)
    # With a case another key, for what was chosen before the case came must not win over it.
    key = MODELS_KEY[task] if case is None else f"case_{MODELS_KEY[task]}"
    asked = case.checkpoint if case is not None and case.checkpoint in names else names[0]
    family = families[_family(cards[asked])]
    strategies = {cards[name].strategy.name: name for name in [*reversed(family), asked]}
    chosen = st.multiselect(
        "Classifiers",
        names,
        default=[name for name in family if name in strategies.values()],
        key=key,
        bind="query-params",
        wrap=True,
    )
    if len(families) > 1:
        with st.container(horizontal=True):
            for title, some in {**families, "All": names}.items():
                st.button(title, key=f"{key}_{title}", on_click=_choose, args=(key, some), type="tertiary")
    show_waiting_checkpoints(task)
    if not chosen:
        st.info("Choose at least one classifier.")
    if photograph.bird is None:
        offer_species_heads(photograph, [cards[name] for name in names if is_species_head(cards[name])], key)
    return [cards[name] for name in chosen]


def show_waiting_checkpoints(task: Task) -> None:
    """Say in a sentence which classifiers of a task need something first, and the command that brings it."""
    for needs, cards in waiting_checkpoints(task).items():
        what, _, command = needs.partition(": ")
        how = f": `{command}`" if command else ""
        # By their names, for titles hold commas.
        names = ", ".join(plain(card.name) for card in cards)
        verb = "needs" if len(cards) == 1 else "need"
        st.caption(f":material/download: {names} {verb} {plain(what.removeprefix('needs '))}{how}")


def _choose(key: str, names: Sequence[str]) -> None:
    st.session_state[key] = list(names)


def _family(card: Card) -> str:
    """Aviary's classifiers by their network; those for photographs by what they know, first."""
    backbone = card.architecture.backbone
    network = next((title for word, title in _FAMILIES.items() if word in backbone), backbone)
    if card.task == "imagenet":
        return "ImageNet"
    if is_species_head(card):
        return f"{len(card.classes)} species, {network}"
    return network if card.classes == tuple(SPECIES) else "Your own"
