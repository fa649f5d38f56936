"""What an evaluation found, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.evaluation_picker import read_evaluation, version_of
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.evaluation import SummaryRow


def show_finding(name: str, rows: Sequence[SummaryRow]) -> None:
    """The first clear thing that a report of it says; nothing where its numbers allow no plain statement.

    Args:
        name: The evaluation's name.
        rows: Its measures.
    """
    sentence = _finding(name, version_of(name), rows)
    if sentence:
        st.info(plain(sentence), icon=":material/lightbulb:")


@st.cache_data(max_entries=8, show_spinner=False)
def _finding(name: str, key: int, _rows: Sequence[SummaryRow]) -> str:
    from bgbias_core.report.finding import find

    statements = find(read_evaluation(name), _rows).statements
    return next((one.sentence for one in sorted(statements, key=lambda one: not one.clear)), "")
