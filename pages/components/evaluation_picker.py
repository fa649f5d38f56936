"""Choosing an evaluation: which one, what it is of, and the command that makes it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import EvaluationError
from bgbias_core.masks import masker_title
from pages.components.loaders import listing
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.evaluation import Evaluation, Header, SummaryRow

_PARAMETER = "evaluation"


def pick_evaluation(empty: str) -> str | None:
    """Show the choice, shipped evaluations first; broken ones are named in a sentence each.

    Args:
        empty: What to say where there is none.

    Returns:
        Its name, which a link carries as ``evaluation``.
    """
    from bgbias_core.evaluation import list_evaluations

    found = list_evaluations()
    for name, reason in found.broken.items():
        st.warning(f"The evaluation **{plain(name)}** cannot be used. {plain(reason)}", icon=":material/build:")
    if not found.headers:
        st.info(empty, icon=":material/arrow_downward:")
        return None
    titles = {name: f"{header.title} ({name})" for name, header in found.headers.items()}
    names = list(titles)
    asked = st.query_params.get(_PARAMETER, names[0])
    if asked not in titles:
        st.info(f"There is no evaluation “{plain(asked[:80])}” here. This is {plain(names[0])}.")
    # Not bound by Streamlit, which would carry the long title in a link.
    chosen = st.selectbox(
        "Evaluation",
        names,
        index=names.index(asked) if asked in titles else 0,
        format_func=titles.__getitem__,
        key="chosen_evaluation",
    )
    st.query_params[_PARAMETER] = chosen
    return chosen


def read_evaluation(name: str) -> Evaluation:
    """An evaluation by name, read once for all sessions and again when its file changes; not to be changed.

    Raises:
        UnknownNameError: No evaluation has that name.
        EvaluationError: Its file is damaged or of another schema.
    """
    return _read(*_file(name))


def read_summary(name: str) -> list[SummaryRow]:
    """The measures of an evaluation; raises as :func:`read_evaluation` does."""
    return _summary(name, *_file(name))


def version_of(name: str) -> int:
    """When its file was last written, for the keys of caches; raises as :func:`read_evaluation` does."""
    return _file(name)[1]


def _file(name: str) -> tuple[str, int]:
    from bgbias_core.evaluation import find_evaluation

    path = find_evaluation(name)
    try:
        return str(path), path.stat().st_mtime_ns
    except OSError as error:
        raise EvaluationError(f"The evaluation '{name}' has just gone ({error.strerror}); choose another.") from error


@st.cache_resource(max_entries=4, show_spinner="Reading the evaluation …")
def _read(path: str, changed: int) -> Evaluation:
    from bgbias_core.evaluation import Evaluation

    return Evaluation.load(Path(path))


@st.cache_data(max_entries=8, show_spinner="Summing up the evaluation …")
def _summary(name: str, path: str, changed: int) -> list[SummaryRow]:
    from bgbias_core.evaluation import summarise

    return summarise(_read(path, changed))


def show_head(header: Header) -> None:
    """In a line what the evaluation is of; behind a click the command that makes it again."""
    from bgbias_core.evaluation import seal_of

    noun = "birds" if header.data.kind == "aviary" else "photographs"
    st.markdown(
        f"**{plain(header.data.title)}** · n = {header.n:,} {noun} · seed {header.seed} · predicted masks by "
        f"{plain(masker_title(header.masker))} · computed {header.created[:10]}"
    )
    cards = listing(dials=True).cards
    gone = [one.title for one in header.checkpoints if one.name not in cards]
    if gone:
        st.caption(f"Not on this machine: {plain(_some(gone))}. Their figures stand as they were computed.")
    changed = [one.title for one in header.checkpoints if one.name in cards and seal_of(cards[one.name]) != one.seal]
    if changed:
        st.warning(
            f"Made again since then: {plain(_some(changed))}. The figures are of the former ones.",
            icon=":material/history:",
        )
    with st.expander("Compute it again", icon=":material/terminal:"):
        st.code(header.command, language="bash", wrap_lines=True)


def _some(titles: list[str]) -> str:
    """A few of them, and how many more there are."""
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
