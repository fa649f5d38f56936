"""Fading the background: a slider from the own background over plain grey to another scene, and the curves along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.compositing import Placement, fade
from bgbias_core.errors import BgBiasError
from pages.components.mask_editor import Lifted
from pages.components.pickers import Photograph
from pages.components.pictures import show_picture
from pages.components.presenting import AMOUNTS, fade_curves, progress_bar
from pages.components.scenes import Scenes
from pages.components.verdicts import plain, sees_same_pixels, short_title

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card


@st.fragment
def show_fading(
    photograph: Photograph,
    lifted: Lifted,
    scenes: Scenes,
    placement: Placement,
    cards: Sequence[Card],
    shown: Sequence[Presentation],
    said: Mapping[str, Sequence[Verdict]],
) -> None:
    """The slider, the picture at the chosen amount, and each classifier's curve; moving it reruns only this."""
    picture, figure = st.columns([2, 3], gap="large")
    with picture:
        title = st.selectbox("Fade to", list(scenes), key="fade_to", bind="query-params")
        percent = st.slider(
            "Fade the background",
            0,
            100,
            0,
            step=5,
            format="%d%%",
            key="fade",
            bind="query-params",
            help="0%: its own background. 50%: plain grey. 100%: the new scene.",
        )
        amount = percent / 100
        composite = fade(
            photograph.image, lifted.mask.mask, scenes[title], amount, feather=lifted.feather, placement=placement
        )
        show_picture(
            composite.image, f"{photograph.title}, {_describe(amount, title)}", _describe(amount, title).capitalize()
        )
    with figure:
        advance, clear = progress_bar("Fading the background")
        try:
            curves = fade_curves(cards, photograph, lifted, scenes[title], placement, advance)
        except BgBiasError as error:
            st.error(str(error))
            return
        clear()
        _show_curves(cards, curves, amount, title, said)
        constant = [short_title(card, cards) for card in cards if sees_same_pixels(card, shown)]
        if constant:
            st.caption(f"{' and '.join(constant)}: given masks, hence the same pixels all the way.")


def _describe(amount: float, scene: str) -> str:
    if amount == 0.5:
        return "plain grey"
    if amount < 0.5:
        return f"own background, {1 - 2 * amount:.0%} left"
    return f"{scene}, {2 * amount - 1:.0%} there"


def _show_curves(
    cards: Sequence[Card],
    curves: Mapping[str, list[float] | None],
    amount: float,
    scene: str,
    said: Mapping[str, Sequence[Verdict]],
) -> None:
    from bgbias_core.plots import Curve, fade_figure

    drawn = []
    for card in cards:
        values = curves[card.name]
        if values is None:
            st.caption(f"{plain(card.title)} found no object in the original, so there is no answer to follow.")
        else:
            name = said[card.name][0].name
            drawn.append(Curve(short_title(card, cards), card.strategy.name, name, values))
    if not drawn:
        return
    ends = "; ".join(
        f"{c.title}: {c.name} from {c.values[0]:.0%} over {c.values[len(AMOUNTS) // 2]:.0%} to {c.values[-1]:.0%}"
        for c in drawn
    )
    st.plotly_chart(
        fade_figure(AMOUNTS, drawn, amount, scene),
        key="fade_chart",
        config={"displayModeBar": False},
        alt=f"Probability of each classifier's first answer while the background fades to {scene}. {ends}.",
    )
