"""Aviary as a data set: arrays rendered once by several processes and kept on disk."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary import PLACES, SPEC_VERSION, SPECIES, Condition, Recipe, Split, draw_recipes, render
from bgbias_core.data.sample import Sample
from bgbias_core.paths import cache_folder, replace_file

Progress = Callable[[int, int], None]

_CHUNK = 40
_FEW_CHUNKS = 4  # fewer are rendered before another process has started
TRAINING_SIZE = 96


@dataclass(frozen=True)
class AviaryQuery:
    """What fixes an Aviary data set to the byte.

    Attributes:
        split: Training, validation or test birds; they share no random numbers.
        n: How many samples.
        condition: Places as in training (``ID``) or uniform (``OOD``).
        correlation: c of the ``ID`` condition.
        size: Side in pixels.
        seed: Another seed gives another data set.
    """

    split: Split
    n: int
    condition: Condition = "ID"
    correlation: float = 0.95
    size: int = TRAINING_SIZE
    seed: int = 0

    @property
    def fingerprint(self) -> str:
        """sha256 over all parameters and the version of the specification."""
        body = json.dumps({**asdict(self), "spec": SPEC_VERSION}, sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()

    def recipes(self) -> list[Recipe]:
        """The recipes of the samples, in order."""
        return draw_recipes(self.split, self.n, condition=self.condition, correlation=self.correlation, seed=self.seed)


@dataclass(frozen=True)
class AviarySet:
    """Rendered samples.

    Attributes:
        query: What was asked for.
        images: uint8 ``[N, S, S, 3]``.
        masks: uint8 ``[N, S, S]``, 1 where the bird covers the whole pixel.
        labels: int64 ``[N]``, index into ``SPECIES``.
        places: int64 ``[N]``, index into ``PLACES``.
    """

    query: AviaryQuery
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    labels: NDArray[np.int64]
    places: NDArray[np.int64]


def load_aviary(query: AviaryQuery, *, workers: int | None = None, progress: Progress | None = None) -> AviarySet:
    """Read a data set from the cache, or render it and keep it there.

    Args:
        query: Which data set.
        workers: Processes that render; all cores by default.
        progress: Called with (samples done, samples in all).
    """
    recipes = query.recipes()
    path = cache_folder() / "aviary" / f"{query.fingerprint[:24]}.npz"
    pixels = _read(path, query)
    if pixels is None:
        pixels = _render_all(recipes, query.size, workers or os.cpu_count() or 1, progress)
        _write(path, *pixels)
    images, masks = pixels
    species, places = list(SPECIES), list(PLACES)
    return AviarySet(
        query,
        images,
        masks,
        np.array([species.index(recipe.species) for recipe in recipes], dtype=np.int64),
        np.array([places.index(recipe.place) for recipe in recipes], dtype=np.int64),
    )


Pixels = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def _read(path: Path, query: AviaryQuery) -> Pixels | None:
    try:
        # Opened here, because NumPy leaves the file open when it is no archive.
        with path.open("rb") as file, np.load(file) as stored:
            images, masks = stored["images"], stored["masks"]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # absent or damaged: it is rendered again
    return (images, masks) if images.shape == (query.n, query.size, query.size, 3) else None


def _write(path: Path, images: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
    with suppress(OSError):  # nothing needs the cache: where it cannot be written, all goes on
        replace_file(path, lambda part: _save(part, images, masks))


def _save(path: Path, images: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
    with path.open("wb") as file:  # given a name, NumPy would add an ending to it
        np.savez(file, images=images, masks=masks)


def _render_all(recipes: Sequence[Recipe], size: int, workers: int, progress: Progress | None) -> Pixels:
    images = np.empty((len(recipes), size, size, 3), np.uint8)
    masks = np.empty((len(recipes), size, size), np.uint8)
    starts = range(0, len(recipes), _CHUNK)
    jobs = [(recipes[start : start + _CHUNK], size) for start in starts]
    if workers == 1 or len(jobs) <= _FEW_CHUNKS:
        _collect(map(_render_chunk, jobs), starts, images, masks, progress)
    else:
        # Spawned, never forked: a fork of a process that runs torch's threads can lock up.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context, initializer=_one_thread) as pool:
            with _without_main():
                rendered = pool.map(_render_chunk, jobs)
            _collect(rendered, starts, images, masks, progress)
    return images, masks


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not run the caller's script again: it may be a page, a notebook or a slow import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _collect(
    rendered: Iterable[Pixels],
    starts: range,
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    progress: Progress | None,
) -> None:
    for start, (some_images, some_masks) in zip(starts, rendered, strict=True):
        stop = start + len(some_images)
        images[start:stop], masks[start:stop] = some_images, some_masks
        if progress is not None:
            progress(stop, len(images))


def _one_thread() -> None:
    cv2.setNumThreads(1)


def _render_chunk(job: tuple[Sequence[Recipe], int]) -> Pixels:
    recipes, size = job
    renderings = [render(recipe, size) for recipe in recipes]
    images = np.stack([rendering.image for rendering in renderings])
    return images, np.stack([rendering.mask.astype(np.uint8) for rendering in renderings])


def aviary_sample(recipe: Recipe, size: int) -> Sample:
    """One Aviary picture as a sample, at any size."""
    rendering = render(recipe, size)
    return Sample(
        name=f"{recipe.species} {recipe.bird_seed}",
        image=rendering.image,
        label=recipe.species,
        mask=rendering.mask,
        place=recipe.place,
        parts=rendering.parts,
        scene=rendering.scene,
    )


def swapped_places(recipe: Recipe) -> dict[str, Recipe]:
    """The same bird in every place, with the same scene seed."""
    return {place: Recipe(recipe.species, recipe.bird_seed, place, recipe.scene_seed, recipe.parts) for place in PLACES}
