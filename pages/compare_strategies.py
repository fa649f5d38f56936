from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import BgBiasError
from pages.components.cases import chosen_case
from pages.components.checkpoint_picker import pick_checkpoints
from pages.components.comparison import show_measures, show_verdict
from pages.components.dials_view import show_dials
from pages.components.evaluation_form import show_evaluation_form
from pages.components.evaluation_picker import pick_evaluation, read_evaluation, read_summary, show_head
from pages.components.finding import show_finding
from pages.components.groups_view import show_groups_and_classes
from pages.components.mask_source import pick_mask
from pages.components.matrix_view import show_matrix
from pages.components.one_picture import show_seen
from pages.components.page import failure_cases_page, page_setup
from pages.components.pickers import pick_photograph
from pages.components.report_button import show_report_button
from pages.components.scenes import choose_scenes

if TYPE_CHECKING:
    from bgbias_core.evaluation import SummaryRow

ONE, WHOLE = "One picture", "Whole data set"


def show_one_picture() -> None:
    """From a picture and its backgrounds to what each classifier sees of them."""
    st.header("1 · Picture", divider="gray")
    chosen = chosen_case()
    photograph = pick_photograph(None if chosen is None else chosen.original)
    if photograph is None:
        return
    case = chosen if chosen is not None and photograph is chosen.original else None
    st.header("2 · Backgrounds and classifiers", divider="gray")
    backgrounds, who = st.columns([3, 2], gap="large")
    with backgrounds:
        scenes = choose_scenes(photograph.bird, None if case is None else case.scene)
    with who:
        lifted = pick_mask(photograph, case)
        cards = pick_checkpoints(photograph, case)
    if cards:
        st.header("3 · What each one sees", divider="gray")
        show_seen(photograph, lifted, scenes, cards)


def show_whole_data_set() -> None:
    """What an evaluation found, from one sentence to single classes and dials, and the form for another one."""
    with st.spinner("Looking for evaluations …"):
        import bgbias_core.evaluation  # noqa: F401 - it takes seconds the first time
    name = pick_evaluation("No evaluation is here yet: compute one below.")
    if name is not None:
        try:
            _show_evaluation(name)
        except BgBiasError as error:
            st.error(str(error), icon=":material/broken_image:")
    with st.expander("Compute another one", icon=":material/add_chart:", expanded=name is None):
        show_evaluation_form()


def _show_evaluation(name: str) -> None:
    header = read_evaluation(name).header
    rows = read_summary(name)
    show_head(header)
    show_finding(name, rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        show_report_button(name)
        st.page_link(
            failure_cases_page(),
            label="See the single pictures behind these numbers",
            icon=":material/arrow_forward:",
            query_params={"evaluation": name},
        )
    st.header("How often each one is right", divider="gray")
    show_matrix(name)
    st.header("Look closer", divider="gray")
    look_closer(name, rows, aviary=header.data.kind == "aviary")


@st.fragment
def look_closer(name: str, rows: list[SummaryRow], *, aviary: bool) -> None:
    """Everything behind the accuracies, one tab at a time: only the open one is computed, and only this runs again."""
    measures, classes, dials, pair = st.tabs(
        ["Measures", "Groups and classes", "Dials", "Two compared"], key="closer", bind="query-params"
    )
    if measures.open:
        with measures:
            show_measures(rows, aviary=aviary)
    if classes.open:
        with classes:
            show_groups_and_classes(name, rows)
    if dials.open:
        with dials:
            show_dials(name)
    if pair.open:
        with pair:
            st.subheader("Is one better than the other?")
            st.markdown("Two of them on the very same pictures, which tells more than two intervals side by side.")
            show_verdict(name, rows)


page_setup("Compare strategies")
st.title("Compare strategies")
st.markdown(
    "Unmasked, early and late masking side by side: what each classifier really sees of one picture, and how often "
    "it is right on many."
)
if "evaluation" in st.query_params and "view" not in st.query_params and "view" not in st.session_state:
    st.session_state["view"] = WHOLE  # a link to an evaluation need not say more
view = st.segmented_control(
    "View",
    [ONE, WHOLE],
    default=None if "view" in st.session_state else ONE,
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
try:
    if view == ONE:
        show_one_picture()
    else:
        show_whole_data_set()
except BgBiasError as error:
    st.error(str(error))
