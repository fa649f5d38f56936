"""What every section of the Library is made of: an entry that says what is there, and the jobs that change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bgbias_core import jobs
from bgbias_core.errors import BgBiasError
from bgbias_core.jobs.job import shell
from pages.components.library_files import Deletion, delete, spell_size
from pages.components.verdicts import plain


class State(NamedTuple):
    """What stands beside an entry's title."""

    word: str
    icon: str
    colour: Literal["green", "gray", "blue", "orange", "red"]


HERE = State("here", "check_circle", "green")
BUILT_IN = State("built in", "check_circle", "green")
ABSENT = State("not here", "cloud_download", "gray")
COMING = State("on its way", "hourglass_top", "blue")
WAITING = State("waits for its backbone", "hourglass_empty", "orange")
BROKEN = State("cannot be used", "error", "red")

_SEE_BELOW = "Under way: see [the jobs](#jobs)."


def show_entry(
    title: str, state: State, facts: Sequence[str], *, more: Sequence[str] = (), figures: Sequence[str] = ()
) -> DeltaGenerator:
    """One entry in the container that is open: its title and state, then what is known of it.

    Args:
        title: Plain text.
        state: Whether it is there.
        facts: Short plain texts for one quiet line: what it is, its size.
        more: Plain sentences, one quiet line each: licence, where it came from.
        figures: Plain sentences that stand out: what was measured.

    Returns:
        The place beside it, for buttons.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall"):
            st.markdown(f"**{plain(title)}** :{state.colour}-badge[:material/{state.icon}: {state.word}]")
            if figures:
                st.markdown("  \n".join(f":small[{plain(figure)}]" for figure in figures))
            lines = [" · ".join(fact for fact in facts if fact), *more]
            st.caption("  \n".join(plain(line) for line in lines if line))
            if state is COMING:
                st.caption(_SEE_BELOW)
        return st.container(width="content")


def offer_job(
    key: str,
    label: str,
    icon: str,
    title: str,
    command: Sequence[str],
    *,
    device: str = "cpu",
    about: dict[str, str] | None = None,
    ready: bool = True,
) -> None:
    """The command that a button runs, and the button; a job that runs the same already takes its place.

    Args:
        key: The button's key.
        label: What it says.
        icon: Its icon.
        title: The job's title.
        command: Arguments after ``python -m bgbias_core``.
        device: Where it computes.
        about: What else is kept with the job.
        ready: Whether there is all that it needs.
    """
    st.code(shell(tuple(command)), language="bash", wrap_lines=True)
    if under_way(command):
        st.caption(_SEE_BELOW)
        return
    if st.button(label, type="primary", icon=f":material/{icon}:", disabled=not ready, key=key):
        try:
            jobs.start(title, command, device=device, about={"kind": command[0], **(about or {})})
        except BgBiasError as error:
            st.error(plain(str(error)))
            return
        st.rerun(scope="app")


def under_way(command: Sequence[str]) -> bool:
    """Whether a job waits or runs whose command begins like this."""
    wanted = tuple(command)
    return any(job.active and job.command[: len(wanted)] == wanted for job in jobs.list_jobs())


def offer_deletion(side: DeltaGenerator, key: str, what: str, warning: str, deletion: Deletion) -> None:
    """A button that asks once more, says what is freed, and deletes.

    Args:
        side: Where it stands.
        key: Beginning of its keys.
        what: What is deleted, as the end of a sentence that begins with "Delete".
        warning: What it takes to have it again.
        deletion: The files.
    """
    with side.popover("Delete", icon=":material/delete:", key=f"{key}_ask"):
        st.markdown(f"**Delete {plain(what)}?** {plain(spell_size(*deletion.paths))} will be free. {plain(warning)}")
        st.code(deletion.shell, language="bash", wrap_lines=True)
        if st.button("Delete for good", type="primary", icon=":material/delete_forever:", key=key):
            try:
                delete(deletion)
            except BgBiasError as error:
                st.error(plain(str(error)))
                return
            st.rerun(scope="app")
