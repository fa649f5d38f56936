from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import BgBiasError
from pages.components.attributing import METHOD_TITLES, NAMED, NOBODY, SECOND, Asked, Subject, ask
from pages.components.attribution_files import show_files
from pages.components.attribution_grid import Grid, columns, legend_html
from pages.components.cases import Case, chosen_case
from pages.components.checkpoint_picker import pick_checkpoints
from pages.components.mask_editor import Lifted, mended_before
from pages.components.mask_source import pick_mask
from pages.components.page import compare_strategies_page, page_setup, swap_backgrounds_page
from pages.components.pickers import Photograph, pick_photograph
from pages.components.pictures import show_picture
from pages.components.presenting import progress_bar
from pages.components.scenes import Scenes, choose_scenes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bgbias_core.models import Card

_SHAPLEY = (
    " For **two-player Shapley** the share is the background's part of what both add, for or against; it has no chance."
)
_DEFAULT_METHODS = ["integrated_gradients", "grad_cam", "occlusion"]
# On the networks for photographs integrated gradients take a minute each: who wants them, chooses them.
_DEFAULT_PHOTO_METHODS = ["grad_cam", "occlusion", "saliency"]


def _pick(photograph: Photograph, case: Case | None) -> tuple[Subject, list[Card], list[str]]:
    controls, shown = st.columns([3, 2], gap="large")
    with controls:
        cards = pick_checkpoints(photograph, case)
        drawn = photograph.bird is not None
        methods = st.pills(
            "Methods",
            list(METHOD_TITLES),
            selection_mode="multi",
            wrap=True,
            default=_DEFAULT_METHODS if drawn else _DEFAULT_PHOTO_METHODS,
            format_func=METHOD_TITLES.__getitem__,
            key="methods" if drawn else "photo_methods",
            bind="query-params",
        )
        if not methods:
            st.info("Choose at least one method.")
        lifted = _with_mending(photograph, pick_mask(photograph, case))
        scenes: Scenes = {}
        if "shapley" in methods and not drawn:
            with st.expander("Scenes for two-player Shapley", icon=":material/landscape:"):
                st.caption("The object is put on these, which tells what it earns without its own background.")
                scenes = choose_scenes(None)
    with shown:
        _show_mask(photograph, lifted)
    return Subject(photograph, lifted, scenes), cards, methods


def _with_mending(photograph: Photograph, lifted: Lifted) -> Lifted:
    mended = None if photograph.bird is not None or lifted.masker is None else mended_before(photograph)
    if mended is not None and st.toggle("As mended by hand in Swap backgrounds", value=True, key="mended"):
        return mended
    return lifted


def _show_mask(photograph: Photograph, lifted: Lifted) -> None:
    with st.spinner("Loading the methods …"):
        from bgbias_core.attribution import outlined
    alt = f"{photograph.title} with the outline of its {lifted.mask.source} mask"
    show_picture(outlined(photograph.image, lifted.mask), alt)
    known = photograph.mask is not None and lifted.mask.source != "given"
    against = "; shares are measured against the given one" if known else ""
    if lifted.clear:
        st.caption(f"The {lifted.mask.source} mask marks {lifted.mask.area:.0%} of the picture{against}.")
    else:
        st.warning(
            "No clear object was found in this picture: masked models see nothing, and without a given mask nobody's "
            "share can be measured.",
            icon=":material/search_off:",
        )
    if photograph.bird is None:
        st.page_link(
            swap_backgrounds_page(),
            label="Mend it in Swap backgrounds",
            icon=":material/brush:",
            query_params={name: st.query_params[name] for name in ("photo", "sample") if name in st.query_params},
        )


def _pick_classes(cards: Sequence[Card]) -> tuple[str, str]:
    classes = list(dict.fromkeys(name for card in cards for name in card.classes))
    target, contrast = st.columns(2)
    with target:
        wanted = st.selectbox(
            "What is explained", [NAMED, *classes], key="target", bind="query-params",
            help="The class whose score the maps take apart.",
        )  # fmt: skip
    with contrast:
        against = st.selectbox(
            "Rather than", [NOBODY, SECOND, *classes], key="contrast", bind="query-params",
            help="Why this class rather than that one: the maps take apart the difference of the two scores.",
        )  # fmt: skip
    return wanted, against


def _show_grid(subject: Subject, cards: Sequence[Card], methods: Sequence[str]) -> None:
    wanted, against = _pick_classes(cards)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        opacity = st.slider("Map over picture", 0, 100, 70, 5, format="%d%%", key="opacity", width=260)
        outline = st.toggle("Object's outline", value=True, key="outline")
    with st.spinner("Loading the models …"):
        import bgbias_core.attribution as library
    asked: list[Asked] = []
    advance, clear = progress_bar("Asking the models")
    for done, card in enumerate(cards, start=1):
        try:
            asked.append(ask(card, subject, wanted, against, methods))
        except BgBiasError as error:
            st.error(str(error), icon=":material/build:")
        advance(done, len(cards))
    clear()
    if not asked:
        return
    st.html(legend_html())
    specs = columns(asked, library.METHODS)
    grid = Grid(subject, asked, specs, opacity / 100, outline)
    st.markdown(
        "**Background share**: how much of what speaks for the class (red) lies outside the object's outline. "
        "**Chance**, the tick on the bar: what a map would have that treats all pixels alike, which is the part of the "
        "picture outside the outline. Each map's colours are scaled to its own strongest values."
        + (_SHAPLEY if "shapley" in methods else "")
    )
    st.markdown(
        "These numbers describe this one picture (n = 1), so they have no interval and say nothing about others."
    )
    st.page_link(
        compare_strategies_page(),
        label="Measure the background's share over many pictures",
        icon=":material/arrow_forward:",
        query_params={"view": "Whole data set"},
    )
    files = st.empty()
    found = grid.fill()
    with files.container():
        show_files(subject, asked, specs, found, opacity / 100, outline)


page_setup("Attributions")
st.title("Attributions")
st.markdown("Which part of the picture earned the answer: the object, or the background behind it?")

st.header("1 · Picture", divider="gray")
chosen = chosen_case()
picture = pick_photograph(None if chosen is None else chosen.photograph)
if picture is not None:
    st.header("2 · Models, methods and mask", divider="gray")
    chosen_subject, chosen_cards, chosen_methods = _pick(
        picture, chosen if chosen is not None and picture is chosen.photograph else None
    )
    if chosen_cards and chosen_methods:
        st.header("3 · What earned the answer", divider="gray")
        try:
            _show_grid(chosen_subject, chosen_cards, chosen_methods)
        except BgBiasError as error:
            st.error(str(error))
