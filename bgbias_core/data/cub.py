"""CUB-200-2011 in its own layout, whole or any part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NoReturn, TypeVar

from bgbias_core.data.photographs import (
    VALIDATION_SHARE,
    PhotographSet,
    check_classes,
    existing_folder,
    fingerprint_of,
    split_off,
)
from bgbias_core.data.sample import Entry, Split
from bgbias_core.errors import ConfigError

INDEX = "images.txt"
"""The file by which the layout is recognised."""
LICENCE = "research and education only (CUB-200-2011)"

_LABELS, _CLASSES, _SPLITS = "image_class_labels.txt", "classes.txt", "train_test_split.txt"
_TRAINING = {"0": False, "1": True}

Value = TypeVar("Value")


def open_cub(folder: str | Path) -> PhotographSet:
    """List CUB-200-2011, or a part of it, from its index files; no photograph is opened.

    The folder holds ``images.txt``, ``image_class_labels.txt``, ``classes.txt``, ``train_test_split.txt`` and
    ``images/``, and ``segmentations/`` where the masks were unpacked too. Ids may have gaps; a class without
    photographs is left out. CUB's test photographs are ``test``; of its training photographs of each class, one in six
    is ``validation``: the same ones for the same names, whatever else is there. Places are not known.

    CUB's masks hold grey values where its annotators disagreed; every value above 0 is foreground here, as in the
    paper this project follows.

    Args:
        folder: The folder that holds ``images.txt``.

    Raises:
        ConfigError: A file or folder is missing, or a line of an index file cannot be used; names file and line.

    Reference:
        Wah, Branson, Welinder, Perona, Belongie, The Caltech-UCSD Birds-200-2011 Dataset, CNS-TR-2011-001, 2011.
        Masks above 0: Aniraj, Dantas, Ienco, Marcos, Masking Strategies for Background Bias Removal in Computer Vision
        Models, ICCV Workshops 2023.
    """
    root = existing_folder(folder, f"the folder of CUB-200-2011 that holds {INDEX}")
    images, masks = existing_folder(root / "images", "a folder that holds it too"), root / "segmentations"
    names = _names(root / INDEX)
    labels = _labels(root / _CLASSES)
    label_of = _look_up(root / _LABELS, names, labels, f"an id of a class in {_CLASSES}")
    training = _look_up(root / _SPLITS, names, _TRAINING, "1 (training) or 0 (test)")
    classes = tuple(label for label in labels.values() if label in set(label_of.values()))
    check_classes(classes, root)
    splits = _splits(label_of, training)
    entries = tuple(Entry(name, label_of[name], splits[name]) for name in sorted(names.values()))
    given = masks if masks.is_dir() else None
    return PhotographSet(
        name="cub",
        title=f"CUB-200-2011, {len(classes)} species",
        folder=root,
        classes=classes,
        entries=entries,
        images=images,
        masks=given,
        any_foreground=True,
        licence=LICENCE,
        fingerprint=fingerprint_of("cub", classes, entries, images, given),
    )


def _names(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    seen: set[str] = set()
    for number, key, name in _lines(path):
        if key in names:
            _refuse(path, number, f"the id {key} a second time", "a new id for each photograph")
        if name in seen:
            _refuse(path, number, f"'{name}' a second time", "each photograph once")
        if ".." in (way := PurePosixPath(name)).parts or way.is_absolute() or not way.name:
            _refuse(path, number, f"'{name}'", "the path of a photograph below images/")
        names[key] = name
        seen.add(name)
    return names


def _labels(path: Path) -> dict[str, str]:
    """Readable names by id, in the order of the ids: ``001.Black_footed_Albatross`` is ``Black footed Albatross``."""
    labels: dict[str, str] = {}
    for number, key, name in _lines(path):
        label = name.partition(".")[2] if name.partition(".")[0].isdecimal() else name
        label = label.replace("_", " ").strip()
        if not label or key in labels or label in labels.values():
            _refuse(path, number, f"'{key} {name}'", "a new id and a new name for each class")
        labels[key] = label
    return dict(sorted(labels.items(), key=lambda item: int(item[0])))


def _look_up(path: Path, names: Mapping[str, str], values: Mapping[str, Value], expected: str) -> dict[str, Value]:
    """What a file of ids and values says of each photograph, by its name."""
    said: dict[str, Value] = {}
    for number, key, value in _lines(path):
        if value not in values:
            _refuse(path, number, f"'{value}'", expected)
        if key in names:
            said[names[key]] = values[value]
    missing = next((key for key, name in names.items() if name not in said), None)
    if missing is not None:
        raise ConfigError(
            f"{path} says nothing of image {missing}, '{names[missing]}'; it needs one line for every image of {INDEX}."
        )
    return said


def _splits(label_of: Mapping[str, str], training: Mapping[str, bool]) -> dict[str, Split]:
    of_class: dict[str, list[str]] = {}
    for name, label in label_of.items():
        if training[name]:
            of_class.setdefault(label, []).append(name)
    validation = {name for names in of_class.values() for name in split_off(names, VALIDATION_SHARE)}
    return {
        name: "validation" if name in validation else "train" if is_training else "test"
        for name, is_training in training.items()
    }


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
            _refuse(path, number, f"'{line[:80]}'", "an id, a space and a value")
        yield number, str(int(key)), rest.strip()


def _refuse(path: Path, number: int, got: str, expected: str) -> NoReturn:
    raise ConfigError(f"{path}, line {number}: got {got}, expected {expected}; mend the line or unpack the file again.")
