"""Choosing who is asked: the classifiers that can name a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.cases import Case
from pages.components.loaders import Task, checkpoint_names, listing, show_broken_checkpoints

if TYPE_CHECKING:
    from bgbias_core.models import Card

MODELS_KEY: dict[Task, str] = {"species": "bird_models", "imagenet": "photo_models"}
"""What a link carries the choice under."""
_FAMILIES = {"convnext": "ConvNeXt", "vit": "ViT", "efficientnet": "EfficientNet"}


def pick_checkpoints(task: Task, case: Case | None) -> list[Card]:
    """Show the choice of classifiers with a button for each family of networks; at first one family's strategies.

    Args:
        task: What they must be able to name.
        case: The chosen case, whose classifier is among the first ones.
    """
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
    if not chosen:
        st.info("Choose at least one classifier.")
    return [cards[name] for name in chosen]


def _choose(key: str, names: Sequence[str]) -> None:
    st.session_state[key] = list(names)


def _family(card: Card) -> str:
    backbone = card.architecture.backbone
    return next((title for word, title in _FAMILIES.items() if word in backbone), backbone)
