"""Which cases to look at: the model, the condition, and everything that narrows them down; all of it in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.aviary import PLACES
from bgbias_core.masks import mask_words
from bgbias_core.spelling import spell_class
from pages.components.cases import place_title
from pages.components.evaluation_picker import read_evaluation, version_of

if TYPE_CHECKING:
    import pandas as pd

    from bgbias_core.evaluation.failures import Filters, Order
    from bgbias_core.evaluation.parts import Part

_CONDITIONS = {
    "ID": "ID: usual places",
    "OOD": "OOD: random places",
    "all places": "All other places",
    "original": "Original photographs",
    "foreign scene": "Foreign scenes",
    "Mixed-Same": "Backgrounds of their own class",
    "Mixed-Rand": "Backgrounds of other classes",
    "Only-FG": "The object alone on black",
    "Only-BG-B": "The object’s box black",
    "Only-BG-T": "The object’s box tiled with background",
    "No-FG": "The object’s shape black",
    "Noise-FG": "Noise on the object",
    "Noise-BG": "Noise on the background",
}
_MOST_TELLING = ("OOD", "foreign scene", "original")
_REFERENCES = ("ID", "original")
_WRONG, _RIGHT, _ALL = "Wrong", "Right", "All"
_CHANGED, _SAME, _EITHER = "Changed", "Same", "Either"


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen.

    Attributes:
        part: The model and what it looked at.
        condition: How samples were presented.
        rows: All rows of that part and condition.
        filters: What narrows them down.
        rival: Another model that must name the picture otherwise.
        order: How the cases are sorted.
        knows_right: Whether answers can be right or wrong here.
    """

    part: Part
    condition: str
    rows: pd.DataFrame
    filters: Filters
    rival: Part | None
    order: Order
    knows_right: bool

    @property
    def is_reference(self) -> bool:
        """Whether this is the presentation with which the others are compared."""
        return self.condition in _REFERENCES


def part_title(part: Part, among: Sequence[Part]) -> str:
    """A model and what it looked at, as people read it; with its name where two share a title."""
    title = part.about.title
    if any(other.about.title == title and other.about.name != part.about.name for other in among):
        title = f"{title} ({part.about.name})"
    cut = f"; objects cut out with the {part.lifted_by} mask" if part.lifted_by not in {"", part.mask_source} else ""
    return f"{title} · {mask_words(part.mask_source, part.masker)}{cut}"


def choose_cases(name: str) -> Choice:
    """Show the choice of model, condition and filters of an evaluation.

    Raises:
        UnknownNameError: No evaluation has that name.
        EvaluationError: Its file is damaged or of another schema.
    """
    parts = _parts(name, version_of(name))
    titles = {part_title(part, parts): part for part in parts}
    left, right = st.columns([3, 2])
    first = next((number for number, part in enumerate(parts) if part.mask_source == "none"), 0)
    part = titles[left.selectbox("Model and mask", list(titles), index=first, key="model", bind="query-params")]
    conditions = [one for one in _CONDITIONS if (part.table["condition"] == one).any()]
    condition = right.selectbox(
        "Condition",
        conditions,
        index=next((conditions.index(one) for one in _MOST_TELLING if one in conditions), 0),
        format_func=_CONDITIONS.__getitem__,
        key="condition",
        bind="query-params",
        help="How the pictures were presented. ID: places as in training. OOD: the same birds, places at random.",
    )
    rows = part.where(condition)
    knows_right = part.about.same_classes
    known = {"flipped": bool(rows["flipped"].notna().any()), "right": knows_right}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filters = _outcomes(known)
        order = _order(condition, rows, knows_right=knows_right)
    with st.expander("More filters", icon=":material/filter_alt:"):
        filters = _narrow(filters, part)
        others = {title: other for title, other in titles.items() if other is not part}
        rival = st.selectbox(
            "Only where this one names it otherwise",
            list(others),
            index=None,
            placeholder="any model",
            key="rival",
            bind="query-params",
        )
    return Choice(part, condition, rows, filters, others.get(rival or ""), order, knows_right)


