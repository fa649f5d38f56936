"""Images with masks and no labels: two folders with the same names, as data sets for segmentation come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bgbias_core.data.photographs import existing_folder, fingerprint_of, mask_path
from bgbias_core.data.places import SUFFIXES
from bgbias_core.data.sample import Entry
from bgbias_core.errors import ConfigError
from bgbias_core.images import Image, Mask, check_pair, read_image, read_mask


@dataclass(frozen=True)
class Pairs:
    """Images with masks, listed and not opened.

    Attributes:
        images: The folder of the images.
        masks: The folder of the masks: the same paths, ending in ``.png``.
        names: Paths below ``images``, in the order of their text.
        fingerprint: sha256 over names and sizes in bytes.
    """

    images: Path
    masks: Path
    names: Sequence[str]
    fingerprint: str

    def read(self, name: str) -> tuple[Image, Mask]:
        """Open one pair: uint8 ``[H, W, 3]`` and float32 ``[H, W]``.

        Raises:
            ImageError: A file is missing or cannot be read.
            MaskError: The mask has another size than the image.
        """
        image, mask = read_image(self.images / name), read_mask(mask_path(self.masks, name))
        check_pair(image, mask)
        return image, mask


def open_pairs(images: str | Path, masks: str | Path) -> Pairs:
    """List images and their masks.

    Args:
        images: A folder of images, at any depth; hidden files are passed over.
        masks: The folder of the masks.

    Raises:
        ConfigError: A folder is missing, holds no image, or an image has no mask.
    """
    root = existing_folder(images, "the folder of the images")
    given = existing_folder(masks, "the folder of the masks")
    names = sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not names:
        raise ConfigError(f"No image lies in '{images}'; give the folder that holds them.")
    if missing := [name for name in names if not mask_path(given, name).is_file()]:
        raise ConfigError(
            f"{len(missing):,} of {len(names):,} images have no mask in '{masks}', such as "
            f"'{mask_path(given, missing[0]).relative_to(given)}'; add them, or take those images out."
        )
    entries = [Entry(name, "", "train") for name in names]
    return Pairs(root, given, names, fingerprint_of("pairs", (), entries, root, given))
