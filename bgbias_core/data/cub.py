"""CUB-200-2011 in its own layout, whole or any part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, floor, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bgbias_core.data.photographs import (
    VALIDATION_SHARE,
    Gaps,
    PhotographSet,
    check_classes,
    existing_folder,
    fingerprint_of,
    lies_below,
    refuse_line,
    split_off,
)
from bgbias_core.data.sample import Entry, Split
from bgbias_core.data.validation import sound
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.masks import Box

INDEX = "images.txt"
"""The file by which the layout is recognised."""
LICENCE = "research and education only (CUB-200-2011)"

CLASSES = "classes.txt"
MASKS = "segmentations"

_LABELS, _SPLITS, _BOXES = "image_class_labels.txt", "train_test_split.txt", "bounding_boxes.txt"
_TRAINING = {"0": False, "1": True}

Value = TypeVar("Value")


def open_cub(folder: str | Path, *, check: bool = True) -> PhotographSet:
    """List CUB-200-2011, or a part of it, from its index files; no photograph is opened.

    The folder holds ``images.txt``, ``image_class_labels.txt``, ``classes.txt``, ``train_test_split.txt`` and
    ``images/``, and ``segmentations/`` and ``bounding_boxes.txt`` where those were unpacked too. Ids may have gaps; a
    class without photographs is left out. CUB's test photographs are ``test``; of its training photographs of each
    class, one in six is ``validation``: the same ones for the same names, whatever else is there. Places are not known.

    CUB's masks hold grey values where its annotators disagreed; every value above 0 is foreground here, as in the
    paper this project follows.

    Args:
        folder: The folder that holds ``images.txt``.
        check: Whether missing files and labels are refused; otherwise :func:`~bgbias_core.data.check_data` lists them.

    Raises:
        ConfigError: A file or folder is missing, or a line of an index file cannot be used; names file and line. Or
            photographs, masks or labels are missing: lists them all together.

    Reference:
        Wah, Branson, Welinder, Perona, Belongie, The Caltech-UCSD Birds-200-2011 Dataset, CNS-TR-2011-001, 2011.
        Masks above 0: Aniraj, Dantas, Ienco, Marcos, Masking Strategies for Background Bias Removal in Computer Vision
        Models, ICCV Workshops 2023.
    """
    root = existing_folder(folder, f"the folder of CUB-200-2011 that holds {INDEX}")
    images, masks = existing_folder(root / "images", "a folder that holds it too"), root / MASKS
    names = read_names(root / INDEX)
    labels = {key: label for key, (_, label) in read_classes(root / CLASSES).items()}
    label_of = _look_up(root / _LABELS, names, labels, f"an id of a class in {CLASSES}")
    training = _look_up(root / _SPLITS, names, _TRAINING, "1 (training) or 0 (test)")
    box_of = read_boxes(root, names)
    known = [name for name in sorted(names.values()) if name in label_of and name in training]
    classes = tuple(label for label in labels.values() if label in {label_of[name] for name in known})
    check_classes(classes, root)
    splits = _splits({name: label_of[name] for name in known}, training)
    entries = tuple(Entry(name, label_of[name], splits[name], box=box_of.get(name)) for name in known)
    given = masks if masks.is_dir() else None
    data = PhotographSet(
        name="cub",
        title=f"CUB-200-2011, {len(classes)} species",
        folder=root,
        classes=classes,
        entries=entries,
        images=images,
        masks=given,
        mask_rule="above 0",
        licence=LICENCE,
        fingerprint=fingerprint_of("cub", classes, entries, images, given),
        gaps=Gaps(photographs=tuple(sorted(set(names.values()) - set(known)))),
    )
    return sound(data) if check else data


def read_classes(path: Path) -> dict[str, tuple[str, str]]:
    """Folder and readable name of every class by id, in the order of the ids.

    ``001.Black_footed_Albatross`` is ``Black footed Albatross``.

    Raises:
        ConfigError: The file cannot be read, or a line of it cannot be used.
    """
    classes: dict[str, tuple[str, str]] = {}
    for number, key, name in _lines(path):
        label = name.partition(".")[2] if name.partition(".")[0].isdecimal() else name
        label = label.replace("_", " ").strip()
        if not label or key in classes or label in {other for _, other in classes.values()}:
            refuse_line(path, number, f"'{key} {name}'", "a new id and a new name for each class")
        classes[key] = (name, label)
    return dict(sorted(classes.items(), key=lambda item: int(item[0])))


def read_boxes(root: Path, names: Mapping[str, str]) -> dict[str, Box]:
    """The given boxes of the photographs that have one, by name, in whole pixels around them; none without the file.

    Args:
        root: The folder that may hold ``bounding_boxes.txt``.
        names: The photographs by id.

    Raises:
        ConfigError: A line of ``bounding_boxes.txt`` cannot be used.
    """
    path = root / _BOXES
    if not path.is_file():
        return {}
    return {names[key]: _box(path, number, value) for number, key, value in _lines(path) if key in names}


def _box(path: Path, number: int, value: str) -> Box:
    try:
        left, top, width, height = (float(part) for part in value.split())
    except ValueError:
        left = top = width = height = float("nan")
    if not (all(map(isfinite, (left, top, width, height))) and width > 0 and height > 0):
        refuse_line(path, number, f"'{value[:80]}'", "left, top, width and height in pixels")
    left_edge, top_edge = floor(left), floor(top)
    return left_edge, top_edge, ceil(left + width) - left_edge, ceil(top + height) - top_edge


def read_names(path: Path) -> dict[str, str]:
    """The photographs of ``images.txt`` by id.

    Raises:
        ConfigError: The file cannot be read, or a line of it cannot be used.
    """
    names: dict[str, str] = {}
    seen: set[str] = set()
    for number, key, name in _lines(path):
        if key in names:
            refuse_line(path, number, f"the id {key} a second time", "a new id for each photograph")
        if name in seen:
            refuse_line(path, number, f"'{name}' a second time", "each photograph once")
        if not lies_below(name):
            refuse_line(path, number, f"'{name}'", "the path of a photograph below images/")
        names[key] = name
        seen.add(name)
    return names


def _look_up(path: Path, names: Mapping[str, str], values: Mapping[str, Value], expected: str) -> dict[str, Value]:
    """What a file of ids and values says of photographs, by their names; of some it may say nothing."""
    said: dict[str, Value] = {}
    for number, key, value in _lines(path):
        if value not in values:
            refuse_line(path, number, f"'{value}'", expected)
        if key in names:
            said[names[key]] = values[value]
    return said


def _splits(label_of: Mapping[str, str], training: Mapping[str, bool]) -> dict[str, Split]:
    of_class: dict[str, list[str]] = {}
    for name, label in label_of.items():
        if training[name]:
            of_class.setdefault(label, []).append(name)
    validation = {name for names in of_class.values() for name in split_off(names, VALIDATION_SHARE)}
    return {name: "validation" if name in validation else "train" if training[name] else "test" for name in label_of}


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number of the line, id and the rest of it; empty lines are passed over."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{path} cannot be read ({cause}); give a folder of CUB-200-2011 that holds it.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        key, _, rest = line.strip().partition(" ")
        if not key:
            continue
        if not (key.isascii() and key.isdecimal() and rest.strip()):
            refuse_line(path, number, f"'{line[:80]}'", "an id, a space and a value")
        yield number, str(int(key)), rest.strip()
