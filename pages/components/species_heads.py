"""Heads for a few species of birds: offered for a photograph in which the ImageNet classifier sees a bird."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import BgBiasError
from bgbias_core.images import Image, digest
from pages.components.loaders import listing, load_checkpoint_cached
from pages.components.pickers import Photograph
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.models import Card

_FIRST_JUDGE = "photo-unmasked"


def offer_species_heads(photograph: Photograph, heads: Sequence[Card], key: str) -> None:
    """Say whether the photo classifier sees a bird and, if so, offer the heads with the names that they know.

    Args:
        photograph: A photograph, not drawn.
        heads: The usable heads, those of one network first: they are the ones offered.
        key: Key of the choice of classifiers.
    """
    bird = bird_share(photograph.image) if heads else None
    if bird is None:
        return
    from bgbias_core.models.photo import SEES_A_BIRD

    chosen: list[str] = st.session_state[key]
    asked = [card for card in heads if card.name in chosen]
    if bird < SEES_A_BIRD:
        if asked:
            st.warning(
                f"The ImageNet classifier sees no bird here ({_together(bird)}). The chosen heads know nothing but "
                f"{_count(asked)} of birds, and name one of them whatever they are shown.",
                icon=":material/question_mark:",
            )
        return
    family = [card for card in heads if card.architecture.backbone == heads[0].architecture.backbone]
    with st.container(border=True):
        st.markdown(
            f":material/raven: The ImageNet classifier sees a bird ({_together(bird)}). {_offer(asked, family)}"
        )
        st.caption(
            ", ".join(plain(name) for name in dict.fromkeys(name for card in asked or family for name in card.classes))
        )
        st.caption(_caution(asked or family))
        if not asked:
            st.button(
                f"Ask the heads for {_count(family)} too",
                icon=":material/add:",
                key=f"{key}_species",
                on_click=_add,
                args=(key, [card.name for card in family]),
            )


def _offer(asked: Sequence[Card], family: Sequence[Card]) -> str:
    if asked:
        return f"The chosen heads know {_count(asked)}, and no other bird:"
    return f"Is it one of these {_count(family)}? There are heads that tell them apart:"


def _caution(cards: Sequence[Card]) -> str:
    if all(card.doubtful_below is None for card in cards):
        return "They always name one of these, also where the bird is none of them."
    return (
        "They always name one of these. Where a head is less sure than on 9 in 10 photographs of these species, its "
        "answer is marked **probably none of these**. Most other birds pass unmarked all the same."
    )


def _together(bird: float) -> str:
    return f"its 59 classes of birds get {bird:.0%} together"


def _add(key: str, names: Sequence[str]) -> None:
    st.session_state[key] = [*(name for name in st.session_state[key] if name not in names), *names]


def _count(cards: Sequence[Card]) -> str:
    return f"{len({name for card in cards for name in card.classes})} species"


def bird_share(image: Image) -> float | None:
    """How probable the photo classifier holds it that a picture shows a bird; ``None`` where it cannot be asked.

    Args:
        image: uint8 ``[H, W, 3]``.
    """
    card = listing().cards.get(_FIRST_JUDGE)
    try:
        return None if card is None else _bird_share(digest(image), card.seal, image)
    except BgBiasError:
        return None  # who chose it is told why


@st.cache_data(max_entries=64, show_spinner="Looking for a bird …")
def _bird_share(key: str, seal: str, _image: Image) -> float:
    from bgbias_core.evaluation import predict_probabilities
    from bgbias_core.models.photo import bird_probability

    checkpoint, lock = load_checkpoint_cached(_FIRST_JUDGE)
    with lock:
        return float(bird_probability(predict_probabilities(checkpoint, [_image]))[0])
