"""The grid of attributions: a row for each model, a column for each method; no cell moves while others appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bgbias_core.errors import BgBiasError
from bgbias_core.masks import mask_words
from pages.components.attributing import Asked, Subject, attribution, in_order
from pages.components.presenting import Progress
from pages.components.seen_grid import DOUBT, picture_url

if TYPE_CHECKING:
    from bgbias_core.attribution import Attribution, MethodSpec

Found = dict[tuple[str, str], "Attribution"]
"""Attributions by checkpoint and method."""

_LEVELS = {
    "input": "a map of the picture's pixels",
    "features": "a map of the last feature grid",
    "players": "two numbers: object and background",
}
_ONLY_FILL = (
    "What the mask takes for background is filled before this model sees the picture, so the cells there hold plain "
    "fill and perhaps a part of the object's rim: what they earn, they do not earn for the place."
)
_SHORT = {
    "integrated_gradients": "Each pixel's part in the score, added up on the way from a plain picture to this one.",
    "grad_cam": "Which cells of the last grid speak for the class. Coarse: a cell has seen far more than it covers.",
    "occlusion": "What the score loses when a window is covered.",
    "saliency": "How strongly the score reacts to a tiny change of each pixel: sensitivity, not contribution.",
    "shapley": "What the object and its background each add, from pictures with both, either or neither.",
}


def legend_html() -> str:
    """The colour scale, once for the whole grid."""
    from bgbias_core.attribution import colours

    stops = ", ".join(f"rgb({r} {g} {b})" for r, g, b in colours(np.linspace(-1, 1, 13, dtype=np.float32)))
    return (
        '<div class="scale"><span>−1 against</span>'
        f'<i role="img" aria-label="Colours from blue over white to red" style="background: '
        f'linear-gradient(to right, {stops})"></i><span>+1 for the class</span></div>'
    )


class Grid:
    """Heads, rows and empty cells, drawn at once; cells are filled one after another.

    Args:
        subject: What is explained.
        asked: One for each row.
        methods: The columns.
        opacity: Of the maps over their picture, in [0, 1].
        outline: Whether to draw the object's outline.
    """

    def __init__(
        self, subject: Subject, asked: Sequence[Asked], methods: Sequence[MethodSpec], opacity: float, outline: bool
    ) -> None:
        self.subject, self.asked, self.opacity, self.outline = subject, asked, opacity, outline
        self.remarks: list[str] = []
        self._cells: dict[tuple[str, str], DeltaGenerator] = {}
        # The number of columns is told to the style sheet by the key.
        with st.container(key=f"maps_{len(methods)}"):
            st.html('<div class="map-corner">Model</div>')
            for spec in methods:
                st.html(_head(spec))
            for one in asked:
                st.html(_label(one))
                for spec in methods:
                    cell = self._cells[one.card.name, spec.name] = st.empty()
                    wanted = spec.name in one.methods
                    cell.html(self._frame(one, "waiting …") if wanted else self._frame(one, "not chosen"))
        self._remarks = st.empty()

    def fill(self) -> Found:
        """Compute what was asked for, what is quick first; a cell that is refused says why.

        Returns:
            What was found.
        """
        found: Found = {}
        for one, method in in_order(self.asked):
            key = one.card.name, method
            if not one.target:
                self._cells[key].html(self._frame(one, "no object was found, so it names nothing"))
                continue
            try:
                found[key] = attribution(self.subject, one, method, self._progress(one, method))
            except BgBiasError as error:
                self._cells[key].html(self._frame(one, str(error)))
            else:
                self._show(one, found[key])
        return found

    def _progress(self, one: Asked, method: str) -> Progress:
        cell = self._cells[one.card.name, method]

        def advance(done: int, total: int) -> None:
            cell.html(self._frame(one, "computing …", done / total))

        return advance

    def _frame(self, one: Asked, text: str, done: float | None = None) -> str:
        bar = "" if done is None else f'<span class="bar"><i style="width: {done:.0%}"></i></span>'
        return f'<div class="map"><div class="frame" style="{self._ratio(one)}"><p>{escape(text)}{bar}</p></div></div>'

    def _ratio(self, one: Asked) -> str:
        height, width = self.subject.photograph.image.shape[:2]
        squashed = one.card.preprocessing.rule == "squash"
        return f"aspect-ratio: {width} / {height}" if squashed else "aspect-ratio: 1"

    def _show(self, one: Asked, found: Attribution) -> None:
        from bgbias_core.attribution import METHODS, overlay

        mask = self.subject.object_mask if self.outline and not self.subject.object_mask.empty else None
        picture = overlay(self.subject.photograph.image, found, mask, self.opacity)
        number = ""
        sentence = found.by_identity or (
            _ONLY_FILL if one.card.strategy.hides_background and found.level == "features" else ""
        )
        if sentence:
            if sentence not in self.remarks:
                self.remarks.append(sentence)
                self._remarks.html(_remarks_html(self.remarks))
            number = str(self.remarks.index(sentence) + 1)
        against = "" if found.contrast is None else f" rather than {found.contrast}"
        alt = f"{METHODS[found.method].title} of {one.card.title} for {found.target}{against}"
        self._cells[one.card.name, found.method].html(
            f'<div class="map"><div class="frame" style="{self._ratio(one)}">'
            f'<img src="{picture_url(picture)}" alt="{escape(alt, quote=True)}"></div>'
            f"{figures_html(found, number)}</div>"
        )


def figures_html(found: Attribution, remark: str = "") -> str:
    """The share beside its chance level with a small bar, and what else belongs to the method.

    Args:
        found: An attribution.
        remark: Number of the remark on how far its share is a finding; ``""`` where there is none.
    """
    caution = "read with care"
    if found.by_identity:
        # What is left of a share that is 0 by construction comes from the rim, which resizing and smearing mix.
        caution = "0 by construction" if (found.background_share or 0) < 0.005 else "the rim alone, no finding"
    why = f"<small>{caution}<sup>{escape(remark)}</sup></small>" if remark else ""
    notes = why + "".join(f"<small>{escape(line)}</small>" for line in (_players(found), _steps(found)) if line)
    if found.background_share is None:
        return f'<p class="share">background share {_undefined(found)}</p>{notes}'
    share = f"{found.background_share:.0%}"
    chance = "" if found.chance is None else f" <span>chance {found.chance:.0%}</span>"
    tick = "" if found.chance is None else f'<b style="left: {found.chance:.1%}"></b>'
    bar = f'<div class="bar"><i style="width: {found.background_share:.1%}"></i>{tick}</div>'
    return f'<p class="share">background share <strong>{share}</strong>{chance}</p>{bar}{notes}'


def _undefined(found: Attribution) -> str:
    if found.object_source == "none" or (found.chance is None and found.phi_background is None):
        return "unknown: no object found"
    return "not defined: both too small" if found.chance is None else "not defined: nothing speaks for it"


def _players(found: Attribution) -> str:
    if found.phi_background is None or found.phi_foreground is None:
        return ""
    return f"object {found.phi_foreground:+.2f}, background {found.phi_background:+.2f} log-odds"


def _steps(found: Attribution) -> str:
    if found.error is None:
        return ""
    kept = "" if found.complete else ", more than allowed: read it with care"
    return f"{found.steps:,} steps, completeness error {found.error:.3f} logits{kept}"


def _head(spec: MethodSpec) -> str:
    return (
        f'<div class="map-head"><strong>{escape(spec.title)}</strong><small>{escape(_SHORT[spec.name])}</small>'
        f"<small><em>{_LEVELS[spec.level]}</em></small></div>"
    )


def question(one: Asked) -> str:
    """What is explained, in words."""
    against = "" if one.contrast is None else f" rather than {one.contrast}"
    return f"{one.target or 'nothing'}{against}"


def _label(one: Asked) -> str:
    from bgbias_core.evaluation import is_doubtful

    verdict = one.verdict
    said = f"names it {verdict.name}, {verdict.probabilities[0]:.0%}" if verdict.found else "found no object"
    notes = [mask_words(verdict.mask_source, verdict.masker), said]
    if verdict.found and is_doubtful(one.card, verdict.probabilities[0]):
        notes.append(DOUBT)
    if one.target and (one.target != verdict.name or one.contrast is not None):
        notes.append(f"explained: {question(one)}")
    if one.added:
        notes.append("integrated gradients added: Grad-CAM alone shows the very grid that late masking empties")
    small = "".join(f"<small>{escape(note)}</small>" for note in notes)
    return f'<div class="map-label"><strong>{escape(one.card.title)}</strong>{small}</div>'


def _remarks_html(remarks: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(remark)}</li>" for remark in remarks)
    return f'<ol class="remarks">{lines}</ol>'


def columns(asked: Sequence[Asked], specs: Mapping[str, MethodSpec]) -> list[MethodSpec]:
    """The methods that any row needs, in the order of the registry; one that only some rows need comes last."""
    wanted = {method for one in asked for method in one.methods}
    added = {one.added for one in asked}
    return [spec for name, spec in sorted(specs.items(), key=lambda item: item[0] in added) if name in wanted]
