"""Waterbirds in both shapes in circulation: beside its images, and inside a folder of CUB-200-2011."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bgbias_core.data import cub
from bgbias_core.data.photographs import (
    PhotographSet,
    check_classes,
    existing_folder,
    fingerprint_of,
    lies_below,
    refuse_line,
)
from bgbias_core.data.places import place_name
from bgbias_core.data.sample import Entry, Split
from bgbias_core.data.validation import sound
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.masks import Box

METADATA = "metadata.csv"
COLUMNS = ("img_id", "img_filename", "y", "split", "place", "place_filename")
"""The columns of ``metadata.csv``, in their order."""
LABELS = ("landbird", "waterbird")
"""What the column ``y`` counts."""
PLACE_GROUPS = ("land", "water")
"""What the column ``place`` counts."""
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
"""What the column ``split`` counts."""

_NEEDED = COLUMNS[1:5]
_MAX_LINE, _FEW = 1000, 4
_PROVENANCE = "provenance.json"

Value = TypeVar("Value")


def open_waterbirds(folder: str | Path, masks: str | Path | None = None, *, check: bool = True) -> PhotographSet:
    """List Waterbirds from its ``metadata.csv``; no photograph is opened.

    Two shapes are read:

    - ``metadata.csv`` beside the images, as in ``waterbird_complete95_forest2water2``: the classes are landbird and
      waterbird, 2 of them, and an entry's group is its class with its place group.
    - A folder of CUB-200-2011 (``images.txt`` and ``classes.txt``) with ``metadata.csv`` in it, whose ``images`` are
      then the composites, or with one folder in it that holds ``metadata.csv`` and the composites: the classes are
      the species, up to 200.

    Splits are those of ``metadata.csv``; places are true ones, from the name of each scene (``ocean``,
    ``forest/broadleaf``), and so is the place group, land or water. Masks are CUB's, because birds are pasted where
    they stood: those in a folder ``segmentations`` in the data set's, where no other is named. Only pixels whose mask
    is white are foreground: the composite shows the scene through all others.

    A set that ``data waterbirds`` made with other place groups says so in its ``provenance.json``: then its groups have
    their names, and so have the two classes that are at home there.

    Args:
        folder: The folder that holds ``metadata.csv``, or the folder of CUB-200-2011 around it.
        masks: CUB's masks: the same paths below this folder, ending in ``.png``.
        check: Whether missing files and labels are refused; otherwise :func:`~bgbias_core.data.check_data` lists them.

    Raises:
        ConfigError: A file or folder is missing, or a line cannot be used; names file and line. Or photographs, masks
            or classes are missing: lists them all together.

    Reference:
        Sagawa, Koh, Hashimoto, Liang, Distributionally Robust Neural Networks for Group Shifts, ICLR 2020. Species as
        classes: Aniraj, Dantas, Ienco, Marcos, Masking Strategies for Background Bias Removal in Computer Vision
        Models, ICCV Workshops 2023.
    """
    root = existing_folder(folder, f"the folder of Waterbirds that holds {METADATA}")
    of_species = (root / cub.INDEX).is_file()
    metadata, images = _find_metadata(root) if of_species else (root / METADATA, root)
    given = root / cub.MASKS if masks is None else existing_folder(masks, "CUB's masks, or leave it out")
    found_masks = given if given.is_dir() else None
    listing = _Listing.of_species(metadata, root) if of_species else _Listing.of_kinds(metadata)
    made_from = _made_from(metadata.parent)
    entries = listing.entries()
    shown = {entry.label for entry in entries}
    classes = tuple(label for label in listing.labels.values() if label in shown)
    check_classes(classes, root)
    data = PhotographSet(
        name="waterbirds",
        title=f"Waterbirds, {len(classes)} {'species' if of_species else 'classes'}",
        folder=root,
        classes=classes,
        entries=entries,
        images=images,
        masks=found_masks,
        mask_rule="full coverage",
        licence=str(made_from.get("licence", cub.LICENCE)),
        fingerprint=fingerprint_of("waterbirds", classes, entries, images, found_masks),
    )
    return sound(data) if check else data


def holds_waterbirds(folder: Path) -> bool:
    """Whether a folder holds Waterbirds' ``metadata.csv``, and no other file of that name."""
    try:
        with (folder / METADATA).open(encoding="utf-8-sig") as file:
            return set(_NEEDED) <= set(file.readline(_MAX_LINE).strip().split(","))
    except (OSError, UnicodeDecodeError):
        return False


