from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.aviary import PLACES
from bgbias_core.errors import BgBiasError
from pages.components.attraction import attraction_html, strongest_sentence
from pages.components.case_filters import Choice, choose_cases, chosen_rows, part_title, set_filters
from pages.components.case_grid import show_grid
from pages.components.evaluation_picker import pick_evaluation, read_evaluation, show_head
from pages.components.page import compare_strategies_page, page_setup
from pages.components.verdicts import plain

if TYPE_CHECKING:
    import pandas as pd


def show_failures(name: str) -> None:
    """An evaluation's cases, filtered, and what its places attract."""
    header = read_evaluation(name).header
    show_head(header)
    choice = choose_cases(name)
    _from_the_first_page(name, choice)
    rows = chosen_rows(choice)
    _show_counts(choice, rows)
    if rows.empty:
        _say_what_to_loosen(choice)
    else:
        st.caption(_legend(choice))
        show_grid(name, rows)
        st.download_button(
            "Cases (CSV)",
            lambda: cases_csv(rows),
            f"{name}-cases.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
            key="download_cases",
        )
    _show_attraction(choice)


def _from_the_first_page(name: str, choice: Choice) -> None:
    """Go back to the first page where anything but the page has changed."""
    asked = (name, choice.part.about.name, choice.part.mask_source, choice.part.lifted_by, choice.condition)
    asked = (*asked, choice.filters, choice.order, None if choice.rival is None else choice.rival.about.name)
    if st.session_state.setdefault("asked_cases", asked) != asked:
        st.session_state["asked_cases"] = asked
        st.session_state["page"] = 1


def _show_counts(choice: Choice, rows: pd.DataFrame) -> None:
    from bgbias_core.evaluation.failures import Filters, select, tally, without_share

    filters = choice.filters
    base = select(
        choice.rows, Filters(labels=filters.labels, places=filters.places, groups=filters.groups), choice.rival
    )
    found = tally(base, "right", value=False) if choice.knows_right else tally(base, "flipped", value=True)
    if found is not None:
        what = "wrong" if choice.knows_right else "name changed"
        low, high = 100 * found.interval.low, 100 * found.interval.high
        noun = "birds" if choice.part.header.data.kind == "aviary" else "photographs"
        pictures = "" if found.samples == found.pictures else f" in {found.pictures:,} pictures"
        st.markdown(
            f"#### {found.count:,} of {found.pictures:,} {what}: {100 * found.share:.1f}% ({low:.1f}–{high:.1f})\n"
            f"n = {found.samples:,} {noun}{pictures}; 95% interval in brackets; "
            f"{plain(part_title(choice.part, [choice.part]))}; {plain(choice.condition)}. "
            f"**{len(rows):,} {'case' if len(rows) == 1 else 'cases'}** below."
        )
    if choice.order == "share" and (missing := without_share(rows)):
        st.caption(
            f"{missing:,} of them have no Shapley background share (not computed, or not defined) and come last."
        )


def _legend(choice: Choice) -> str:
    reference = "ID place" if choice.part.header.data.kind == "aviary" else "original photograph"
    compared = f"points: how much of its probability the name given in the {reference} lost here. "
    return (
        f"True class and place, the name given and its probability; {'' if choice.is_reference else compared}"
        "*Swap* and *Why* open this very picture in Swap backgrounds and Attributions."
    )


def _say_what_to_loosen(choice: Choice) -> None:
    lines = []
    for words, loosen in set_filters(choice).items():
        count = len(chosen_rows(loosen(replace(choice, order="data"))))
        lines.append(f"- without “{plain(words)}”: {count:,} {'case' if count == 1 else 'cases'}")
    st.info("No case is left. Loosen a filter:\n\n" + "\n".join(lines), icon=":material/filter_alt_off:")


def _show_attraction(choice: Choice) -> None:
    from bgbias_core.evaluation.failures import attraction

    kind = "wrong" if choice.knows_right else "new"
    st.header(f"Which places attract which {kind} names", divider="gray")
    found = attraction(choice.rows, "right" if choice.knows_right else "flipped", places=tuple(PLACES))
    if not found.places:
        st.info(
            "The places of these pictures are not known; choose foreign scenes as the condition, or another evaluation."
        )
        return
    explained = "given that name wrongly" if kind == "wrong" else "given that name, and another one on the original"
    lives = " ⌂: the species lives there." if choice.part.header.data.kind == "aviary" else ""
    st.markdown(
        f"Each cell counts the pictures of a place that were {explained}, and their share of the place's pictures (n). "
        f"All classes together: of the choices above only model and condition apply here.{lives}"
    )
    if found.names:
        st.html(attraction_html(found, kind))
    st.markdown(strongest_sentence(found, kind, part_title(choice.part, [choice.part])))


def cases_csv(rows: pd.DataFrame) -> bytes:
    """The cases as CSV, with their row numbers and every column of the evaluation."""
    from bgbias_core.evaluation.parts import shapley_share

    buffer = io.StringIO()
    rows.assign(shapley_background_share=shapley_share(rows)).to_csv(buffer, index_label="row", lineterminator="\n")
    return buffer.getvalue().encode()


page_setup("Failure cases")
st.title("Failure cases")
st.markdown("Where a model goes wrong, picture by picture, and which places lead it to which names.")
with st.spinner("Looking for evaluations …"):
    import bgbias_core.evaluation.failures  # noqa: F401 - it takes seconds the first time
try:
    chosen = pick_evaluation("No evaluation is here yet: compute one in Compare strategies.")
    if chosen is None:
        st.page_link(
            compare_strategies_page(),
            label="Compare strategies",
            icon=":material/balance:",
            query_params={"view": "Whole data set"},
        )
    else:
        show_failures(chosen)
except BgBiasError as error:
    st.error(str(error))
