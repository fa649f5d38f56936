from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.compositing import Placement
from bgbias_core.errors import BgBiasError
from pages.components.cases import Case, chosen_case
from pages.components.checkpoint_picker import pick_checkpoints
from pages.components.downloads import show_downloads
from pages.components.fading import show_fading
from pages.components.mask_editor import Lifted, edit_mask
from pages.components.page import page_setup
from pages.components.pickers import Photograph, pick_photograph
from pages.components.presenting import presentations, progress_bar, verdicts
from pages.components.scenes import Scenes, pick_scenes
from pages.components.verdicts import show_cards, show_summary

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card


def _judge(cards: list[Card], shown: list[Presentation]) -> tuple[list[Card], dict[str, list[Verdict]]]:
    """Every usable classifier and its verdicts; one that cannot be used is named and left out."""
    said: dict[str, list[Verdict]] = {}
    advance, clear = progress_bar("Asking the classifiers")
    for done, card in enumerate(cards, start=1):
        try:
            said[card.name] = verdicts(card, shown)
        except BgBiasError as error:
            st.error(str(error), icon=":material/build:")
        advance(done, len(cards))
    clear()
    return [card for card in cards if card.name in said], said


def _show_verdict(
    photograph: Photograph, lifted: Lifted, scenes: Scenes, placement: Placement, case: Case | None
) -> None:
    cards = pick_checkpoints(photograph, case)
    if not lifted.clear:
        st.info(
            "The verdict appears once there is an object: mark it in step 2.",
            icon=":material/arrow_upward:",
        )
        return
    if not cards:
        return
    with st.spinner("Loading the classifiers …"):
        import bgbias_core.evaluation  # noqa: F401 - it takes seconds the first time
    advance, clear = progress_bar("Putting the object on the scenes")
    shown = presentations(photograph, lifted, scenes, placement, advance)
    clear()
    cards, said = _judge(cards, shown)
    if not cards:
        return
    show_summary(photograph, cards, shown, said)
    masked = st.toggle(
        "Dim what the masks take for background",
        key="masked",
        bind="query-params",
        help="Shows how well the object was found on each background.",
    )
    show_cards(photograph, cards, shown, said, masked=masked)
    show_downloads(cards, shown, said)
    if scenes:
        st.header("5 · Fade the background", divider="gray")
        st.markdown(
            "From its own background over plain grey to another scene: how long does each classifier stay with its "
            "first answer?"
        )
        show_fading(photograph, lifted, scenes, placement, cards, shown, said)
    else:
        st.info("Choose at least one scene in step 3.", icon=":material/arrow_upward:")


page_setup("Swap backgrounds")
st.title("Swap backgrounds")
st.markdown(
    "Lift an object off its photograph, put it somewhere else, and see which classifiers still know what it is."
)

st.header("1 · Photograph", divider="gray")
chosen = chosen_case()
chosen_photograph = pick_photograph(None if chosen is None else chosen.original)
if chosen_photograph is not None:
    case = chosen if chosen is not None and chosen_photograph is chosen.original else None
    st.header("2 · Object", divider="gray")
    lifted_object = edit_mask(chosen_photograph, predicted=case is not None and case.predicted)
    st.header("3 · Backgrounds", divider="gray")
    chosen_scenes, chosen_placement = pick_scenes(
        chosen_photograph, lifted_object, None if case is None else case.scene
    )
    st.header("4 · Verdict", divider="gray")
    try:
        _show_verdict(chosen_photograph, lifted_object, chosen_scenes, chosen_placement, case)
    except BgBiasError as error:
        st.error(str(error))
