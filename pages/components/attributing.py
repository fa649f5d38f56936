"""Attributions of one picture: what is asked, in which order it is computed, and what is kept; nothing is drawn here.

PyTorch and Captum take seconds to import, so the library is imported where it is used.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
import streamlit as st

from bgbias_core.images import Image, digest
from bgbias_core.masks import Box, Masker, MaskResult, given, load_masker
from pages.components.loaders import load_checkpoint_cached
from pages.components.mask_editor import Lifted, mask_key
from pages.components.pickers import Photograph
from pages.components.pictures import fingerprint
from pages.components.presenting import Progress, verdicts
from pages.components.scenes import Scenes

if TYPE_CHECKING:
    from bgbias_core.attribution import Attribution
    from bgbias_core.evaluation import Coalitions, Verdict
    from bgbias_core.models import Card

T = TypeVar("T")

NAMED, NOBODY, SECOND = "What each one names", "Nobody", "Its own second name"
"""Choices of a class that are none: each model's first name, no contrast, each model's second name."""
METHOD_TITLES = {
    "integrated_gradients": "Integrated gradients",
    "grad_cam": "Grad-CAM",
    "occlusion": "Occlusion",
    "saliency": "Saliency",
    "shapley": "Two-player Shapley",
}
"""As the library's registry, whose import takes seconds."""
INPUT_METHODS = ("integrated_gradients", "occlusion", "saliency")
_QUICK_FIRST = ("saliency", "grad_cam", "shapley", "occlusion", "integrated_gradients")
_MOST_MAPS = 192  # of at most 256 pixels a side: together 50 MB
_MOST_COALITIONS = 4  # of 18 pictures and masks: together 300 MB at most for usual photographs
_BETWEEN = 0.25  # seconds between two signs of life


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained.

    Attributes:
        photograph: The picture.
        lifted: The mask that masked checkpoints look at.
        scenes: What two-player Shapley puts the object of a photograph on; a drawn bird has its own.
    """

    photograph: Photograph
    lifted: Lifted
    scenes: Scenes

    @property
    def mask(self) -> MaskResult:
        """What masked checkpoints look at; empty where there is no clear object."""
        found = self.lifted.mask
        return found if self.lifted.clear else MaskResult(np.zeros_like(found.mask), found.source, found.masker)

    @property
    def object_mask(self) -> MaskResult:
        """What shares are measured against: the given mask where there is one, also for a predicted one's maps."""
        if self.photograph.mask is None or self.lifted.masker is None:
            return self.mask
        return given(self.photograph.image, self.photograph.mask)


@dataclass(frozen=True, eq=False)
class Asked:
    """What one checkpoint is asked.

    Attributes:
        card: The checkpoint.
        verdict: What it names the picture.
        target: The class that is explained.
        contrast: The class that it is explained against, or ``None``.
        methods: The methods, in the order of the page.
        added: A method that was added for this checkpoint alone, or ``""``.
    """

    card: Card
    verdict: Verdict
    target: str
    contrast: str | None
    methods: tuple[str, ...]
    added: str = ""


def ask(card: Card, subject: Subject, target: str, contrast: str, methods: Sequence[str]) -> Asked:
    """Find out what a checkpoint names the picture and settle what is to be explained.

    Args:
        card: The checkpoint.
        subject: The picture and its mask.
        target: A class or ``NAMED``.
        contrast: A class, ``NOBODY`` or ``SECOND``: the most probable class that is not the target.
        methods: Names of methods. Where late masking would get none but a map of the very grid that it masks,
            integrated gradients are added.
    """
    from bgbias_core.evaluation import ORIGINAL, Presentation

    verdict = verdicts(card, [Presentation(ORIGINAL, subject.photograph.image, subject.mask)])[0]
    wanted = (verdict.names[0] if verdict.found else "") if target == NAMED else target
    against = {NOBODY: None, SECOND: next((name for name in verdict.names if name != wanted), None)}
    late_alone = (
        card.strategy.name == "late" and "grad_cam" in methods and not any(one in methods for one in INPUT_METHODS)
    )
    added = "integrated_gradients" if late_alone else ""
    return Asked(
        card, verdict, wanted, against.get(contrast, contrast), (*methods, added) if added else tuple(methods), added
    )


