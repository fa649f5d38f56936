"""Masks that were found once and are kept on disk, for the very same picture and the very same masker."""

from __future__ import annotations

import hashlib
import inspect
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from bgbias_core.images import Image, digest
from bgbias_core.masks.contract import Box, Masker, MaskResult, NetworkMasker
from bgbias_core.masks.grabcut import Refined
from bgbias_core.paths import cache_folder, replace_file

_AT_ONCE = 64


class KeptMasks:
    """A masker that remembers: what it found in the very same picture before is read and not found again.

    Masks found inside a box are not kept.

    Args:
        masker: What finds masks; the same one with other weights or other code finds them anew.
    """

    def __init__(self, masker: Masker) -> None:
        self.masker = masker
        self.name = masker.name
        self._folder = cache_folder() / "masks" / f"{masker.name}-{masker_key(masker)[:16]}"

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        """Find the object; see :class:`bgbias_core.masks.contract.Masker`.

        Raises:
            ImageError: The image is not RGB, uint8 ``[H, W, 3]``.
            MaskError: The box does not touch the image or has no area.
        """
        return self.masker(image, box=box) if box is not None else self.find_all([image])[0]

    def find_all(self, images: Sequence[Image], progress: Callable[[int, int], None] | None = None) -> list[MaskResult]:
        """Find the object of many images.

        Args:
            images: uint8 ``[H, W, 3]`` each.
            progress: Called with (images done, all of them).

        Raises:
            ImageError: An image is not RGB, uint8 ``[H, W, 3]``.
        """
        results: list[MaskResult] = []
        for start in range(0, len(images), _AT_ONCE):
            results += self._some(images[start : start + _AT_ONCE])
            if progress is not None:
                progress(len(results), len(images))
        return results

    def _some(self, images: Sequence[Image]) -> list[MaskResult]:
        paths = [self._path(image) for image in images]
        results = [self._read(path, image) for path, image in zip(paths, images, strict=True)]
        new = [row for row, result in enumerate(results) if result is None]
        if not new:
            return [result for result in results if result is not None]
        wanted = [images[row] for row in new]
        masker = self.masker
        made = masker.find_all(wanted) if isinstance(masker, NetworkMasker) else [masker(image) for image in wanted]
        for row, result in zip(new, made, strict=True):
            results[row] = result
            with suppress(OSError):  # nothing needs the cache: where it cannot be written, all goes on
                replace_file(paths[row], lambda part, result=result: _write(part, result))  # type: ignore[misc]
        return [result for result in results if result is not None]

    def _path(self, image: Image) -> Path:
        name = digest(image)
        return self._folder / name[:2] / f"{name[2:34]}.npz"

    def _read(self, path: Path, image: Image) -> MaskResult | None:
        try:
            # Opened here, because NumPy leaves the file open when it is no archive.
            with path.open("rb") as file, np.load(file) as stored:
                mask, confidence = stored["mask"], float(stored["confidence"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None  # absent or damaged: it is found again
        if mask.shape != image.shape[:2] or mask.dtype != np.float32:
            return None
        return MaskResult(mask, "predicted", self.name, None if np.isnan(confidence) else confidence)


def _write(path: Path, result: MaskResult) -> None:
    confidence = np.nan if result.confidence is None else result.confidence
    with path.open("wb") as file:  # given a name, NumPy would add an ending to it
        np.savez_compressed(file, mask=result.mask, confidence=np.float64(confidence))


def masker_key(masker: Masker) -> str:
    """sha256 of what fixes a masker's masks beside the image: its weights, its code and OpenCV's."""
    if isinstance(masker, Refined):
        return hashlib.sha256(f"{masker_key(masker.base)}\0{_code(masker)}".encode()).hexdigest()
    weights = masker.fingerprint if isinstance(masker, NetworkMasker) else ""
    return hashlib.sha256(f"{masker.name}\0{weights}\0{_code(masker)}".encode()).hexdigest()


def _code(masker: Masker) -> str:
    return cv2.__version__ + inspect.getsource(inspect.getmodule(type(masker)) or type(masker))
