"""Photographs of one's own: one folder a class, with or without a folder for each split above them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from bgbias_core.data.photographs import (
    VALIDATION_SHARE,
    Gaps,
    PhotographSet,
    check_classes,
    existing_folder,
    fingerprint_of,
    shuffled,
    split_off,
)
from bgbias_core.data.places import SUFFIXES
from bgbias_core.data.sample import Entry, Split
from bgbias_core.data.validation import sound
from bgbias_core.errors import ConfigError

LICENCE = "unknown"
MAX_FILES = 2_000_000
"""Files looked at before a folder is refused: somebody gave a whole disk."""

_SPLIT_FOLDERS: dict[str, Split] = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
_TEST_SHARE, _OWN_VALIDATION_SHARE = 0.25, 0.15

_IMAGES, _MASKS = "images", frozenset({"masks", "segmentations"})

_Labelled = dict[str, tuple[str, Split | None]]


def open_folder(folder: str | Path, masks: str | Path | None = None, *, check: bool = True) -> PhotographSet:
    """List a folder of one's own; no photograph is opened.

    Either ``folder/<class>/…``, at any depth below the class, or ``folder/{train,validation,test}/<class>/…`` (``val``
    is read as ``validation``). Without folders for the splits, of each class 60% become ``train``, 15% ``validation``
    and 25% ``test``, at least one each where there are three; with them, and without one for validation, one in six
    of each class's training photographs becomes ``validation``. The same names always fall the same way. Hidden
    files and links to folders are passed over, and so are photographs that lie above the classes.

    A folder that holds nothing but ``images`` and ``masks`` (or ``segmentations``) holds all that in ``images``, and
    the given masks in the other.

    Args:
        folder: The folder that holds the classes or the splits.
        masks: The given masks: the same paths below this folder, ending in ``.png``.
        check: Whether missing masks and labels are refused; otherwise :func:`~bgbias_core.data.check_data` lists them.

    Raises:
        ConfigError: There is no such folder, it cannot be read or holds fewer than two classes; or masks are missing,
            or photographs of a class: lists them all together.
    """
    root = existing_folder(folder, "a folder with one folder of photographs for each class")
    given = None if masks is None else existing_folder(masks, "the folder of the masks, or leave it out")
    images, given = _beside(root, given)
    splits = _split_folders(images, given)
    found: _Labelled = {}
    for name in _photographs(images, given):
        parts = name.split("/")
        if splits and len(parts) > 2:
            found[name] = (parts[1], splits[parts[0]])
        elif not splits and len(parts) > 1:
            found[name] = (parts[0], None)
    classes = tuple(sorted({label for label, _ in found.values()}))
    check_classes(classes, images)
    split_of = _assign(found)
    entries = tuple(Entry(name, found[name][0], split_of[name]) for name in sorted(found))
    above = [images / split for split in splits] or [images]
    named = {name for place in above for name in _folders(place) if not _is_same(place / name, given)}
    data = PhotographSet(
        name="folder",
        title=root.resolve().name,
        folder=root,
        classes=classes,
        entries=entries,
        images=images,
        masks=given,
        mask_rule="as stored",
        licence=LICENCE,
        fingerprint=fingerprint_of("folder", classes, entries, images, given),
        gaps=Gaps(classes=tuple(sorted(named - set(classes)))),
    )
    return sound(data) if check else data


def _beside(root: Path, masks: Path | None) -> tuple[Path, Path | None]:
    """The folders of photographs and of masks, where both lie in one folder and nothing else does."""
    folders = set(_folders(root))
    (other,) = rest if len(rest := folders - {_IMAGES}) == 1 and _IMAGES in folders else ("",)
    if other in _MASKS and (masks is None or _is_same(root / other, masks)):
        return root / _IMAGES, root / other
    return root, masks


def _split_folders(root: Path, masks: Path | None) -> dict[str, Split]:
    """The folders that are splits and not classes; empty where the first level holds the classes."""
    folders = [name for name in _folders(root) if not _is_same(root / name, masks)]
    named = {name: _SPLIT_FOLDERS[name] for name in folders if name in _SPLIT_FOLDERS}
    if len(named) < 2 and len(named) < len(folders):
        return {}  # one class may well be called train
    if odd := [name for name in folders if name not in named]:
        raise ConfigError(
            f"Beside {' and '.join(named)}, '{root}' holds the folder '{odd[0]}', which is no split; "
            "move it elsewhere, or give it as the folder of the masks."
        )
    return named


def _folders(root: Path) -> list[str]:
    try:
        with os.scandir(root) as listed:
            return sorted(found.name for found in listed if _is_own_folder(found))
    except OSError as error:
        _refuse(error)


def _is_own_folder(found: os.DirEntry[str]) -> bool:
    return found.is_dir(follow_symlinks=False) and not found.name.startswith(".")


def _is_same(path: Path, masks: Path | None) -> bool:
    return masks is not None and path.resolve() == masks.resolve()


def _photographs(root: Path, masks: Path | None) -> Iterator[str]:
    """Paths below ``root``, with slashes; plain strings, because there may be very many."""
    seen = 0
    for current, folders, files in os.walk(root, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".") and not _is_same(Path(current, name), masks)]
        seen += len(files)
        if seen > MAX_FILES:
            raise ConfigError(
                f"'{root}' holds more than {MAX_FILES:,} files; give the folder that holds the classes themselves."
            )
        above = Path(current).relative_to(root).as_posix()
        for name in files:
            if os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith("."):  # noqa: PTH122 - quicker
                yield _readable(name if above == "." else f"{above}/{name}")


def _readable(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"The name of the file {name!a} is not UTF-8; rename it, or take it out.") from None
    return name


def _refuse(error: OSError) -> NoReturn:
    raise ConfigError(
        f"The folder '{error.filename}' cannot be read ({error.strerror}); choose another folder."
    ) from error


def _assign(found: _Labelled) -> dict[str, Split]:
    known: dict[str, Split] = {name: split for name, (_, split) in found.items() if split is not None}
    of_class: dict[str, list[str]] = {}
    for name, (label, split) in found.items():
        if split in {None, "train"}:
            of_class.setdefault(label, []).append(name)
    if not known:
        return {name: split for names in of_class.values() for name, split in _three_ways(names).items()}
    if "validation" in known.values():
        return known
    validation = {name for names in of_class.values() for name in split_off(names, VALIDATION_SHARE)}
    return {name: "validation" if name in validation else split for name, split in known.items()}


def _three_ways(names: list[str]) -> Mapping[str, Split]:
    test = split_off(names, _TEST_SHARE)
    rest = [name for name in shuffled(names) if name not in test]
    validation = max(1, int(_OWN_VALIDATION_SHARE * len(names) + 0.5)) if len(names) >= 3 else 0
    splits: dict[str, Split] = dict.fromkeys(test, "test")
    splits |= dict.fromkeys(rest[:validation], "validation")
    return splits | dict.fromkeys(rest[validation:], "train")
