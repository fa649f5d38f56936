"""The verdict: what every chosen classifier calls the object on every background, and where the name changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bgbias_core.images import Image
from bgbias_core.masks import MaskResult
from pages.components.pickers import Photograph
from pages.components.pictures import show_picture
from pages.components.seen_grid import DOUBT

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card

SAME_PIXELS = "sees the same pixels on every background"
_DOUBTED = f":gray-badge[:material/question_mark: {DOUBT}]"
_DOUBT_HELP = (
    "Of this classifier's own kind of photographs, kept from its training, 9 in 10 get {:.0%} or more for the first "
    "answer. What is none of its classes may get that too, unmarked."
)
_CARDS_IN_A_ROW = 3
_DIMMED = 0.25


def plain(text: str) -> str:
    r"""A text that Markdown shows as it is.

    >>> plain("a_b")
    'a\\_b'
    """
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", text)


def short_title(card: Card, cards: Sequence[Card]) -> str:
    """The strategy, or the whole title where several classifiers of one strategy are shown."""
    strategy = card.strategy.name.capitalize()
    unique = sum(other.strategy.name == card.strategy.name for other in cards) == 1
    return strategy if unique else card.title


def sees_same_pixels(card: Card, shown: Sequence[Presentation]) -> bool:
    """Whether early masking hides every background wholly: given hard masks and a fill that leaks nothing."""
    return card.strategy.hides_background and all(one.mask.source == "given" and one.mask.hard for one in shown)


def show_summary(
    photograph: Photograph, cards: Sequence[Card], shown: Sequence[Presentation], said: Mapping[str, Sequence[Verdict]]
) -> None:
    """One box for each classifier: its answer on the original, and on how many new backgrounds that changed."""
    for start in range(0, len(cards), _CARDS_IN_A_ROW):
        row = cards[start : start + _CARDS_IN_A_ROW]
        for column, card in zip(st.columns(_CARDS_IN_A_ROW), row, strict=False):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{plain(short_title(card, cards))}**")
                _show_one_summary(photograph, card, shown, said[card.name])


def _show_one_summary(
    photograph: Photograph, card: Card, shown: Sequence[Presentation], said: Sequence[Verdict]
) -> None:
    from bgbias_core.evaluation import changed, is_doubtful

    marks = changed(said)[1:]
    if said[0].found:
        answer = f"On the original: **{plain(said[0].name)}** {said[0].probabilities[0]:.0%}"
        known = photograph.label in card.classes  # others cannot be right
        st.markdown(answer + (f", {'right' if said[0].name == photograph.label else 'wrong'}" if known else ""))
        if is_doubtful(card, said[0].probabilities[0]):
            st.markdown(_DOUBTED, help=_DOUBT_HELP.format(card.doubtful_below))
    else:
        st.markdown("On the original: no object found")
    if not marks:
        return
    if sees_same_pixels(card, shown):
        st.markdown(f":green[:material/lock: {SAME_PIXELS.capitalize()}]")
    else:
        judged = [mark for mark in marks if mark is not None]
        colour, icon = ("orange", "swap_horiz") if any(judged) else ("green", "check")
        st.markdown(f":{colour}-badge[:material/{icon}: name changed on {sum(judged)} of {len(judged)} backgrounds]")
        if len(judged) < len(marks):
            st.caption(f"No object was found on {len(marks) - len(judged)} more.")
    st.caption(_mask_sentence(card, shown[-1].mask))


def _mask_sentence(card: Card, mask: MaskResult) -> str:
    if card.strategy.name == "unmasked":
        return "Looks at no mask."
    where = {
        "given": "Given masks",
        "given box": "Masks from a given box",
        "predicted": "Predicted masks",
    }[mask.source]
    untrained = " · masking at inference only" if card.mask_source_at_training == "none" else ""
    by = "" if mask.masker == mask.source else f" ({plain(mask.masker)})"
    return f"{where}{by}{untrained}"


def show_cards(
    photograph: Photograph,
    cards: Sequence[Card],
    shown: Sequence[Presentation],
    said: Mapping[str, Sequence[Verdict]],
    *,
    masked: bool,
) -> None:
    """One card for each presentation: the picture, and each classifier's names for it.

    Args:
        photograph: What the object was lifted off.
        cards: The chosen classifiers.
        shown: The original first.
        said: Each classifier's verdicts by its name, in the order of ``shown``.
        masked: Whether to dim what the masks take for background.
    """
    for start in range(0, len(shown), _CARDS_IN_A_ROW):
        row = range(start, min(start + _CARDS_IN_A_ROW, len(shown)))
        for column, index in zip(st.columns(_CARDS_IN_A_ROW), row, strict=False):
            answers = {name: (verdicts[0], verdicts[index]) for name, verdicts in said.items()}
            with column.container(border=True, height="stretch"):
                _show_card(photograph, cards, shown[index], answers, masked)


def _show_card(
    photograph: Photograph,
    cards: Sequence[Card],
    shown: Presentation,
    said: Mapping[str, tuple[Verdict, Verdict]],
    masked: bool,
) -> None:
    from bgbias_core.evaluation import ORIGINAL

    is_original = shown.name == ORIGINAL
    title = "Original" if is_original else shown.name
    alt = f"{photograph.alt}, as it was taken" if is_original else f"{photograph.title} on the scene {shown.name}"
    show_picture(dim_background(shown) if masked else shown.image, alt)
    st.markdown(f"**{plain(title)}**")
    for card in cards:
        original, verdict = said[card.name]
        st.markdown(_line(card, short_title(card, cards), original, verdict, is_original))
    with st.expander("Top 5"):
        for card in cards:
            st.markdown(_table(short_title(card, cards), said[card.name][1]))


def _line(card: Card, title: str, original: Verdict, verdict: Verdict, is_original: bool) -> str:
    from bgbias_core.evaluation import is_doubtful

    if not verdict.found:
        return f"{plain(title)} :gray-badge[:material/search_off: no object found]"
    answer = f"{plain(title)}: **{plain(verdict.name)}** {verdict.probabilities[0]:.0%}"
    if is_doubtful(card, verdict.probabilities[0]):
        answer = f"{answer} {_DOUBTED}"
    if is_original or not original.found:
        return answer
    changed = verdict.name != original.name
    mark = ":orange-badge[:material/swap_horiz: changed]" if changed else ":green-badge[:material/check: same]"
    return f"{answer} {mark}"


def _table(title: str, verdict: Verdict) -> str:
    if not verdict.found:
        return f"**{plain(title)}**: no object found"
    rows = "\n".join(
        f"| {plain(name)} | {probability:.1%} |"
        for name, probability in zip(verdict.names, verdict.probabilities, strict=True)
    )
    return f"| {plain(title)} | |\n|:--|--:|\n{rows}"


def dim_background(shown: Presentation) -> Image:
    """The picture with what its mask takes for background darkened, uint8 ``[H, W, 3]``."""
    brightness = _DIMMED + (1 - _DIMMED) * shown.mask.mask[..., None]
    return np.rint(shown.image * brightness).astype(np.uint8)
