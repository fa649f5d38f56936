"""From an object and its scenes to verdicts, computed once and kept in bounded caches; nothing is drawn here.

The library behind it imports PyTorch, which takes seconds; it is imported where it is used, when the page already shows
everything that needs no classifier.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.compositing import Placement
from bgbias_core.images import Image, digest
from bgbias_core.masks import load_masker
from pages.components.loaders import load_checkpoint_cached
from pages.components.mask_editor import Lifted, mask_key
from pages.components.pickers import Photograph
from pages.components.scenes import Scenes

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card

AMOUNTS = tuple(step / 10 for step in range(11))
_AT_ONCE = 4  # amounts computed between two steps of the bar
_PATIENCE = 0.5  # seconds before a bar appears: what is cached should not flicker

Progress = Callable[[int, int], None]


def progress_bar(what: str) -> tuple[Progress, Callable[[], None]]:
    """A bar that appears when the work takes a while, and the function that takes it away."""
    started, place = time.monotonic(), st.empty()

    def advance(done: int, total: int) -> None:
        if time.monotonic() - started > _PATIENCE:
            place.progress(done / total, f"{what} … {done} of {total}")

    return advance, place.empty


def presentations(
    photograph: Photograph, lifted: Lifted, scenes: Scenes, placement: Placement, progress: Progress
) -> list[Presentation]:
    """The original first, then the object on every scene; see ``bgbias_core.evaluation.present``."""
    from bgbias_core.evaluation import ORIGINAL, Presentation

    shown = [Presentation(ORIGINAL, photograph.image, lifted.mask)]
    image_key, object_key = digest(photograph.image), mask_key(lifted)
    for done, (title, scene) in enumerate(scenes.items(), start=1):
        keys = (image_key, object_key, digest(scene), title)
        shown.append(_on_scene(keys, astuple(placement), photograph.image, lifted, scene))
        progress(done, len(scenes))
    return shown


@st.cache_data(max_entries=48, show_spinner=False)
def _on_scene(
    keys: tuple[str, ...], placement: tuple[float, float, float], _image: Image, _lifted: Lifted, _scene: Image
) -> Presentation:
    from bgbias_core.evaluation import present

    _, shown = present(_image, _lifted.mask, {keys[-1]: _scene}, **_options(_lifted, placement))
    return shown


def _options(lifted: Lifted, placement: tuple[float, float, float]) -> dict[str, object]:
    masker = None if lifted.masker is None else load_masker(lifted.masker)
    return {"masker": masker, "box": lifted.box, "feather": lifted.feather, "placement": Placement(*placement)}


def verdicts(card: Card, shown: Sequence[Presentation]) -> list[Verdict]:
    """What a checkpoint says about every presentation; see ``bgbias_core.evaluation.judge``."""
    from pages.components.pictures import fingerprint

    keys = tuple(
        f"{one.name} {digest(one.image)} {one.mask.source} {one.mask.masker} {fingerprint(one.mask.mask)}"
        for one in shown
    )
    return _judged(card.name, card.seal, keys, shown)


@st.cache_data(max_entries=128, show_spinner=False)
def _judged(name: str, seal: str, keys: tuple[str, ...], _shown: Sequence[Presentation]) -> list[Verdict]:
    from bgbias_core.evaluation import judge

    checkpoint, lock = load_checkpoint_cached(name)
    with lock:
        return judge(checkpoint, _shown)


def fade_curves(
    cards: Sequence[Card],
    photograph: Photograph,
    lifted: Lifted,
    scene: Image,
    placement: Placement,
    progress: Progress,
) -> dict[str, list[float] | None]:
    """Probability of each checkpoint's own first answer at every one of ``AMOUNTS``.

    Returns:
        Values in [0, 1] by the checkpoint's name, NaN where it found no object; ``None`` where it found none in the
        original, so that there is no answer to follow.
    """
    keys = (digest(photograph.image), mask_key(lifted), digest(scene))
    checkpoints = tuple((card.name, card.seal) for card in cards)
    curves: dict[str, list[float] | None] = {card.name: [] for card in cards}
    for start in range(0, len(AMOUNTS), _AT_ONCE):
        amounts = AMOUNTS[start : start + _AT_ONCE]
        part = _faded(keys, checkpoints, astuple(placement), amounts, photograph.image, lifted, scene)
        for name, values in part.items():
            known = curves[name]
            curves[name] = None if values is None or known is None else [*known, *values]
        progress(start + len(amounts), len(AMOUNTS))
    return curves


@st.cache_data(max_entries=128, show_spinner=False)
def _faded(
    keys: tuple[str, ...],
    checkpoints: tuple[tuple[str, str], ...],
    placement: tuple[float, float, float],
    amounts: tuple[float, ...],
    _image: Image,
    _lifted: Lifted,
    _scene: Image,
) -> dict[str, list[float] | None]:
    from bgbias_core.evaluation import confidence, judge, present_fade

    shown = present_fade(_image, _lifted.mask, _scene, amounts, **_options(_lifted, placement))
    curves: dict[str, list[float] | None] = {}
    for name, _ in checkpoints:
        checkpoint, lock = load_checkpoint_cached(name)
        with lock:
            answers = judge(checkpoint, shown)
        curves[name] = [float(value) for value in confidence(answers)] if answers[0].found else None
    return curves
