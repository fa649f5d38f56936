"""Waterbirds' labels: which of the two place groups a class is at home in."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from bgbias_core.errors import ConfigError

WATER_BIRDS = (
    "albatross",
    "auklet",
    "cormorant",
    "frigatebird",
    "fulmar",
    "gull",
    "jaeger",
    "kittiwake",
    "pelican",
    "puffin",
    "tern",
    "gadwall",
    "grebe",
    "mallard",
    "merganser",
    "guillemot",
    "pacific_loon",
)
"""What the names of water birds contain."""
COMPAT, FIXED = "compat", "fixed"
"""The two readings of that list."""


def is_water_bird(species: str, rule: str) -> bool:
    """Whether Waterbirds calls a species a water bird.

    Args:
        species: Its name, words apart by spaces or underscores.
        rule: ``compat`` as the data set was published: the name contains an entry of the list anywhere, so that
            Eastern Towhee, Western Meadowlark and Western Wood Pewee count as terns. ``fixed``: as whole words.

    Reference: Sagawa et al. 2020, group_DRO, ``dataset_scripts/generate_waterbirds.py``.

    >>> is_water_bird("Eastern Towhee", "compat"), is_water_bird("Eastern Towhee", "fixed")
    (True, False)
    """
    name = species.lower().replace(" ", "_")
    if rule == COMPAT:
        return any(part in name for part in WATER_BIRDS)
    return re.search(rf"(^|_)({'|'.join(WATER_BIRDS)})(_|$)", name) is not None


def label_classes(classes: Sequence[str], labels: str, groups: Sequence[str]) -> dict[str, int]:
    """The label of every class: 0 or 1, the number of the place group that it is at home in.

    Args:
        classes: Names of the classes.
        labels: ``fixed`` or ``compat`` for birds (:func:`is_water_bird`), else the path of a CSV file with lines
            ``class,group``.
        groups: Names of the two place groups.

    Raises:
        ConfigError: The file cannot be read, names what is not there or leaves a class out; or all classes would get
            the same label.
    """
    if labels in {COMPAT, FIXED}:
        of_class = {name: int(is_water_bird(name, labels)) for name in classes}
    else:
        of_class = _read(Path(labels).expanduser(), classes, groups)
    if len(set(of_class.values())) < 2:
        raise ConfigError(
            f"All {len(classes)} classes would be at home in '{groups[next(iter(of_class.values()))]}', such as "
            f"'{classes[0]}'; say with --labels FILE, in lines class,group, where each of them is at home."
        )
    return of_class


def _read(path: Path, classes: Sequence[str], groups: Sequence[str]) -> dict[str, int]:
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = getattr(error, "strerror", None) or "it is no CSV text"
        raise ConfigError(
            f"The labels '{path}' cannot be read ({cause}); give fixed, compat, or a CSV file with lines class,group."
        ) from error
    of_class: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line]
        if not any(cells) or (number == 1 and cells == ["class", "group"]):
            continue
        if len(cells) != 2 or cells[0] not in classes or cells[1] not in groups or cells[0] in of_class:
            raise ConfigError(
                f"{path}, line {number}: got '{','.join(line)[:80]}', expected a class that is there, named once, a "
                f"comma, and one of the groups {' and '.join(groups)}; mend the line."
            )
        of_class[cells[0]] = groups.index(cells[1])
    if missing := [name for name in classes if name not in of_class]:
        raise ConfigError(f"{path} leaves out {len(missing)} classes, such as '{missing[0]}'; give each class a line.")
    return of_class
