"""One picture before several backgrounds: who is asked, what each one sees, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bgbias_core.compositing import IDENTITY
from bgbias_core.errors import BgBiasError
from bgbias_core.images import digest
from bgbias_core.masks import mask_words, masker_title
from pages.components.loaders import load_checkpoint_cached
from pages.components.mask_editor import Lifted
from pages.components.pickers import Photograph
from pages.components.pictures import fingerprint
from pages.components.presenting import presentations, progress_bar, verdicts
from pages.components.scenes import Scenes
from pages.components.seen_grid import SeenCell, SeenRow, picture_url, seen_html
from pages.components.verdicts import SAME_PIXELS, plain, sees_same_pixels

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card

_FILLED = {
    "black": "background blacked out",
    "mean": "background filled with one colour",
    "blur": "background blurred",
}


def show_seen(photograph: Photograph, lifted: Lifted, scenes: Scenes, cards: Sequence[Card]) -> None:
    """Ask every classifier about every background, and show the table with the two lines that explain it."""
    with st.spinner("Loading the classifiers …"):
        import bgbias_core.evaluation  # noqa: F401 - it takes seconds the first time
    if not lifted.clear:
        st.warning(
            f"{masker_title(lifted.mask.masker)}: no clear object found in this picture, so nothing can be put on "
            "another background. Take another picture, or mark the object by hand under Swap backgrounds.",
            icon=":material/search_off:",
        )
        scenes = {}
    advance, clear = progress_bar("Putting the object on the backgrounds")
    shown = presentations(photograph, lifted, scenes, IDENTITY, advance)
    clear()
    rows: list[SeenRow] = []
    advance, clear = progress_bar("Asking the classifiers")
    for done, card in enumerate(cards, start=1):
        try:
            rows.append(_row(photograph, card, shown, verdicts(card, shown)))
        except BgBiasError as error:
            st.error(str(error), icon=":material/build:")
        advance(done, len(cards))
    clear()
    if not rows:
        return
    heads = ["Original", *scenes]
    st.html(seen_html(heads, rows, f"{photograph.title}: what each classifier sees on each background, and its answer"))
    known = any(cell.right is not None for row in rows for cell in row.cells)
    label = "" if photograph.label is None or not known else f" · *right*, *wrong*: it is a {plain(photograph.label)}"
    st.caption(f"✓ the same name as on the original · ✗ another name{label} · n = 1 picture, no measurement")
    st.markdown(
        "**Early** masking fills the background before the network looks: only what the mask lets through can still "
        "tell the place.  \n"
        "**Late** masking comes after: the features are computed from the *whole* picture, and only then is each cell "
        "of their grid weighed by the mask. Dark cells hardly count, but bright ones have looked at their surroundings."
    )


def _row(photograph: Photograph, card: Card, shown: Sequence[Presentation], said: Sequence[Verdict]) -> SeenRow:
    from bgbias_core.evaluation import ORIGINAL, changed, is_doubtful

    urls, grid = _seen(card.name, card.seal, _keys(shown), shown)
    cells = []
    for one, verdict, url, differs in zip(shown, said, urls, changed(said), strict=True):
        original = one.name == ORIGINAL
        knows = photograph.label in card.classes
        cells.append(
            SeenCell(
                url=url,
                alt=f"{photograph.title}, {'original' if original else one.name}, as {card.title} sees it",
                name=verdict.names[0] if verdict.found else "",
                doubtful=verdict.found and is_doubtful(card, verdict.probabilities[0]),
                probability=verdict.probabilities[0] if verdict.found else np.nan,
                changed=None if original else differs,
                right=verdict.name == photograph.label if knows else None,
            )
        )
    return SeenRow(card.title, _mask_words(card, shown[-1]), _sees(card, grid, sees_same_pixels(card, shown)), cells)


def _mask_words(card: Card, shown: Presentation) -> str:
    if not card.strategy.needs_mask:
        return ""
    return mask_words(shown.mask.source, shown.mask.masker)


def _sees(card: Card, grid: tuple[int, int] | None, same: bool) -> str:
    if card.strategy.name == "unmasked":
        return "sees the whole picture"
    if grid is not None:
        rest = "; its class token is not masked" if "cls" in card.architecture.pooling else ""
        return f"background removed from its {grid[0]}×{grid[1]} grid of features{rest}"
    if same:
        return SAME_PIXELS
    return _FILLED[card.strategy.fill]


def _keys(shown: Sequence[Presentation]) -> tuple[str, ...]:
    return tuple(f"{digest(one.image)} {fingerprint(one.mask.mask)}" for one in shown)


@st.cache_data(max_entries=64, show_spinner=False)
def _seen(
    name: str, seal: str, keys: tuple[str, ...], _shown: Sequence[Presentation]
) -> tuple[list[str], tuple[int, int] | None]:
    """What a checkpoint sees of every presentation, and the grid that it masks where it masks features."""
    from bgbias_core.evaluation.seen import masked_grid, what_it_sees

    checkpoint, lock = load_checkpoint_cached(name)
    with lock:
        return [picture_url(what_it_sees(checkpoint, one)) for one in _shown], masked_grid(checkpoint)
