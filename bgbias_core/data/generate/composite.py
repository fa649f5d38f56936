"""One picture of Waterbirds: the published arithmetic, and reading and writing it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image

from bgbias_core.compositing import fit_scene
from bgbias_core.errors import ImageError, MaskError
from bgbias_core.images import Image, Mask, check_pair, read_image, read_mask
from bgbias_core.paths import replace_file


@dataclass(frozen=True)
class CompositeJob:
    """One picture to make.

    Attributes:
        photograph: The photograph with the object.
        mask: The object's mask.
        scene: The photograph of a place.
        out: The file to write; the ending of its name says its format.
        mask_out: Where the mask is copied to.
    """

    photograph: Path
    mask: Path
    scene: Path
    out: Path
    mask_out: Path


def paste(image: Image, mask: Mask, scene: Image) -> Image:
    """Paste an object on a scene as Waterbirds does: ``uint8(around(img·m)) + uint8(around(bg·(1 − m)))``.

    Args:
        image: RGB, uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in 256 steps of [0, 1], as a mask of 8 bits is read.
        scene: RGB, uint8 of any size; brought to the photograph's by :func:`~bgbias_core.compositing.fit_scene`.

    Returns:
        uint8 ``[H, W, 3]``, identical to what the published program computes in double precision.

    Raises:
        ImageError: The image or the scene is none, or the scene is too narrow.
        MaskError: The mask does not belong to the image.

    Reference: Sagawa et al. 2020, group_DRO, ``dataset_scripts/dataset_utils.py`` (combine_and_mask).
    """
    check_pair(image, mask)
    pasted = fit_scene(scene, *mask.shape)
    # Where the mask is 0 or 1, both products are whole already; only the object's soft rim takes arithmetic.
    np.copyto(pasted, image, where=(mask == 1)[..., None])
    soft = (mask > 0) & (mask < 1)
    share = np.rint(mask[soft].astype(np.float64) * 255)[:, None] / 255
    foreground = np.around(image[soft] * share).astype(np.uint8)
    pasted[soft] = foreground + np.around(pasted[soft] * (1 - share)).astype(np.uint8)
    return pasted


def make_composites(jobs: Sequence[CompositeJob]) -> int:
    """Make pictures and write each whole or not at all, after the copy of its mask; returns how many.

    Raises:
        ImageError: A photograph or a scene cannot be read; names it.
        MaskError: A mask cannot be read or has another size; names its photograph.
        OSError: A file cannot be written.
    """
    for job in jobs:
        _make(job)
    return len(jobs)


def _make(job: CompositeJob) -> None:
    image, scene = read_image(job.photograph), read_image(job.scene)
    try:
        pasted = PIL.Image.fromarray(paste(image, read_mask(job.mask), scene))
    except (ImageError, MaskError) as error:
        raise type(error)(f"{job.photograph} on {job.scene}: {error}") from error
    replace_file(job.mask_out, lambda part: shutil.copyfile(job.mask, part))
    # The name while it is written has another ending, so the format is said.
    form = PIL.Image.registered_extensions()[job.out.suffix.lower()]
    replace_file(job.out, lambda part: pasted.save(part, form))
