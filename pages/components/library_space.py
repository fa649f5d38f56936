"""The person's own folder part by part: what it takes, and what can be deleted because it comes again."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bgbias_core.paths import cache_folder, home
from pages.components.library_entry import State, offer_deletion, show_entry
from pages.components.library_files import Deletion, spell_size

CACHES = {
    "masks": ("Masks", "found before, kept so that they need not be found again"),
    "features": ("Features", "what frozen backbones see in photographs, for training heads"),
    "aviary": ("Aviary pictures", "drawn for training and measuring"),
    "weights": ("Converted weights", "read once from the packages that carry them"),
    "downloads": ("Downloads", "broken off, to be continued"),
}
"""Title and purpose of what lies in the cache, by the name of its folder."""
_KEPT = (
    ("data", "Data sets and scenes", "one by one, under *Data sets* and *Scenes*"),
    ("weights", "Backbones", "one by one, under *Backbones*"),
    ("checkpoints", "Checkpoints", "one by one, under *Checkpoints*"),
    ("segmenters", "Segmenters", "one by one, under *Segmenters*"),
    ("evaluations", "Evaluations", "by hand: they are your results"),
    ("runs", "Trainings", "by hand: stopped ones go on from there"),
    ("jobs", "Jobs", "one by one, in the list of jobs"),
)


def show_space() -> None:
    """The own folder part by part; the caches, which come again by themselves, can be deleted."""
    st.markdown("What is yours lies in this folder; `BGBIAS_HOME` names another one.")
    st.code(str(home().absolute()), language=None, wrap_lines=True)
    cache = cache_folder()
    found = sorted((path for path in cache.iterdir() if path.is_dir()), key=_place) if cache.is_dir() else []
    if not found:
        st.info("The caches are empty: there is nothing to free here.")
    for path in found:
        title, purpose = CACHES.get(path.name, (path.name, "can be made again"))
        with st.container(border=True, gap="xsmall"):
            side = show_entry(title, State(spell_size(path), "database", "gray"), [purpose])
            offer_deletion(
                side,
                f"free_{path.name}",
                f"the cache “{title}”",
                "It fills again when it is needed.",
                Deletion((path,)),
            )
    rows = [
        f"| {title} | {spell_size(home() / name)} | {where} |"
        for name, title, where in _KEPT
        if (home() / name).is_dir()
    ]
    if rows:
        st.markdown("**What is no cache**")
        st.markdown("\n".join(["| | takes | to delete it |", "|---|---|---|", *rows]))


def _place(folder: Path) -> int:
    return list(CACHES).index(folder.name) if folder.name in CACHES else len(CACHES)
