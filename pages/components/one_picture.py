"""One picture before several backgrounds: who is asked, what each one sees, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bgbias_core.compositing import IDENTITY
from bgbias_core.errors import BgBiasError
from bgbias_core.images import digest
from bgbias_core.masks import DEFAULT_MASKER, given
from pages.components.cases import Case
from pages.components.evaluation_picker import masker_title
from pages.components.loaders import Task, checkpoint_names, listing, load_checkpoint_cached, show_broken_checkpoints
from pages.components.mask_editor import Lifted, run_masker
from pages.components.pickers import Photograph
from pages.components.pictures import fingerprint
from pages.components.presenting import presentations, progress_bar, verdicts
from pages.components.scenes import Scenes
from pages.components.seen_grid import SeenCell, SeenRow, picture_url, seen_html
from pages.components.verdicts import SAME_PIXELS, plain, sees_same_pixels

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card

_MODELS_KEY: dict[Task, str] = {"species": "bird_models", "imagenet": "photo_models"}
_FAMILIES = {"convnext": "ConvNeXt", "vit": "ViT", "efficientnet": "EfficientNet"}
_FILLED = {
    "black": "background blacked out",
    "mean": "background filled with one colour",
    "blur": "background blurred",
}
_MASKER = masker_title(DEFAULT_MASKER)


def pick_checkpoints(task: Task, case: Case | None) -> list[Card]:
    """Show the choice of classifiers with a button for each family of networks; at first one family's strategies.

    Args:
        task: What they must be able to name.
        case: The chosen case, whose classifier is among the first ones.
    """
    with st.spinner("Looking for the classifiers …"):
        names = checkpoint_names(task)
        cards = listing().cards
    show_broken_checkpoints()
    if not names:
        what = "drawn birds" if task == "species" else "photographs"
        st.warning(
            f"There is no classifier of {what} here; make them with `python -m bgbias_core checkpoints rebuild`.",
            icon=":material/build:",
        )
        return []
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(_family(cards[name]), []).append(name)
    key = _MODELS_KEY[task]
    asked = case.checkpoint if case is not None and case.checkpoint in names else names[0]
    family = families[_family(cards[asked])]
    strategies = {cards[name].strategy.name: name for name in [*reversed(family), asked]}
    chosen = st.multiselect(
        "Classifiers",
        names,
        default=[name for name in family if name in strategies.values()],
        key=key,
        bind="query-params",
        wrap=True,
    )
    if len(families) > 1:
        with st.container(horizontal=True):
            for title, some in {**families, "All": names}.items():
                st.button(title, key=f"{key}_{title}", on_click=_choose, args=(key, some), type="tertiary")
    if not chosen:
        st.info("Choose at least one classifier.")
    return [cards[name] for name in chosen]


def _choose(key: str, names: Sequence[str]) -> None:
    st.session_state[key] = list(names)


def _family(card: Card) -> str:
    backbone = card.architecture.backbone
    return next((title for word, title in _FAMILIES.items() if word in backbone), backbone)


def pick_mask(photograph: Photograph, case: Case | None) -> Lifted:
    """Show the choice between the given mask, where there is one, and the one that a masker finds.

    Args:
        photograph: What the object is on.
        case: The chosen case, whose mask comes first.
    """
    titles = {"predicted": f"Predicted ({_MASKER})"}
    if photograph.mask is not None:
        titles = {"given": "Given", **titles}
    source = st.segmented_control(
        "Mask",
        list(titles),
        default="predicted" if case is not None and case.predicted else next(iter(titles)),
        required=True,
        format_func=titles.__getitem__,
        # Two keys, for a photograph has no given mask and would drop what a bird had chosen.
        key="source" if photograph.mask is None else "bird_source",
        bind="query-params",
        help="Given: exact, from whoever made the picture. Predicted: found in each picture, as in real use.",
    )
    if source == "given" and photograph.mask is not None:
        return Lifted(given(photograph.image, photograph.mask), None, None, 0.0)
    found = run_masker(digest(photograph.image), DEFAULT_MASKER, None, photograph.image)
    return Lifted(found, DEFAULT_MASKER, None, 0.0)


def show_seen(photograph: Photograph, lifted: Lifted, scenes: Scenes, cards: Sequence[Card]) -> None:
    """Ask every classifier about every background, and show the table with the two lines that explain it."""
    with st.spinner("Loading the classifiers …"):
        import bgbias_core.evaluation  # noqa: F401 - it takes seconds the first time
    if not lifted.clear:
        st.warning(
            f"{_MASKER} found no clear object in this picture, so nothing can be put on another background. Take "
            "another picture, or mark the object by hand under Swap backgrounds.",
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
    from bgbias_core.evaluation import ORIGINAL, changed

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
                probability=verdict.probabilities[0] if verdict.found else np.nan,
                changed=None if original else differs,
                right=verdict.name == photograph.label if knows else None,
            )
        )
    return SeenRow(card.title, _mask_words(card, shown[-1]), _sees(card, grid, sees_same_pixels(card, shown)), cells)


def _mask_words(card: Card, shown: Presentation) -> str:
    if not card.strategy.needs_mask:
        return ""
    return "given mask" if shown.mask.source == "given" else f"predicted mask ({_MASKER})"


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
