"""Taking an evaluation away: one page that needs nothing else, and its numbers."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.evaluation_picker import read_evaluation, version_of


def show_report_button(name: str) -> None:
    """Two buttons; both files are made once, when one is first pressed, and again when the evaluation changes.

    Args:
        name: The evaluation's name.

    Raises:
        UnknownNameError: No evaluation has that name.
        EvaluationError: Its file has just gone.
    """
    version = version_of(name)
    with st.container(horizontal=True):
        _button("Report (HTML)", ":material/article:", name, "html", lambda: _texts(name, version)[0])
        _button("Its numbers (JSON)", ":material/data_object:", name, "json", lambda: _texts(name, version)[1])


def _button(label: str, icon: str, name: str, ending: str, text: Callable[[], str]) -> None:
    st.download_button(
        label,
        text,
        f"{name}-report.{ending}",
        "text/html" if ending == "html" else "application/json",
        icon=icon,
        on_click="ignore",
        key=f"download_report_{ending}",
        help="Figures, pictures, definitions and commands in one file, and every number in another. They are made when "
        "a button is pressed, which takes some seconds.",
    )


@st.cache_data(max_entries=2, show_spinner=False)
def _texts(name: str, version: int) -> tuple[str, str]:
    from bgbias_core.report import report_texts

    return report_texts(read_evaluation(name))
