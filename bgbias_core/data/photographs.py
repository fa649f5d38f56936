"""Photographs with labels in a folder: what the readers of photographs share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal, NoReturn

import numpy as np

from bgbias_core.data.sample import Entry, Sample
from bgbias_core.errors import ConfigError, ImageError, MaskError
from bgbias_core.images import Image, Mask, check_pair, read_image, read_mask

MaskRule = Literal["as stored", "above 0", "full coverage"]
"""What of a stored mask is foreground: its values as they are, every pixel above 0, or only those that are white."""
VALIDATION_SHARE = 1 / 6
"""Of the training photographs of each class, where the data set names no validation photographs of its own."""


@dataclass(frozen=True)
class Gaps:
    """What an index names only in part.

    Attributes:
        classes: Classes without photographs.
        photographs: Photographs without a class or a split.
    """

    classes: tuple[str, ...] = ()
    photographs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PhotographSet:
    """A :class:`~bgbias_core.data.sample.DataSet` of photographs that lie in one folder.

    Attributes:
        name: Name of its kind in ``DATA_SETS``.
        title: As people read it.
        folder: The folder that was opened.
        classes: Names of the classes.
        entries: All samples; an entry's name is the path of its photograph below ``images``.
        images: The folder of the photographs.
        masks: The folder of the given masks: the same paths, ending in ``.png``; ``None`` where there are none.
        mask_rule: What of a stored mask is foreground.
        licence: Licence of use.
        fingerprint: sha256 over classes, names, labels and splits, and the sizes in bytes of all files; a change that
            keeps a file's size stays unseen.
        gaps: Classes that the folder names but holds no photographs of, and photographs that it names without their
            class or split: those are no entries.
    """

    name: str
    title: str
    folder: Path
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]
    images: Path
    masks: Path | None
    mask_rule: MaskRule
    licence: str
    fingerprint: str
    gaps: Gaps = Gaps()

    @property
    def has_masks(self) -> bool:
        """Whether every sample comes with a given mask."""
        return self.masks is not None

    def read(self, entry: Entry) -> Sample:
        """Open one sample: its photograph, uint8 ``[H, W, 3]``, and its mask, float32 ``[H, W]``, if there are masks.

        Raises:
            ImageError: Its picture is missing or cannot be read.
            MaskError: Its mask is missing, cannot be read or has another size.
        """
        image = read_image(self.images / entry.name)
        mask = None if self.masks is None else self._read_mask(mask_path(self.masks, entry.name), image)
        return Sample(entry.name, image, entry.label, mask, entry.place, place_group=entry.place_group, box=entry.box)

    def _read_mask(self, path: Path, image: Image) -> Mask:
        try:
            mask = read_mask(path)
        except ImageError as error:
            raise MaskError(f"The mask of a photograph cannot be used. {error}") from error
        try:
            check_pair(image, mask)
        except MaskError as error:
            raise MaskError(f"{path}: {error}") from error
        return foreground(mask, self.mask_rule)


def foreground(mask: Mask, rule: MaskRule) -> Mask:
    """What of a stored mask is foreground, float32 ``[H, W]``."""
    if rule == "as stored":
        return mask
    return (mask > 0 if rule == "above 0" else mask == 1).astype(np.float32)


def mask_path(masks: Path, name: str) -> Path:
    """Where the mask of the photograph ``name`` lies: the same path below ``masks``, ending in ``.png``."""
    return (masks / name).with_suffix(".png")


def lies_below(name: str) -> bool:
    """Whether a path that an index names stays below its folder, on every system, and can be a file's.

    >>> lies_below("a/b.jpg"), lies_below("../b.jpg"), lies_below("/b.jpg"), lies_below("C:b.jpg")
    (True, False, False, False)
    """
    return bool(PurePosixPath(name).name) and not any(
        way.anchor or way.drive or ".." in way.parts or "\0" in name
        for way in (PurePosixPath(name), PureWindowsPath(name))
    )


def refuse_line(path: Path, number: int, got: str, expected: str) -> NoReturn:
    """Refuse a line of an index.

    Raises:
        ConfigError: Always; names the file and the line.
    """
    raise ConfigError(f"{path}, line {number}: got {got}, expected {expected}; mend the line or unpack the file again.")


def existing_folder(folder: str | Path, expected: str) -> Path:
    """The path of a folder that is there.

    Raises:
        ConfigError: There is no such folder, or the path cannot be one.
    """
    try:
        path = Path(folder).expanduser()
        there = path.is_dir()
    except (OSError, RuntimeError):  # too long a name; the home folder of nobody
        there = False
    if not there:
        raise ConfigError(f"There is no folder '{folder}'; give the path of {expected}.")
    return path


def check_classes(classes: Sequence[str], folder: Path) -> None:
    """Refuse what no classifier can learn to tell apart.

    Raises:
        ConfigError: There are fewer than two classes.
    """
    if len(classes) < 2:
        found = f"only the class '{classes[0]}'" if classes else "no class"
        raise ConfigError(f"'{folder}' holds photographs of {found}; a data set needs at least two classes.")


def shuffled(names: Iterable[str]) -> list[str]:
    """The names in the order of their sha256: as good as random, and the same whatever order they came in."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def split_off(names: Iterable[str], share: float) -> set[str]:
    """A fixed share of names, rounded; at least one where there are three or more, none of a single one."""
    order = shuffled(names)
    least = 1 if len(order) >= 3 else 0
    return set(order[: max(least, int(share * len(order) + 0.5))]) if len(order) > 1 else set()


def fingerprint_of(
    kind: str, classes: Sequence[str], entries: Sequence[Entry], images: Path, masks: Path | None
) -> str:
    """sha256 over what is listed and over the sizes of the files; a file that is not there has the size -1."""
    digest = hashlib.sha256("\0".join((kind, *classes)).encode())
    for entry in entries:
        sizes = [_size(images / entry.name), -1 if masks is None else _size(mask_path(masks, entry.name))]
        groups = f"\0{entry.place}\0{entry.place_group}" if entry.place_group is not None else ""
        digest.update(f"\n{entry.name}\0{entry.label}\0{entry.split}\0{sizes}{groups}".encode())
    return digest.hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
