"""The panel of jobs: where each stands, what is left, why it ended, and the buttons to stop, resume and delete it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import streamlit as st

from bgbias_core import jobs
from bgbias_core.errors import BgBiasError
from bgbias_core.jobs import Job
from bgbias_core.spelling import spell_seconds
from pages.components.verdicts import plain

_REFRESH_SECONDS = 2.0
_SILENT_SECONDS = 60
_ENDED_SHOWN = 5


class _Look(NamedTuple):
    word: str
    icon: str
    colour: Literal["gray", "blue", "orange", "red", "green"]


_LOOKS: dict[jobs.State, _Look] = {
    "queued": _Look("queued", "schedule", "gray"),
    "running": _Look("running", "play_circle", "blue"),
    "stopped": _Look("stopped", "pause_circle", "orange"),
    "failed": _Look("failed", "error", "red"),
    "done": _Look("done", "check_circle", "green"),
}
_STOPPING = _Look("stopping", "hourglass_top", "orange")


def show_jobs(kinds: Sequence[str] | None = None, *, empty: str) -> None:
    """Show the jobs: what runs, what waits, what has ended; while any is active it looks again every two seconds.

    When a job ends, the whole page runs once more, so that what it made appears.

    Args:
        kinds: Only jobs of these kinds; all by default.
        empty: The sentence where there is none.
    """
    active = frozenset(job.name for job in _chosen(kinds) if job.active)
    st.fragment(_panel, run_every=_REFRESH_SECONDS if active else None)(kinds, empty, active)


def _chosen(kinds: Sequence[str] | None) -> list[Job]:
    return [job for job in jobs.list_jobs() if kinds is None or job.about["kind"] in kinds]


def _panel(kinds: Sequence[str] | None, empty: str, watched: frozenset[str]) -> None:
    found = _chosen(kinds)
    active = [job for job in found if job.active]
    if watched - {job.name for job in active}:
        st.rerun(scope="app")
    if active:
        jobs.ensure_runner()
    if not found:
        st.info(empty)
        return
    running = [job for job in active if job.state == "running"]
    waiting = [job for job in reversed(active) if job.state == "queued"]
    ended = [job for job in found if not job.active]
    for job in [*running, *waiting, *ended[:_ENDED_SHOWN]]:
        _show_job(job)
    older = ended[_ENDED_SHOWN:]
    if older and st.toggle(f"Show {len(older)} older", key="jobs_older"):
        for job in older:
            _show_job(job)


def _show_job(job: Job) -> None:
    look = _STOPPING if job.state == "running" and job.reason else _LOOKS[job.state]
    with st.container(border=True, key=f"job_{job.name}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(job.title)}**", width="content")
            st.badge(look.word, icon=f":material/{look.icon}:", color=look.colour)
        if job.total and job.state != "done":
            st.progress(_share(job), f"{job.done:,} of {job.total:,} · {plain(job.doing)}".removesuffix(" · "))
        if job.reason:
            st.markdown(plain(job.reason))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(" · ".join(_times(job)), width="content")
            with st.container(horizontal=True, width="content"):
                _show_buttons(job, stopping=look is _STOPPING)
        log = st.expander(
            "Log and command", icon=":material/terminal:", type="compact", key=f"job_log_{job.name}", on_change="rerun"
        )
        if log.open:
            with log:
                _show_log(job)


def _show_buttons(job: Job, *, stopping: bool) -> None:
    if job.active:
        _button(job, "Stop", "stop_circle", jobs.stop, "What it has saved stays.", disabled=stopping)
    if job.state in {"stopped", "failed"}:
        _button(job, "Resume", "resume", jobs.resume, "Goes on from what it saved.")
    if job.state != "running":
        _button(job, "Delete", "delete", jobs.delete, "Removes this entry with its log; what it made elsewhere stays.")


def _button(
    job: Job, label: str, icon: str, act: Callable[[str], object], text: str, *, disabled: bool = False
) -> None:
    key = f"job_{label.lower()}_{job.name}"
    if not st.button(label, icon=f":material/{icon}:", help=text, disabled=disabled, key=key):
        return
    try:
        act(job.name)
    except BgBiasError as error:  # it changed since it was drawn
        st.error(str(error))
        return
    st.rerun(scope="app")


def _show_log(job: Job) -> None:
    st.code(job.shell, language="bash", wrap_lines=True)
    try:
        tail = jobs.log_tail(job.name)
    except BgBiasError as error:
        st.error(str(error))
        return
    st.code(tail or "It has printed nothing yet.", language=None, wrap_lines=True)


def _share(job: Job) -> float:
    return min(max(job.done / job.total, 0.0), 1.0)


def _times(job: Job) -> list[str]:
    """How long it has been at work, what is left, and whether it has gone quiet."""
    if job.state == "queued":
        return [f"waits for its turn on {job.device}: one job at a time"]
    if job.started is None:
        return []
    if job.state != "running":
        return [] if job.ended is None else [f"took {spell_seconds(job.ended - job.started)}"]
    now = time.time()
    said = [f"running for {spell_seconds(now - job.started)}"]
    last = max(job.heartbeat or 0.0, job.started)
    left = None if job.left is None else job.left - (now - last)
    if left is not None and left > 0:
        said.append(f"about {spell_seconds(left)} left")
    if now - last > _SILENT_SECONDS:
        said.append(f"last sign of life {spell_seconds(now - last)} ago")
    return said
