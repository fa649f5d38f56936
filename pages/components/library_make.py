"""Forms that start work on folders a person points at: checking a data set, and making a Waterbirds."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from bgbias_core import jobs
from bgbias_core.data import DATA_SETS, recognise
from bgbias_core.data.archives import PUBLISHED
from bgbias_core.data.fetched import installed
from bgbias_core.data.generate import COMPAT, FIXED, PUBLISHED_GROUPS
from bgbias_core.data.places import find_scenes
from bgbias_core.errors import BgBiasError
from bgbias_core.paths import data_folder
from pages.components.folders import ask_folder
from pages.components.library_entry import offer_job
from pages.components.verdicts import plain

CHECK = "check"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_OWN_LABELS = "a table of my own"
_LABELS = {
    FIXED: "Land birds and water birds",
    COMPAT: "As published, with its three misplaced species",
    _OWN_LABELS: "A table of my own",
}


def absolute(folder: str) -> str:
    """A folder as a job finds it, wherever it runs."""
    return str(Path(folder).expanduser().absolute())


def show_check(key: str, title: str) -> None:
    """Point at a folder; a job opens every photograph and mask of it and lists what is wrong.

    Args:
        key: Sets this form apart.
        title: Its title.
    """
    with st.expander(title, icon=":material/fact_check:", key=f"check_{key}"):
        st.markdown("Nothing is copied: every page takes its path. A check opens every photograph and every mask once.")
        folder = ask_folder("Its folder", f"check_folder_{key}", "/data/my-birds")
        masks = ask_folder("Its masks, if they lie elsewhere", f"check_masks_{key}", "/data/my-masks")
        if not folder:
            st.caption(
                "One folder of photographs for each place, as in Places365."
                if key == "scenes"
                else "One folder of photographs for each class; or CUB-200-2011 or Waterbirds as they are published."
            )
            return
        try:
            kind = recognise(folder)
        except BgBiasError as error:
            st.error(plain(str(error)), icon=":material/folder_off:")
            return
        st.caption(f"Read as: {DATA_SETS[kind].title}.")
        command = ["data", "check", "--root", absolute(folder), *(["--masks", absolute(masks)] if masks else [])]
        offer_job(
            f"check_{key}_start", "Check it", "fact_check", f"Check {absolute(folder)}", command, about={"does": CHECK}
        )
        _show_verdict(command)


def _show_verdict(command: list[str]) -> None:
    """What the newest check of this folder found; a fault is its job's own sentence."""
    job = next((job for job in jobs.list_jobs() if list(job.command) == command and not job.active), None)
    if job is None:
        return
    if job.state == "done":
        st.success(plain(jobs.log_tail(job.name).strip().rpartition("\n")[2]), icon=":material/check_circle:")
    elif job.reason:
        st.error(plain(job.reason), icon=":material/rule:")


def show_waterbirds() -> None:
    """The form that makes a Waterbirds: photographs, places, two groups, majority, labels."""
    with st.expander("Make Waterbirds", icon=":material/auto_fix_high:", key="make_waterbirds"):
        st.markdown(
            "Birds are cut out along their masks and pasted on the places of two groups, so that most of each kind "
            "stand where they are at home. Licence: that of the photographs and of the scenes."
        )
        left, right = st.columns(2, gap="medium")
        with left:
            photographs = _ask("Photographs with masks", "make_cub", installed("cub"), "/data/CUB_200_2011")
        with right:
            places = _ask("Places", "make_places", _fetched_places(), "/data/places365")
        if not (photographs and places):
            st.caption("CUB-200-2011 with its masks, and Places365 or any folder with one folder for each place.")
            return
        try:
            found = list(_places_in(places))
        except BgBiasError as error:
            st.error(plain(str(error)), icon=":material/folder_off:")
            return
        groups = _choose_groups(found)
        choices = _choose_rest()
        name = st.text_input("Name", "waterbirds-95", max_chars=80, key="make_name").strip()
        if not _NAME.fullmatch(name) or name in PUBLISHED:
            st.error(
                f"“{plain(name)}” cannot be its name: take letters, digits, dots and hyphens, and none of "
                f"{', '.join(PUBLISHED)}.",
                icon=":material/edit:",
            )
            return
        command = ["data", "waterbirds", "--cub", absolute(photographs), "--places", absolute(places)]
        command += ["--out", str((data_folder() / name).absolute())]
        for group, chosen in groups:
            command += ["--places", f"{group}={','.join(chosen)}"]
        offer_job(
            "make_start",
            "Make it",
            "play_arrow",
            f"Make {name}",
            [*command, *choices],
            ready=all(group and chosen for group, chosen in groups),
        )


def _ask(label: str, key: str, usual: Path | None, example: str) -> str:
    if usual is not None and key not in st.session_state:
        st.session_state[key] = str(usual)
    return ask_folder(label, key, example)


def _fetched_places() -> Path | None:
    return next((path for name in PUBLISHED if name.startswith("places") and (path := installed(name))), None)


@st.cache_data(max_entries=4, ttl=300, show_spinner="Looking through the folder …")
def _places_in(folder: str) -> tuple[str, ...]:
    return tuple(find_scenes(folder, per_place=1))


def _choose_groups(found: list[str]) -> list[tuple[str, list[str]]]:
    groups = []
    for column, usual in zip(st.columns(2, gap="medium"), PUBLISHED_GROUPS, strict=True):
        with column:
            name = st.text_input("Group", usual.name, max_chars=40, key=f"make_group_{usual.name}").strip()
            chosen = st.multiselect(
                f"Places of “{plain(name)}”",
                found,
                [place for place in usual.places if place in found],
                key=f"make_places_{usual.name}",
                placeholder=f"{len(found):,} found",
            )
            groups.append((name, chosen))
    return groups


def _choose_rest() -> list[str]:
    left, right = st.columns(2, gap="medium")
    with left:
        majority = st.slider(
            "Share that stands at home", 50, 100, 95, format="%d%%", key="make_majority",
            help="Of the training photographs; tests are drawn evenly.",
        )  # fmt: skip
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="make_seed")
    with right:
        labels = st.selectbox("Who is at home where", list(_LABELS), format_func=_LABELS.__getitem__, key="make_labels")
        if labels == _OWN_LABELS:
            labels = ask_folder(
                "The table", "make_table", "/data/labels.csv", "A CSV file with a line class,group for each class."
            )
            labels = absolute(labels) if labels else FIXED
        again = st.toggle(
            "Let scenes come again", key="make_reuse", help="Otherwise every bird needs a scene of its own."
        )
    return ["--majority", str(majority / 100), "--labels", labels, "--seed", str(seed)] + ["--reuse-scenes"] * again
