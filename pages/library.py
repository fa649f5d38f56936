"""Library: what is on this machine, what it may be used for, and getting, checking, making and deleting it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.jobs import show_jobs
from pages.components.library_data import show_data_sets, show_scenes
from pages.components.library_models import show_backbones, show_checkpoints
from pages.components.library_segmenters import show_segmenters
from pages.components.library_space import show_space
from pages.components.page import page_setup

SECTIONS: dict[str, Callable[[], None]] = {
    "Data sets": show_data_sets,
    "Scenes": show_scenes,
    "Segmenters": show_segmenters,
    "Backbones": show_backbones,
    "Checkpoints": show_checkpoints,
    "Space": show_space,
}
JOBS = ("data", "backbones", "segmenter")

page_setup("Library")
st.title("Library")
st.markdown(
    "What is on this machine, what one may do with it, and how to get more. The app works without any of the "
    "downloads; every button shows the command that it runs."
)
section = st.segmented_control(
    "Section",
    list(SECTIONS),
    default="Data sets",
    required=True,
    label_visibility="collapsed",
    key="section",
    bind="query-params",
)
SECTIONS[section]()
st.header("Jobs", divider="gray", anchor="jobs")
show_jobs(JOBS, empty="Nothing is being fetched, checked, made or trained.")