@st.cache_resource(max_entries=4, show_spinner=False)
def _parts(name: str, version: int) -> list[Part]:
    from bgbias_core.evaluation.parts import parts

    return parts(read_evaluation(name))


def _outcomes(known: dict[str, bool]) -> Filters:
    from bgbias_core.evaluation.failures import Filters

    right = flipped = None
    if known["right"]:
        answers = st.segmented_control(
            "Answers", [_WRONG, _RIGHT, _ALL], default=_WRONG, required=True, key="answers", bind="query-params"
        )
        right = {_WRONG: False, _RIGHT: True}.get(answers)
    if known["flipped"]:
        named = st.segmented_control(
            "Name, against the reference",
            [_CHANGED, _SAME, _EITHER],
            default=_EITHER if known["right"] else _CHANGED,
            required=True,
            key="names",
            bind="query-params",
            help="The reference is the same bird in its ID place, or the photograph as it was taken.",
        )
        flipped = {_CHANGED: True, _SAME: False}.get(named)
    return Filters(right=right, flipped=flipped)


def _order(condition: str, rows: pd.DataFrame, *, knows_right: bool) -> Order:
    orders: dict[str, Order] = {}
    if condition not in _REFERENCES:
        orders["Probability lost"] = "lost"
    orders["Surest wrong answers" if knows_right else "Surest answers"] = "confidence"
    if rows["phi_background"].notna().any():
        orders["Shapley background share"] = "share"
    orders["Order of the data"] = "data"
    return orders[
        st.selectbox("First come", list(orders), key="sort", bind="query-params", width=240, help=_ORDER_HELP)
    ]


_ORDER_HELP = (
    "Probability lost: how much less the model believes its answer on the reference. Shapley background share: which "
    "part of the decision the background carries, 0 to 100%; computed for the first samples only."
)


def _narrow(filters: Filters, part: Part) -> Filters:
    rows = part.table
    first, second, third = st.columns(3)
    labels = first.multiselect(
        "Class", part.header.classes, format_func=spell_class, key="species", bind="query-params", placeholder="all"
    )
    places = second.multiselect(
        "Place", _listed(rows, "place"), format_func=place_title, key="place", bind="query-params", placeholder="all"
    )
    groups: list[str] = []
    if rows["place_group"].notna().any():
        groups = third.multiselect(
            "Place group", _listed(rows, "place_group"), key="group", bind="query-params", placeholder="all"
        )
    return replace(filters, labels=tuple(labels), places=tuple(places), groups=tuple(groups))


def _listed(rows: pd.DataFrame, column: str) -> list[str]:
    found = set(rows[column].dropna().unique())
    return [*(place for place in PLACES if place in found), *sorted(found - set(PLACES))]


def set_filters(choice: Choice) -> dict[str, Callable[[Choice], Choice]]:
    """Every filter that is set, in words, and what loosens it."""

    def loosened(**changes: object) -> Callable[[Choice], Choice]:
        return lambda one: replace(one, filters=replace(one.filters, **changes))  # type: ignore[arg-type]

    filters, found = choice.filters, {}
    if filters.right is not None:
        found[f"Answers: {_RIGHT if filters.right else _WRONG}"] = loosened(right=None)
    if filters.flipped is not None:
        found[f"Name: {_CHANGED if filters.flipped else _SAME}"] = loosened(flipped=None)
    if filters.labels:
        found[f"Class: {', '.join(map(spell_class, filters.labels))}"] = loosened(labels=())
    if filters.places:
        found[f"Place: {', '.join(map(place_title, filters.places))}"] = loosened(places=())
    if filters.groups:
        found[f"Place group: {', '.join(filters.groups)}"] = loosened(groups=())
    if choice.rival is not None:
        found[f"Named otherwise by {choice.rival.about.title}"] = lambda one: replace(one, rival=None)
    return found


def chosen_rows(choice: Choice) -> pd.DataFrame:
    """The rows that all filters let through, in the chosen order."""
    from bgbias_core.evaluation.failures import in_order, select

    return in_order(select(choice.rows, choice.filters, choice.rival), choice.order)