def in_order(asked: Sequence[Asked]) -> list[tuple[Asked, str]]:
    """Every attribution that was asked for, those that take long last."""
    pairs = [(one, method) for one in asked for method in one.methods]
    return sorted(pairs, key=lambda pair: _QUICK_FIRST.index(pair[1]))


def attribution(subject: Subject, asked: Asked, method: str, progress: Progress) -> Attribution:
    """Compute an attribution, or take it from those that were kept for all sessions.

    Args:
        subject: The picture.
        asked: The checkpoint and the classes.
        method: A name of ``METHODS``.
        progress: Told of the passes now and then. It may cancel by raising, as a rerun does when it draws something.

    Raises:
        BgBiasError: The library refuses.
    """
    from bgbias_core.attribution import attribute

    image = subject.photograph.image
    key = (
        asked.card.name,
        asked.card.seal,
        method,
        asked.target,
        asked.contrast or "",
        digest(image),
        f"{mask_key(subject.lifted)} {fingerprint(subject.object_mask.mask)}",
        *(_scene_keys(subject) if method == "shapley" else ()),
    )
    kept = _kept()
    if (found := kept.get(key)) is not None:
        return found
    progress(0, 1)
    coalitions = _coalitions(subject, progress) if method == "shapley" and subject.lifted.clear else None
    checkpoint, lock = load_checkpoint_cached(asked.card.name)
    with _held(lock, lambda: progress(0, 1)):
        found = attribute(
            checkpoint,
            image,
            subject.mask,
            method,
            target=asked.target,
            contrast=asked.contrast,
            object_mask=subject.object_mask,
            coalitions=coalitions,
            progress=_now_and_then(progress),
        )
    kept.put(key, found)
    return found


@contextmanager
def _held(lock: threading.Lock, wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock; whoever waits for it can still be cancelled by ``wait`` raising."""
    while not lock.acquire(timeout=_BETWEEN):
        wait()
    try:
        yield
    finally:
        lock.release()


def _now_and_then(progress: Progress) -> Progress:
    last = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _BETWEEN:
            last = time.monotonic()
            progress(done, total)

    return advance


class _Kept(Generic[T]):
    """The last results. Streamlit's own caches refuse functions that show their progress."""

    def __init__(self, most: int) -> None:
        self._lock, self._most = threading.Lock(), most
        self._found: OrderedDict[tuple[str, ...], T] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> T | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: tuple[str, ...], found: T) -> None:
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)


@st.cache_resource(max_entries=1, show_spinner=False)
def _kept() -> _Kept[Attribution]:
    return _Kept(_MOST_MAPS)


@st.cache_resource(max_entries=1, show_spinner=False)
def _kept_coalitions() -> _Kept[Coalitions]:
    return _Kept(_MOST_COALITIONS)


def _scene_keys(subject: Subject) -> tuple[str, ...]:
    own = () if subject.photograph.bird else tuple(digest(scene) for scene in subject.scenes.values())
    return (digest(subject.photograph.image), mask_key(subject.lifted), *own)


def _coalitions(subject: Subject, progress: Progress) -> Coalitions:
    from bgbias_core.evaluation import aviary_coalitions, photograph_coalitions

    key, kept = _scene_keys(subject), _kept_coalitions()
    if (found := kept.get(key)) is not None:
        return found
    photograph, lifted = subject.photograph, subject.lifted
    masker = None if lifted.masker is None else _Watched(load_masker(lifted.masker), progress)
    if photograph.bird is None:
        scenes = list(subject.scenes.values())
        made = photograph_coalitions(photograph.image, lifted.mask, scenes, masker=masker, box=lifted.box)
    else:
        source: Literal["given", "predicted"] = "given" if masker is None else "predicted"
        made = aviary_coalitions(photograph.bird, photograph.image.shape[0], source=source, masker=masker)
    kept.put(key, made)
    return made


class _Watched:
    """A masker that shows its progress before each picture, which is also when it can be cancelled."""

    def __init__(self, masker: Masker, progress: Progress) -> None:
        from bgbias_core.evaluation.run import SHAPLEY_PICTURES

        self._masker, self._progress, self._done, self._pictures = masker, progress, 0, SHAPLEY_PICTURES

    @property
    def name(self) -> str:
        return self._masker.name

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        self._progress(min(self._done, self._pictures), self._pictures)
        self._done += 1
        return self._masker(image, box=box)
