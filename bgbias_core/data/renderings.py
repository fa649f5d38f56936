"""Aviary pictures as arrays: rendered once by several processes and kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary import SPEC_VERSION, Recipe, render
from bgbias_core.data.workers import in_processes
from bgbias_core.paths import cache_folder, replace_file

Progress = Callable[[int, int], None]
Pixels = tuple[NDArray[np.uint8], NDArray[np.uint8]]

_CHUNK = 40
_FEW_CHUNKS = 4  # fewer are rendered before another process has started


def load_recipes(
    recipes: Sequence[Recipe], size: int, *, workers: int | None = None, progress: Progress | None = None
) -> Pixels:
    """Read the pictures of recipes from the cache, or draw them and keep them there.

    Args:
        recipes: What to draw; any list, in any order.
        size: Side S in pixels. The cache takes 4·S² bytes for each recipe.
        workers: Processes that render; all cores by default.
        progress: Called with (pictures done, pictures in all).

    Returns:
        Images, uint8 ``[N, S, S, 3]``, and masks, uint8 ``[N, S, S]``, 1 where the bird covers the whole pixel.

    Raises:
        UnknownNameError: A species or a place is not known.
    """
    path = _path(recipes, size)
    pixels = _read(path, len(recipes), size)
    if pixels is None:
        pixels = _render_all(recipes, size, workers or os.cpu_count() or 1, progress)
        _write(path, *pixels)
    return pixels


def is_rendered(recipes: Sequence[Recipe], size: int) -> bool:
    """Whether the pictures of recipes lie in the cache."""
    return _path(recipes, size).is_file()


def _path(recipes: Sequence[Recipe], size: int) -> Path:
    return cache_folder() / "aviary" / f"{_key(recipes, size)[:24]}.npz"


def _key(recipes: Sequence[Recipe], size: int) -> str:
    """sha256 over every recipe, the size and the version of the specification."""
    body = json.dumps([SPEC_VERSION, size, [asdict(recipe) for recipe in recipes]], sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()


def _read(path: Path, n: int, size: int) -> Pixels | None:
    try:
        # Opened here, because NumPy leaves the file open when it is no archive.
        with path.open("rb") as file, np.load(file) as stored:
            images, masks = stored["images"], stored["masks"]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # absent or damaged: it is rendered again
    return (images, masks) if images.shape == (n, size, size, 3) else None


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
    rendered = in_processes(_render_chunk, jobs, 1 if len(jobs) <= _FEW_CHUNKS else workers)
    _collect(rendered, starts, images, masks, progress)
    return images, masks


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


def _render_chunk(job: tuple[Sequence[Recipe], int]) -> Pixels:
    recipes, size = job
    renderings = [render(recipe, size) for recipe in recipes]
    images = np.stack([rendering.image for rendering in renderings])
    return images, np.stack([rendering.mask.astype(np.uint8) for rendering in renderings])
