"""The dials: what becomes of accuracy while the mask, the object's size, the depth or the correlation is turned."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.masks import mask_words
from pages.components.evaluation_picker import read_evaluation, version_of
from pages.components.page import compare_strategies_page

if TYPE_CHECKING:
    from bgbias_core.evaluation import Header
    from bgbias_core.evaluation.curves import DialCurve


@dataclass(frozen=True)
class Question:
    """What a dial answers.

    Attributes:
        title: The question.
        dials: Names of the dials.
        told: How to read them.
        option: What the command ``evaluate`` is asked for; empty where each point is a model that must be trained.
    """

    title: str
    dials: tuple[str, ...]
    told: str
    option: str = ""


QUESTIONS = (
    Question(
        "How good must the mask be?",
        ("grow", "shrink", "shift", "holes"),
        "Only the given mask gets worse, step by step; the pictures stay the same. Level lines are those who look at "
        "no such mask: where a curve falls to the unmasked line, masking has lost its advantage.",
        "mask-quality",
    ),
    Question(
        "How large must the object be?",
        ("object size",),
        "The object grows and shrinks on the same scene; the dotted line is the size it had. How much of the frame is "
        "background changes with it.",
        "object-size",
    ),
    Question(
        "How strongly may places go with species in training?",
        ("correlation",),
        "Each point is a model of its own, trained once, with one seed: at 0 places are drawn at random, at 1 every "
        "species always stands in its own place. Early masking with exact masks sees no place in training: its one "
        "model is a level line.",
    ),
    Question(
        "How deep should the background be removed?",
        ("depth",),
        "Each point is a model of its own, trained once, with one seed: 0 removes it from the picture (early), the "
        "last depth from the last features (late).",
    ),
)
"""All dials, those turned at inference first."""


def show_dials(name: str) -> None:
    """The curves that an evaluation has, and in a sentence each how the others are computed.

    Args:
        name: The evaluation's name.
    """
    header = read_evaluation(name).header
    curves = _curves(name, version_of(name))
    missing = []
    for question in QUESTIONS:
        own = [curve for curve in curves if curve.dial in question.dials]
        if own:
            st.subheader(question.title)
            st.markdown(question.told)
            _show_curves(own)
        elif question.option or header.data.kind == "aviary":
            missing.append(question)
    if missing:
        st.subheader("Dials that were not turned here" if curves else "No dial was turned in this evaluation")
        _show_missing(missing, header)


def _show_curves(curves: Sequence[DialCurve]) -> None:
    from bgbias_core.plots import dial_figure

    dials = list(dict.fromkeys(curve.dial for curve in curves))
    for some in (dials[start : start + 2] for start in range(0, len(dials), 2)):
        columns = st.columns(len(some), gap="medium")
        for column, dial in zip(columns, some, strict=True):
            own = [curve for curve in curves if curve.dial == dial]
            column.plotly_chart(
                dial_figure(own),
                key=f"dial_{dial.replace(' ', '_')}",
                config={"displayModeBar": False},
                alt=f"Accuracy along the dial {dial}. {'; '.join(map(_said, own))}.",
            )
    counts = sorted({point.cell.n for curve in curves for point in curve.points if point.cell.value is not None})
    conditions = ", ".join(dict.fromkeys(curve.condition for curve in curves))
    if counts:
        many = f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,}"
        st.caption(f"Share of right answers ({conditions}) with 95% intervals; n = {many} for each point.")


def _said(curve: DialCurve) -> str:
    known = [(point.level, point.cell.value) for point in curve.points if point.cell.value is not None]
    ends = known[:1] + known[-1:] if len(known) > 1 else known
    masks = mask_words(curve.mask_source)
    return f"{curve.title}, {masks}: " + ", ".join(f"{value:.0%} at {level:g}" for level, value in ends)


def _show_missing(questions: Sequence[Question], header: Header) -> None:
    from bgbias_core.evaluation import list_evaluations

    known = list_evaluations().headers.keys() - {header.name}
    untrained = []
    for question in questions:
        there = next((name for whose in ("my-dial", "dial") if (name := f"{whose}-{question.dials[0]}") in known), None)
        if question.option:
            st.markdown(f"**{question.title}** This computes it beside everything else:")
            command = f"{header.command} {shlex.join(['--dial', question.option])}"
            st.code(command, language="bash", wrap_lines=True)
        elif there is not None:
            st.page_link(
                compare_strategies_page(),
                label=f"{question.title} Another evaluation tells",
                icon=":material/arrow_forward:",
                query_params={"view": "Whole data set", "evaluation": there, "closer": "Dials"},
            )
        else:
            untrained.append(question.title)
    if untrained:
        st.markdown(f"**{' '.join(untrained)}** That takes a model for each point; this trains and measures them:")
        commands = "python -m bgbias_core dials train\npython -m bgbias_core dials evaluate"
        st.code(commands, language="bash", wrap_lines=True)


@st.cache_data(max_entries=8, show_spinner="Following the dials …")
def _curves(name: str, key: int) -> list[DialCurve]:
    from bgbias_core.evaluation.curves import dial_curves

    return dial_curves(read_evaluation(name))