def _find_metadata(root: Path) -> tuple[Path, Path]:
    """``metadata.csv`` of a folder of CUB, and the folder of the composites."""
    if (root / METADATA).is_file():
        return root / METADATA, existing_folder(root / "images", "a folder that holds the composites too")
    inside = sorted(path.parent for path in root.glob(f"*/{METADATA}") if holds_waterbirds(path.parent))
    if len(inside) == 1:
        return inside[0] / METADATA, inside[0]
    got = f"it lies in {' and in '.join(repr(path.name) for path in inside)}" if inside else "there is none"
    raise ConfigError(f"'{root}' needs one {METADATA}, in itself or in one folder inside, but {got}; leave one there.")


@dataclass(frozen=True)
class _Listing:
    """What ``metadata.csv`` is read with.

    Attributes:
        metadata: The file.
        species: Whether the label is the species, by the folder of its photographs, and not the column ``y``.
        labels: Classes by what says so in the file, in their order.
        groups: Place groups by what says so in the file.
        boxes: Given boxes by name of the photograph.
    """

    metadata: Path
    species: bool
    labels: Mapping[str, str]
    groups: Mapping[str, str]
    boxes: Mapping[str, Box]

    @classmethod
    def of_species(cls, metadata: Path, root: Path) -> _Listing:
        labels = dict(cub.read_classes(root / cub.CLASSES).values())
        boxes = cub.read_boxes(root, cub.read_names(root / cub.INDEX))
        return cls(metadata, True, labels, _numbered(_place_groups(metadata.parent)), boxes)

    @classmethod
    def of_kinds(cls, metadata: Path) -> _Listing:
        groups = _place_groups(metadata.parent)
        return cls(metadata, False, _numbered(LABELS if groups == PLACE_GROUPS else groups), _numbered(groups), {})

    def entries(self) -> tuple[Entry, ...]:
        """One entry for each line, in the order of their names."""
        found: dict[str, Entry] = {}
        for number, row in _rows(self.metadata):
            entry = self._entry(number, row)
            if entry.name in found:
                refuse_line(self.metadata, number, f"'{entry.name}' a second time", "each photograph once")
            found[entry.name] = entry
        return tuple(found[name] for name in sorted(found))

    def _entry(self, number: int, row: Mapping[str, str]) -> Entry:
        name = row["img_filename"]
        if not lies_below(name):
            refuse_line(self.metadata, number, f"'{name[:80]}'", "the path of a photograph below its folder")
        said, of = (name.split("/")[0], "the folder of a class") if self.species else (row["y"], "y")
        return Entry(
            name,
            self._look_up(number, of, said, self.labels),
            self._look_up(number, "split", row["split"], _numbered(SPLITS)),
            place_name(tuple(row.get("place_filename", "").strip("/").split("/")[:-1])) or None,
            self._look_up(number, "place", row["place"], self.groups),
            self.boxes.get(name),
        )

    def _look_up(self, number: int, column: str, value: str, known: Mapping[str, Value]) -> Value:
        if value not in known:
            expected = " or ".join(known) if len(known) <= _FEW else f"one of the {len(known)} in {cub.CLASSES}"
            refuse_line(self.metadata, number, f"'{value[:80]}' as {column}", expected)
        return known[value]


def _place_groups(folder: Path) -> tuple[str, ...]:
    groups = _made_from(folder).get("groups")
    return tuple(groups) if isinstance(groups, dict) and len(groups) == len(PLACE_GROUPS) else PLACE_GROUPS


def _made_from(folder: Path) -> Mapping[str, Any]:
    """What a set made here says of its making; empty for the published one."""
    try:
        said = json.loads((folder / _PROVENANCE).read_text(encoding="utf-8"))["made_from"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _numbered(values: Sequence[Value]) -> dict[str, Value]:
    return {str(number): value for number, value in enumerate(values)}


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the line and values by column; empty lines are passed over."""
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        missing = [column for column in _NEEDED if column not in (reader.fieldnames or ())]
        if missing:
            raise ConfigError(f"{path} has no column {' and no column '.join(missing)}; it needs {', '.join(COLUMNS)}.")
        for row in reader:
            if None in row or None in row.values():
                refuse_line(path, reader.line_num, f"{_filled(row)} values", f"{len(reader.fieldnames or ())}")
            yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no table of text"
        raise ConfigError(f"{path} cannot be read ({cause}); give a folder of Waterbirds that holds it.") from error


def _filled(row: Mapping[str | None, object]) -> int:
    more = row.get(None)
    return sum(value is not None for key, value in row.items() if key) + (len(more) if isinstance(more, list) else 0)
