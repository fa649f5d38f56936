"""The kinds of data sets by name, and opening one by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bgbias_core.data import aviary, cub, folder, waterbirds
from bgbias_core.data.photographs import PhotographSet, existing_folder
from bgbias_core.errors import ConfigError
from bgbias_core.registry import lookup


class Reader(Protocol):
    """Lists a folder of photographs."""

    def __call__(self, folder: Path, masks: Path | None, *, check: bool) -> PhotographSet:
        """List a folder, given it and the folder of masks, and check that nothing is missing."""


@dataclass(frozen=True)
class DataSpec:
    """A kind of data set.

    Attributes:
        name: Key in ``DATA_SETS``.
        title: As people read it.
        description: What it is and how it must lie in its folder.
        licence: Licence of use.
        takes_masks: Whether its masks may lie in another folder, which must then be named.
        reader: Lists a folder; ``None`` for what is drawn.
    """

    name: str
    title: str
    description: str
    licence: str
    takes_masks: bool
    reader: Reader | None

    @property
    def needs_folder(self) -> bool:
        """Whether it is read from a folder; the Aviary is drawn."""
        return self.reader is not None


DATA_SETS: dict[str, DataSpec] = {
    spec.name: spec
    for spec in (
        DataSpec(
            name="aviary",
            title="Aviary",
            description="The built-in benchmark: drawn birds in drawn places, with exact masks.",
            licence=aviary.LICENCE,
            takes_masks=False,
            reader=None,
        ),
        DataSpec(
            name="cub",
            title="CUB-200-2011",
            description="The folder with images.txt, or any part of the data set in that layout; its masks lie in its "
            "own folder segmentations.",
            licence=cub.LICENCE,
            takes_masks=False,
            reader=lambda folder, masks, *, check: cub.open_cub(folder, check=check),  # noqa: ARG005  # its own folder has them
        ),
        DataSpec(
            name="waterbirds",
            title="Waterbirds",
            description="The folder with metadata.csv and its images (landbirds and waterbirds), or a folder of "
            "CUB-200-2011 with that inside (species); masks are CUB's, in a folder segmentations or another one.",
            licence=cub.LICENCE,
            takes_masks=True,
            reader=waterbirds.open_waterbirds,
        ),
        DataSpec(
            name="folder",
            title="Folder of your own",
            description="One folder of photographs for each class, or folders train, validation and test with one "
            "folder for each class inside; masks as PNG files at the same paths in another folder, or folders "
            "images and masks beside each other.",
            licence=folder.LICENCE,
            takes_masks=True,
            reader=folder.open_folder,
        ),
    )
}


def open_data(
    name: str, folder: str | Path | None = None, masks: str | Path | None = None, *, check: bool = True
) -> PhotographSet:
    """Open a data set of photographs by the name of its kind; no photograph is opened.

    Args:
        name: A name of ``DATA_SETS`` other than ``aviary``.
        folder: Where it lies.
        masks: Where the given masks lie, for kinds that take them from another folder.
        check: Whether missing files and labels are refused; otherwise :func:`~bgbias_core.data.check_data` lists them.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigError: The folder or the masks are missing, are not what the kind needs, or cannot be used; or files or
            labels are missing: lists them all together.
    """
    spec = lookup(DATA_SETS, name, "data set")
    if spec.reader is None:
        raise ConfigError("The Aviary is drawn and lies in no folder; leave the folder out, or name another data set.")
    if folder is None:
        raise ConfigError(f"{spec.title} is read from a folder and none was given; give its path.")
    if masks is not None and not spec.takes_masks:
        raise ConfigError(f"{spec.title} brings its masks in its own folder; leave the folder of masks out.")
    return spec.reader(Path(folder), None if masks is None else Path(masks), check=check)


def recognise(folder: str | Path) -> str:
    """The kind of data set that a folder holds.

    ``waterbirds`` where there is its ``metadata.csv``, else ``cub`` where there is an ``images.txt`` (also when
    Waterbirds lies in a folder inside), else ``folder``.

    Raises:
        ConfigError: There is no such folder.
    """
    root = existing_folder(folder, "a data set")
    if waterbirds.holds_waterbirds(root):
        return "waterbirds"
    return "cub" if (root / cub.INDEX).is_file() else "folder"
