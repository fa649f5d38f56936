"""Whether a data set of photographs is sound: everything that is wrong with it, found and said together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bgbias_core.data.photographs import PhotographSet, foreground, mask_path
from bgbias_core.data.sample import Entry
from bgbias_core.data.workers import in_processes
from bgbias_core.errors import ConfigError, ImageError
from bgbias_core.images import read_image, read_mask

FaultKind = Literal[
    "class without photographs",
    "class without training photographs",
    "photograph without label",
    "missing photograph",
    "missing mask",
    "unreadable photograph",
    "unreadable mask",
    "mask of another size",
    "empty mask",
]
_SAID: dict[FaultKind, tuple[str, str]] = {
    "class without photographs": ("class has no photographs", "classes have no photographs"),
    "class without training photographs": (
        "class has no photographs to train on",
        "classes have no photographs to train on",
    ),
    "photograph without label": (
        "photograph is listed without its class or split",
        "photographs are listed without their class or split",
    ),
    "missing photograph": ("photograph is missing", "photographs are missing"),
    "missing mask": ("photograph has no mask", "photographs have no mask"),
    "unreadable photograph": ("photograph cannot be read", "photographs cannot be read"),
    "unreadable mask": ("mask cannot be read", "masks cannot be read"),
    "mask of another size": (
        "mask has another size than its photograph",
        "masks have another size than their photographs",
    ),
    "empty mask": ("mask marks nothing", "masks mark nothing"),
}
NAMED = 10
"""How many of each kind a sentence names."""
_CHUNK = 100
_FEW_CHUNKS = 4  # fewer are read before another process has started


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: What is wrong.
        name: The class, or the photograph by its entry's name.
        detail: What reading it said; empty where there is nothing to add.
    """

    kind: FaultKind
    name: str
    detail: str = ""


@dataclass(frozen=True)
class Faults:
    """What is wrong with a data set; nothing, where ``found`` is empty.

    Attributes:
        folder: The data set's folder.
        photographs: How many photographs were looked at.
        opened: Whether they and their masks were opened, or only looked for.
        found: All faults, kind by kind.
    """

    folder: str
    photographs: int
    opened: bool
    found: tuple[Fault, ...] = ()

    @property
    def counts(self) -> dict[FaultKind, int]:
        """How many there are of each kind that occurs."""
        kinds = [fault.kind for fault in self.found]
        return {kind: kinds.count(kind) for kind in _SAID if kind in kinds}

    def sentence(self) -> str:
        """One sentence: the count and the first ten of each kind; or that all is well."""
        if not self.found:
            looked = "can be read, and so can the masks given with them" if self.opened else "are there"
            return f"'{self.folder}' is sound: all {self.photographs:,} photographs {looked}."
        said = "; ".join(self._say(kind, count) for kind, count in self.counts.items())
        return f"'{self.folder}' is not sound: {said}. Add, mend or take out what is named, then open it again."

    def refuse(self) -> None:
        """Do nothing where all is well.

        Raises:
            ConfigError: Something is wrong; the message is the sentence.
        """
        if self.found:
            raise ConfigError(self.sentence())

    def _say(self, kind: FaultKind, count: int) -> str:
        first = [f"'{fault.name}'" for fault in self.found if fault.kind == kind][:NAMED]
        rest = f" and {count - NAMED:,} more" if count > NAMED else ""
        return f"{count:,} {_SAID[kind][count > 1]} ({', '.join(first)}{rest})"


def check_data(
    data: PhotographSet,
    *,
    entries: Sequence[Entry] | None = None,
    open_files: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Faults:
    """Look for everything that would go wrong later, and list it together.

    A class without training photographs is a fault only where other classes have some: a set to test on needs none.

    Args:
        data: The data set.
        entries: Only these photographs; all by default.
        open_files: Whether every photograph and mask is decoded whole, exactly as when it is used; otherwise files
            are only looked for, which takes some ten microseconds a photograph.
        workers: Processes that decode; all cores by default, and none but this one where there is little to do.
        progress: Called with (photographs done, all of them) while they are opened.
    """
    looked_at = data.entries if entries is None else tuple(entries)
    found = [*_label_gaps(data), *_missing(data, looked_at)]
    if open_files:
        found += _open_all(data, looked_at, workers, progress)
    order = list(_SAID)
    found.sort(key=lambda fault: order.index(fault.kind))
    return Faults(str(data.folder), len(looked_at), open_files, tuple(found))


def sound(data: PhotographSet) -> PhotographSet:
    """The data set itself, where nothing is missing.

    Raises:
        ConfigError: Files or labels are missing; the message lists them all together.
    """
    check_data(data).refuse()
    return data


def _label_gaps(data: PhotographSet) -> Iterator[Fault]:
    trained = {entry.label for entry in data.entries if entry.split == "train"}
    shown = {entry.label for entry in data.entries}
    for label in (*data.gaps.classes, *(label for label in data.classes if label not in shown)):
        yield Fault("class without photographs", label)
    for label in data.classes:
        if trained and label in shown and label not in trained:
            yield Fault("class without training photographs", label)
    for name in data.gaps.photographs:
        yield Fault("photograph without label", name)


def _missing(data: PhotographSet, entries: Sequence[Entry]) -> Iterator[Fault]:
    for entry in entries:
        if not (data.images / entry.name).is_file():
            yield Fault("missing photograph", entry.name)
        if data.masks is not None and not mask_path(data.masks, entry.name).is_file():
            yield Fault("missing mask", entry.name)


def _open_all(
    data: PhotographSet,
    entries: Sequence[Entry],
    workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> list[Fault]:
    starts = range(0, len(entries), _CHUNK)
    folders = replace(data, classes=(), entries=())  # all that the other processes need of it
    jobs = [(folders, entries[start : start + _CHUNK]) for start in starts]
    used = 1 if len(jobs) <= _FEW_CHUNKS else workers or os.cpu_count() or 1
    found: list[Fault] = []
    for start, some in zip(starts, in_processes(_open_some, jobs, used), strict=True):
        found += some
        if progress is not None:
            progress(min(start + _CHUNK, len(entries)), len(entries))
    return found


def _open_some(job: tuple[PhotographSet, Sequence[Entry]]) -> list[Fault]:
    data, entries = job
    return [fault for entry in entries for fault in _open(data, entry.name)]


def _open(data: PhotographSet, name: str) -> Iterator[Fault]:
    """Read a photograph and its mask, each whatever became of the other; missing ones are known already."""
    path, shape = data.images / name, None
    if path.is_file():
        try:
            shape = read_image(path).shape[:2]
        except ImageError as error:
            yield Fault("unreadable photograph", name, str(error))
    if data.masks is None or not (path := mask_path(data.masks, name)).is_file():
        return
    try:
        mask = foreground(read_mask(path), data.mask_rule)
    except ImageError as error:
        yield Fault("unreadable mask", name, str(error))
        return
    if shape is not None and mask.shape != shape:
        sizes = [f"{width}×{height}" for height, width in (mask.shape, shape)]
        yield Fault("mask of another size", name, f"The mask is {sizes[0]} pixels but its photograph is {sizes[1]}.")
    elif not mask.any():
        yield Fault("empty mask", name)
