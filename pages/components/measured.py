"""What was measured on many birds, from the cards: accuracy at home and elsewhere, and how often the name changes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.masks import mask_words
from pages.components.loaders import listing

if TYPE_CHECKING:
    from bgbias_core.evaluation import Measured
    from bgbias_core.evaluation.matrices import Cell
    from bgbias_core.models import Card, Metric

_COLUMNS = {
    ("accuracy", "ID"): ("Right in the usual places", "accuracy ID: places drawn as in training"),
    ("accuracy", "OOD"): ("Right in random places", "accuracy OOD: the same birds, any place"),
    ("flip rate", "all places"): ("Name changes with the place", "flip rate: each bird in the seven other places"),
}
_IDENTITY = "no rate: it sees the same pixels on every background, so no name can change"


def show_measured(names: Sequence[str]) -> None:
    """Show the measured numbers of these checkpoints, each with its n, its interval and the command behind it.

    Args:
        names: Checkpoints in the order of the rows; repeated and missing ones are passed over.
    """
    cards = listing().cards
    shown = [cards[name] for name in dict.fromkeys(names) if name in cards and cards[name].metrics]
    st.header("Measured on many birds", anchor="measured")
    if not shown:
        st.info(
            "No checkpoint here carries measured numbers yet. This measures one and writes them into its card: "
            "`python -m bgbias_core evaluate --save --checkpoint NAME`"
        )
        return
    st.html(_table(shown))
    st.caption(
        "Bars run from 0 to 100%; the mark across a bar and the two small numbers are the 95% interval; n counts birds."
    )
    commands = dict.fromkeys(metric.command for card in shown for metric in card.metrics)
    with st.expander("Print these numbers again", icon=":material/terminal:"):
        st.code("\n".join(commands), language="bash", wrap_lines=True)


def _table(cards: Sequence[Card]) -> str:
    heads = "".join(
        f'<th scope="col">{escape(title)}<small>{escape(note)}</small></th>' for title, note in _COLUMNS.values()
    )
    rows = "".join(
        _row(card, source) for card in cards for source in dict.fromkeys(m.mask_source for m in card.metrics)
    )
    return (
        '<div class="measured" role="region" tabindex="0" aria-label="Measured accuracy and flip rates"><table>'
        "<caption>Accuracy and flip rate of each model with its 95% interval and number of birds</caption>"
        f'<thead><tr><th scope="col" class="label">Model</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(card: Card, source: str) -> str:
    metrics = [metric for metric in card.metrics if metric.mask_source == source]
    cells = ""
    for measure, condition in _COLUMNS:
        found = [m for m in metrics if m.measure == measure and m.condition == condition]
        identity = measure == "flip rate" and card.strategy.hides_background and source == "given"
        why = _IDENTITY if identity else "not measured"
        cells += figure_cell(found[0]) if found else f"<td><small>{why}</small></td>"
    mask = mask_words(source, next((metric.masker for metric in metrics if metric.masker), ""))
    return f'<tr><th scope="row" class="label">{escape(card.title)}<small>{escape(mask)}</small></th>{cells}</tr>'


def figure_cell(figure: Metric | Measured | Cell, *, unit: str = "%", note: str = "") -> str:
    """A table's cell with a number, its interval and n, a bar from 0 to 100, and a note in small print.

    Args:
        figure: A share in [0, 1], or a difference of shares or an index, whose bar is empty below 0; with a value.
        unit: What stands after the number; ``""`` for an index, which is no share of a hundred.
        note: Shown beneath; ``""`` for none.
    """
    value, low, high = (100 * number for number in (figure.value or 0.0, figure.low or 0.0, figure.high or 0.0))
    start = min(max(low, 0), 99.4)
    bar = (
        f'<span class="bar" aria-hidden="true"><i style="width:{max(value, 0):.1f}%"></i>'
        f'<b style="left:{start:.1f}%;width:{max(high - start, 0.6):.1f}%"></b></span>'
    )
    between = " to " if low < 0 else "–"
    numbers = f"{value:.1f}{unit}", f"{low:.1f}{between}{high:.1f}"
    if not unit:
        numbers = f"{value / 100:.2f}", f"{low / 100:.2f}{between}{high / 100:.2f}"
    said = "<strong>{}</strong> <small>{}, n = {:,}</small>".format(*numbers, figure.n).replace("-", "−")
    return f"<td>{said}{bar}{f'<small>{escape(note)}</small>' if note else ''}</td>"
