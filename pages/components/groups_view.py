"""One classifier taken apart: how often it is right in each group, and what each class loses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import BgBiasError
from bgbias_core.spelling import spell_class
from pages.components.comparison import row_titles
from pages.components.evaluation_picker import read_evaluation, version_of
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.evaluation import SummaryRow
    from bgbias_core.evaluation.matrices import ClassChange, GroupMatrix

_MANY = 16
"""Classes above which a figure scrolls within itself."""
_WINDOW = 640  # pixels


def show_groups_and_classes(name: str, rows: Sequence[SummaryRow]) -> None:
    """Choose one checkpoint and mask, and see where it is right and what each class loses.

    Args:
        name: The evaluation's name.
        rows: Its rows.
    """
    titles = row_titles(rows)
    unmasked = next((number for number, row in enumerate(rows) if row.strategy == "unmasked"), 0)
    chosen = st.selectbox(
        "Checkpoint and mask", range(len(rows)), index=unmasked, format_func=titles.__getitem__, key="taken_apart"
    )
    row = rows[chosen]
    selector = (row.checkpoint, row.mask_source, row.lifted_by)
    noun = "birds" if read_evaluation(name).header.data.kind == "aviary" else "photographs"
    st.subheader("Where it is right")
    groups = _groups(name, version_of(name), selector)
    if isinstance(groups, str):
        st.info(plain(groups), icon=":material/block:")
    else:
        _show_groups(groups, titles[chosen], noun)
    st.subheader("What each class loses")
    found = _changes(name, version_of(name), selector)
    if isinstance(found, str):
        st.info(plain(found), icon=":material/block:")
    else:
        _show_changes(*found, titles[chosen], noun)


def _show_groups(groups: GroupMatrix, title: str, noun: str) -> None:
    from bgbias_core.evaluation.groups import SMALLEST_GROUP
    from bgbias_core.evaluation.intervals import TOO_FEW
    from bgbias_core.plots import group_figure, worst_group

    st.markdown(
        f"Share of right answers for each class in each group of places ({plain(groups.condition)}), with its 95% "
        f"interval and n. Below {TOO_FEW} {noun} nothing is said."
    )
    worst = worst_group(groups)
    told = f"No group is called the worst: there are no two with at least {SMALLEST_GROUP} {noun} that differ."
    if worst is not None:
        cell = groups.cells[worst]
        large = sum(one.n >= SMALLEST_GROUP for one in groups.cells.values())
        told = (
            f"The worst group, framed: **{plain(spell_class(worst[0]))}** at **{plain(spell_class(worst[1]))}**, "
            f"{100 * (cell.value or 0):.1f}% ({100 * (cell.low or 0):.1f}–{100 * (cell.high or 0):.1f}), "
            f"n = {cell.n:,}. It was selected for being the lowest of {large} groups with at least {SMALLEST_GROUP} "
            f"{noun}, so it looks a little worse than it is."
        )
    with st.container(height=_WINDOW if len(groups.labels) > _MANY else "content", border=False):
        st.plotly_chart(
            group_figure(groups),
            key="group_chart",
            config={"displayModeBar": False},
            alt=f"Accuracy of {title} by class and place group. {told.replace('*', '')}",
        )
    st.caption(told)


def _show_changes(changes: Sequence[ClassChange], before: str, after: str, title: str, noun: str) -> None:
    from bgbias_core.plots import class_change_figure

    if not changes:
        st.info(f"No class has {noun} under both conditions.", icon=":material/block:")
        return
    st.markdown(
        f"The same {noun} under **{plain(before)}** (open marks) and **{plain(after)}** (full marks). In numbers: "
        "after minus before, paired, with its 95% interval. The largest loss comes first."
    )
    first = changes[0]
    lost = "" if first.difference.value is None else f" {spell_class(first.label)}: {100 * first.difference.value:.1f}."
    with st.container(height=_WINDOW if len(changes) > _MANY else "content", border=False):
        st.plotly_chart(
            class_change_figure(changes),
            key="class_chart",
            config={"displayModeBar": False},
            alt=f"What each class gains or loses in points from {before} to {after}, {title}.{lost}",
        )


@st.cache_data(max_entries=64, show_spinner="Counting groups …")
def _groups(name: str, key: int, selector: tuple[str, str, str]) -> GroupMatrix | str:
    from bgbias_core.evaluation.matrices import group_matrix

    try:
        return group_matrix(read_evaluation(name), selector)
    except BgBiasError as error:
        return str(error)


@st.cache_data(max_entries=64, show_spinner="Comparing each class …")
def _changes(name: str, key: int, selector: tuple[str, str, str]) -> tuple[list[ClassChange], str, str] | str:
    from bgbias_core.evaluation.matrices import class_changes, compared_conditions
    from bgbias_core.evaluation.pairs import find_part

    evaluation = read_evaluation(name)
    try:
        return class_changes(evaluation, selector), *compared_conditions(find_part(evaluation, selector))
    except BgBiasError as error:
        return str(error)
