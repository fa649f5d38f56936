"""Folders on this computer: asking for one, and opening the photographs of one."""

from __future__ import annotations

import streamlit as st

from bgbias_core.data import PhotographSet, open_data, recognise


def ask_folder(label: str, key: str, example: str, text: str | None = None) -> str:
    """Ask for the path of a folder; empty until one is named. It is kept in the session and never put into a link.

    Args:
        label: What lies in it.
        key: Key of the field.
        example: A path of the usual kind.
        text: What else there is to know.
    """
    return st.text_input(label, key=key, persist_state="session", placeholder=example, help=text).strip()


@st.cache_resource(max_entries=4, ttl=300, show_spinner="Looking through the folder …")
def opened_photographs(folder: str, masks: str, *, check: bool = True) -> PhotographSet:
    """The photographs of a folder, of the kind that it is recognised as.

    Args:
        folder: CUB-200-2011 or Waterbirds in their own layouts, or one folder for each class.
        masks: Folder of its masks; empty where there is none.
        check: Whether missing files are refused, all in one sentence. Who looks at one photograph needs no other.

    Raises:
        BgBiasError: There is no such folder, or not in a layout that is known.
    """
    return open_data(recognise(folder), folder, masks or None, check=check)
