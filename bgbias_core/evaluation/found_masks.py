"""Predicted masks of many pictures, found once and kept on disk."""

from __future__ import annotations

import hashlib
import inspect
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from bgbias_core.evaluation.run import Progress
from bgbias_core.images import Image, Mask
from bgbias_core.masks import Masker
from bgbias_core.paths import cache_folder, replace_file


def find_masks(masker: Masker, images: Sequence[Image], *, progress: Progress | None = None) -> list[Mask]:
    """Run a masker on pictures of one size, or read what it found in the very same pictures before.

    Args:
        masker: What finds masks; the same one with other code finds them anew.
        images: uint8 ``[S, S, 3]`` each.
        progress: Called with (pictures masked, all of them); at last with all.

    Returns:
        float32 ``[S, S]`` in [0, 1] each; empty where nothing was found.
    """
    if not images:
        return []
    path = cache_folder() / "masks" / f"{_key(masker, images)[:24]}.npz"
    masks = _read(path, len(images))
    if masks is None:
        masks = []
        for done, image in enumerate(images, start=1):
            masks.append(masker(image).mask)
            if progress is not None:
                progress(done, len(images))
        with suppress(OSError):  # nothing needs the cache: where it cannot be written, all goes on
            stacked = np.stack(masks)
            replace_file(path, lambda part: _write(part, stacked))
    elif progress is not None:
        progress(len(images), len(images))
    return masks


def _key(masker: Masker, images: Sequence[Image]) -> str:
    code = inspect.getsource(inspect.getmodule(type(masker)) or type(masker))
    digest = hashlib.sha256(f"{masker.name}\0{cv2.__version__}\0{code}".encode())
    for image in images:
        digest.update(str(image.shape).encode() + image.tobytes())
    return digest.hexdigest()


def _read(path: Path, count: int) -> list[Mask] | None:
    try:
        # Opened here, because NumPy leaves the file open when it is no archive.
        with path.open("rb") as file, np.load(file) as stored:
            masks = stored["masks"]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # absent or damaged: they are found again
    return list(masks) if len(masks) == count else None


def _write(path: Path, masks: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    with path.open("wb") as file:  # given a name, NumPy would add an ending to it
        np.savez_compressed(file, masks=masks)
