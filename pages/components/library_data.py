"""The published data sets and scene collections: fetching, checking and removing them, and those made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from bgbias_core.aviary import PLACES, SPECIES
from bgbias_core.data import DATA_SETS
from bgbias_core.data.archives import PUBLISHED, Published, command_of
from bgbias_core.data.fetched import PROVENANCE, installed, place_of
from bgbias_core.data.generate import PROVENANCE as MADE
from bgbias_core.data.pictures import PICTURES, find_pictures
from bgbias_core.paths import data_folder
from bgbias_core.spelling import spell_bytes
from pages.components.library_entry import (
    ABSENT,
    BUILT_IN,
    COMING,
    HERE,
    State,
    offer_deletion,
    offer_job,
    show_entry,
    under_way,
)
from pages.components.library_files import Deletion, spell_size
from pages.components.library_make import show_check, show_waterbirds

_PLACES = "places-"


def show_data_sets() -> None:
    """Data sets: drawn, published, made here; checking any folder; making Waterbirds."""
    with st.container(border=True, gap="xsmall"):
        aviary = DATA_SETS["aviary"]
        show_entry(
            aviary.title, BUILT_IN, [f"{len(SPECIES)} drawn species in {len(PLACES)} drawn places, with exact masks"],
            more=[f"Licence: {aviary.licence}"],
        )  # fmt: skip
    for known in PUBLISHED.values():
        if not known.name.startswith(_PLACES):
            _show_published(known)
    for folder in made_sets():
        _show_made(folder)
    show_check("data", "A data set of your own")
    show_waterbirds()


def show_scenes() -> None:
    """Scene collections: drawn, in installed packages, published; checking any folder."""
    with st.container(border=True, gap="xsmall"):
        show_entry(
            "Aviary's places", BUILT_IN, [f"{len(PLACES)} drawn places, as many scenes as wanted"],
            more=[f"Licence: {DATA_SETS['aviary'].licence}"],
        )  # fmt: skip
    pictures = [PICTURES[name] for name in find_pictures() if PICTURES[name].role == "scene"]
    if pictures:
        with st.container(border=True, gap="xsmall"):
            show_entry(
                "Pictures of installed packages",
                BUILT_IN,
                [", ".join(picture.title for picture in pictures)],
                more=[f"Licence: {source}" for source in dict.fromkeys(picture.source for picture in pictures)],
            )
    for known in PUBLISHED.values():
        if known.name.startswith(_PLACES):
            _show_published(known)
    show_check("scenes", "A folder of scenes of your own")


def made_sets() -> list[Path]:
    """Data sets in the person's own data folder that were made here and not fetched, finished or not."""
    fetched = {place_of(name) for name in PUBLISHED}
    folder = data_folder()
    return (
        sorted(path for path in folder.iterdir() if path not in fetched and (path / MADE).is_file())
        if folder.is_dir()
        else []
    )


def _show_published(known: Published) -> None:
    arguments = command_of(known.name).split()
    fetch, remove = ["data", "fetch", *arguments], ["data", "remove", *arguments]
    folder = installed(known.name)
    # Other options may follow; and "places" alone would begin the others' commands too.
    coming = under_way(fetch)
    with st.container(border=True, gap="xsmall", key=f"published_{known.name}"):
        if folder is None:
            size, origin = f"about {spell_bytes(known.about_bytes)} to fetch", ""
        else:
            size, origin = _noted(folder)
        state = COMING if coming else ABSENT if folder is None else HERE
        side = show_entry(
            known.title[0].upper() + known.title[1:],
            state,
            [known.what, size],
            more=[f"Licence: {known.licence}", origin],
        )
        if folder is not None:
            with side.popover("Delete", icon=":material/delete:", key=f"remove_{known.name}_ask"):
                st.markdown(f"**Delete {known.title}?** {size} will be free. It can be fetched again.")
                offer_job(f"remove_{known.name}", "Delete it", "delete_forever", f"Delete {known.title}", remove)
        elif not coming:
            with side.popover("Fetch", icon=":material/download:", key=f"fetch_{known.name}_ask"):
                _offer_fetch(known, fetch)


def _offer_fetch(known: Published, command: list[str]) -> None:
    owner = PUBLISHED[known.within[0]] if known.within is not None else None
    st.markdown(f"**{known.title}**: {spell_bytes(known.about_bytes)} to fetch, to `{place_of(known.name)}`.")
    st.markdown(f"**Licence of use:** {known.licence}.")
    if owner is not None and installed(owner.name) is None:
        st.info(f"They belong into the folder of {owner.title}: fetch that first.", icon=":material/looks_one:")
    source = st.text_input(
        "Take it from (optional)",
        key=f"from_{known.name}",
        placeholder=f"/path/to/{known.archives[0].name}",
        help="A file that you have already, a folder with it, or the address of a mirror. Otherwise its publisher.",
    ).strip()
    command = [*command, "--from", source] if source else command
    offer_job(f"fetch_{known.name}", "Fetch it", "download", f"Fetch {known.title}", command)


def _noted(folder: Path) -> tuple[str, str]:
    """Size and origin as they were noted when it was fetched: a million files are not counted for a page."""
    noted = _read(folder / PROVENANCE)
    sources = ", ".join(str(one.get("source", "")) for one in noted.get("archives", []))
    checks = ", ".join(dict.fromkeys(str(one.get("known", "")) for one in noted.get("archives", [])))
    size = noted.get("bytes")
    return (
        spell_bytes(size) if isinstance(size, int) else spell_size(folder),
        f"Fetched {noted.get('when', '')} from {sources}; checksum {checks}; in {folder}",
    )


def _show_made(folder: Path) -> None:
    noted = _read(folder / MADE)
    made_from = noted.get("made_from", {})
    groups = "; ".join(f"{name}: {', '.join(places)}" for name, places in made_from.get("groups", {}).items())
    state = HERE if noted.get("finished") else State("not finished", "pause_circle", "orange")
    with st.container(border=True, gap="xsmall"):
        side = show_entry(
            folder.name,
            state,
            [f"{noted.get('photographs', 0):,} pictures made here of {made_from.get('photographs', 'photographs')}",
             groups, f"majority {made_from['majority']:.0%}" if "majority" in made_from else "", spell_size(folder)],
            more=[f"Licence: {made_from.get('licence', 'unknown')}, and that of the scenes", f"In {folder}"],
        )  # fmt: skip
        offer_deletion(
            side,
            f"delete_made_{folder.name}",
            f"the data set “{folder.name}”",
            "The same command makes the same pictures again, from the same photographs and scenes.",
            Deletion((folder,)),
        )


def _read(file: Path) -> dict[str, Any]:
    try:
        noted = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}
