"""Scenes from a folder of places, such as Places365: one folder a place, photographs below it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bgbias_core.errors import ConfigError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
MAX_FILES = 200_000
"""Files looked at before the search ends: the whole of Places365's validation set several times over."""
MAX_DEPTH = 4
"""Folders below the first: Places365 has ``data_large/f/forest/broadleaf``."""

_SMALL = frozenset({"places365_standard", "train", "val", "test"})
_WRAPPERS = _SMALL | {"data_large", "data_256", "val_large", "val_256", "data_large_standard", "data_256_standard"}
_VALIDATION, _CATEGORIES = "places365_val.txt", "categories_places365.txt"


def find_scenes(
    folder: str | Path, *, per_place: int = 24, only: Collection[str] | None = None
) -> dict[str, tuple[Path, ...]]:
    """List the photographs of a folder by place; none is opened.

    A place is the path of a photograph's own folder below ``folder``, without what Places365 puts before it in its
    layouts (:func:`place_name`): ``bamboo_forest``, ``forest/broadleaf``. The photographs of Places365's flat
    validation folder get theirs from ``places365_val.txt`` and ``categories_places365.txt``, which lie in it or beside
    it. Other photographs that lie in ``folder`` itself make up one place, named after it. Hidden folders and links to
    folders are passed over.

    Args:
        folder: The folder that holds the places.
        per_place: The most photographs of one place that are listed: the first ones by name.
        only: Only these places; folders of others are not looked through and do not count towards the limit of files.

    Returns:
        Paths by place, places and paths in the order of their names.

    Raises:
        ConfigError: There is no such folder, it cannot be read, or no photograph lies in it; or an index of Places365
            cannot be used.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise ConfigError(
            f"There is no folder '{folder}'; give the path of a folder with one folder of scenes for each place."
        )
    found: dict[str, list[Path]] = {}
    for place, paths in _walk(root, only):
        found.setdefault(place, []).extend(paths)
    if not found:
        wanted = f" of {' or '.join(sorted(only))}" if only is not None else ""
        raise ConfigError(
            f"No photograph{wanted} lies in the folder '{folder}' (looked for {', '.join(sorted(SUFFIXES))}); "
            "give a folder with one folder of scenes for each place."
        )
    return {place: tuple(sorted(found[place])[:per_place]) for place in sorted(found)}


def place_name(folders: Sequence[str]) -> str:
    """The place that a photograph's folders name.

    Left out are the folders that Places365 puts before its categories: that of the archive, ``train`` or ``val``, and
    the first letter of the category. Its small layout joins the parts of a name by a hyphen.

    >>> place_name(["data_large", "f", "forest", "broadleaf"])
    'forest/broadleaf'
    >>> place_name(["places365_standard", "train", "forest-broadleaf"])
    'forest/broadleaf'
    >>> place_name(["my kitchens"]), place_name(["train"])
    ('my kitchens', 'train')
    """
    parts, small = list(folders), False
    while len(parts) > 1 and parts[0] in _WRAPPERS:
        small = parts.pop(0) in _SMALL
    if len(parts) > 1 and len(parts[0]) == 1 and parts[1].lower().startswith(parts[0].lower()):
        del parts[0]
    name = "/".join(parts)
    return name.replace("-", "/") if small else name


def _walk(root: Path, only: Collection[str] | None) -> Iterator[tuple[str, list[Path]]]:
    seen = 0
    # A folder such as places365_standard/train, given itself, is read as when the one above it is given.
    given = (root.resolve().name,) if root.resolve().name in _WRAPPERS else ()
    for current, folders, files in os.walk(root, onerror=_refuse):
        here = Path(current)
        parts = here.relative_to(root).parts
        folders[:] = (
            sorted(name for name in folders if not name.startswith(".") and _leads_to((*given, *parts, name), only))
            if len(parts) < MAX_DEPTH
            else []
        )
        names = sorted(name for name in files if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."))
        listed = _listed(here, names)
        usual = place_name((*given, *parts)) if parts else root.resolve().name
        of_place: dict[str, list[Path]] = {}
        for name in names:
            of_place.setdefault(listed.get(name, usual), []).append(here / name)
        yield from ((place, paths) for place, paths in of_place.items() if only is None or place in only)
        seen += len(files)
        if seen >= MAX_FILES:
            return


def _leads_to(folders: Sequence[str], only: Collection[str] | None) -> bool:
    """Whether a folder may be one of some places, or hold one."""
    if only is None or folders[-1] in _WRAPPERS or len(folders[-1]) == 1:
        return True
    name = place_name(folders)
    return any(place == name or place.startswith(f"{name}/") for place in only)


def _listed(here: Path, names: Sequence[str]) -> dict[str, str]:
    """The places of the photographs of a flat validation folder by name; empty for any other folder."""
    if not names or not names[0].lower().startswith("places365_val_"):
        return {}
    beside = (here, here.parent, *sorted(path for path in here.parent.glob("filelist_places365*") if path.is_dir()))
    folder = next((path for path in beside if (path / _VALIDATION).is_file()), None)
    if folder is None:
        return {}
    categories = {number: name for name, number in _pairs(folder / _CATEGORIES)}
    numbers = dict(_pairs(folder / _VALIDATION))
    unknown = next((number for number in numbers.values() if number not in categories), None)
    if unknown is not None:
        raise ConfigError(
            f"{folder / _VALIDATION} names the category {unknown}, which {_CATEGORIES} beside it does not hold; unpack "
            "both files again."
        )
    return {name: place_name(categories[number].strip("/").split("/")) for name, number in numbers.items()}


def _pairs(path: Path) -> list[tuple[str, str]]:
    """The two words of each line."""
    try:
        words = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{path} cannot be read ({cause}); unpack Places365's list of files again.") from error
    odd = next((line for line in words if len(line) != 2), None)
    if odd is not None:
        raise ConfigError(
            f"{path} holds the line '{' '.join(odd)[:80]}', expected a name and a number; unpack the file again."
        )
    return [(name, number) for name, number in words]


def _refuse(error: OSError) -> None:
    raise ConfigError(
        f"The folder '{error.filename}' cannot be read ({error.strerror}); choose another folder."
    ) from error
