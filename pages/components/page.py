"""The frame around every page: its navigation, its title and its style."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from bgbias_core import jobs
from bgbias_core.paths import ASSETS, REPOSITORY

PRODUCT = "bgbias"
_ROUTED = "routed"


def page(name: str, title: str, icon: str, *, default: bool = False) -> Page:
    """A page by the name of its file.

    Its ``url_path`` is the one that Streamlit infers from the file, because a fresh server answers the very first
    request to a deep link from the folder ``pages/``, before any script has said what the pages are.
    """
    return st.Page(REPOSITORY / "pages" / f"{name}.py", title=title, icon=f":material/{icon}:", default=default)


def home_page() -> Page:
    """Home."""
    return page("home", "Home", "grid_view", default=True)


def swap_backgrounds_page() -> Page:
    """Swap backgrounds."""
    return page("swap_backgrounds", "Swap backgrounds", "landscape")


def compare_strategies_page() -> Page:
    """Compare strategies."""
    return page("compare_strategies", "Compare strategies", "balance")


def attributions_page() -> Page:
    """Attributions."""
    return page("attributions", "Attributions", "center_focus_strong")


def failure_cases_page() -> Page:
    """Failure cases."""
    return page("failure_cases", "Failure cases", "rule")


def train_page() -> Page:
    """Train."""
    return page("train", "Train", "model_training")


def library_page() -> Page:
    """Library."""
    return page("library", "Library", "inventory_2")


def navigation() -> Page:
    """Offer all pages in their groups and return the one asked for."""
    st.session_state[_ROUTED] = True
    explore = [
        home_page(),
        swap_backgrounds_page(),
        compare_strategies_page(),
        attributions_page(),
        failure_cases_page(),
    ]
    return st.navigation({"Explore": explore, "Build": [train_page(), library_page()]})


def page_setup(title: str) -> None:
    """Set title, width and style of a page; every page calls it first, and calling it again changes nothing.

    Args:
        title: What the browser's tab shows before the product's name.
    """
    st.set_page_config(page_title=f"{title} · {PRODUCT}", page_icon=ASSETS / "icon.png", layout="wide")
    st.html(ASSETS / "page.css")
    _go_on_with_jobs()
    if _ROUTED not in st.session_state:
        # A fresh server's first request runs the page without app.py: name the pages here, or the menu lists files.
        navigation()
        # Run again through app.py, or its first run would rename every widget and drop what was done until then.
        st.rerun()


@st.cache_resource(show_spinner=False)
def _go_on_with_jobs() -> None:
    """Once for each start of the app: what waited when the computer went down waits no longer."""
    jobs.ensure_runner()
