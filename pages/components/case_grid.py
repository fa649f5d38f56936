"""Cases as a grid of small pictures, a page of them at a time, and the ways on from each."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.errors import BgBiasError
from bgbias_core.images import Image, resize
from bgbias_core.spelling import spell_class
from pages.components.cases import (
    PARAMETER,
    case_key,
    case_title,
    opened_cases,
    place_title,
    shows_place,
    subject,
)
from pages.components.page import attributions_page, swap_backgrounds_page
from pages.components.seen_grid import picture_url

if TYPE_CHECKING:
    import pandas as pd

    from bgbias_core.evaluation.cases import Cases, Row
    from bgbias_core.evaluation.results import Header

PER_PAGE = 24
_SIDE = 160
_MOST_PROBLEMS = 3


def show_grid(name: str, rows: pd.DataFrame) -> None:
    """Show one page of cases with what was said about each, and below it the choice of the page.

    Args:
        name: Name of the evaluation.
        rows: The cases in order, at least one.
    """
    cases = opened_cases(name)
    header = cases.evaluation.header
    grid, pages = st.container(key="case_grid"), -(-len(rows) // PER_PAGE)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    numbers = [int(number) for number in rows.index[(page - 1) * PER_PAGE : page * PER_PAGE]]
    first_time = st.session_state.get("shown_cases") != (name, numbers)
    cards = []
    with grid:
        for row in map(cases.row, numbers):
            with st.container(border=True, gap="xsmall", height="stretch"):
                card = st.empty()
                if first_time:  # places are kept while pictures are made; what was made before needs no keeping
                    card.html(_card(header, row, ""))
                cards.append((card, row))
                _links(name, row)
    problems: dict[str, None] = {}
    for card, row in cards:
        try:
            card.html(_card(header, row, _picture(cases, row)))
        except BgBiasError as error:
            problems[str(error)] = None
            card.html(_card(header, row, ""))
    for problem in list(problems)[:_MOST_PROBLEMS]:
        st.warning(f"Not every picture can be made again. {problem}", icon=":material/broken_image:")
    st.session_state["shown_cases"] = (name, numbers)


def _links(name: str, row: Row) -> None:
    carried = {PARAMETER: case_key(name, row.number)}
    with st.container(horizontal=True, gap=None):
        st.page_link(swap_backgrounds_page(), label="Swap", query_params=carried)
        st.page_link(attributions_page(), label="Why", query_params=carried)


def _picture(cases: Cases, row: Row) -> str:
    header = cases.evaluation.header
    picture = (row.sample, row.condition, row.place or "", row.scene, row.lifted_by)
    return _drawn((header.name, header.created), picture, row.number, cases)


@st.cache_data(max_entries=480, show_spinner=False)
def _drawn(evaluation: tuple[str, str], picture: tuple[str, ...], _number: int, _cases: Cases) -> str:
    """The judged picture as a data URL; keyed by the picture, for several checkpoints looked at the same one."""
    return picture_url(_small(_cases.picture(_number, size=_SIDE)))


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = _SIDE / max(height, width)
    if scale >= 1:
        return image
    return resize(image, (max(1, round(height * scale)), max(1, round(width * scale))), "squash")


def _card(header: Header, row: Row, url: str) -> str:
    alt = escape(case_title(header, row), quote=True)
    picture = f'<img src="{url}" alt="{alt}">' if url else ""
    place = f"<small>{escape(place_title(row.place))}</small>" if shows_place(header, row) and row.place else ""
    return (
        f'<div class="case"><div class="frame">{picture}</div><div class="name">{escape(subject(row))}{place}</div>'
        f"{_answer(row)}{_change(header, row)}{_share(row)}</div>"
    )


def _answer(row: Row) -> str:
    if not row.predicted:
        return '<div class="answer wrong">✗ no object found</div>'
    kind, mark = {True: (" right", "✓ "), False: (" wrong", "✗ "), None: ("", "")}[row.right]
    said = f"{mark}{escape(spell_class(row.predicted))}"
    return f'<div class="answer{kind}"><b>{said}</b> {row.probability:.0%}</div>'


def _change(header: Header, row: Row) -> str:
    if row.flipped is None:
        return ""
    reference = "ID" if header.data.kind == "aviary" else "original"
    before = f"{reference}: {escape(spell_class(row.original_predicted))}" if row.flipped else f"{reference}: same name"
    lost = f"{abs(100 * row.lost):.0f} points {'lost' if row.lost >= 0 else 'won'}"
    return f"<small>{before}</small><small>{lost}</small>"


def _share(row: Row) -> str:
    return "" if isnan(row.share) else f"<small>background share {row.share:.0%}</small>"
