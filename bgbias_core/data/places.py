"""Scenes from a folder of places, such as Places365: one folder a place, photographs below it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bgbias_core.errors import ConfigError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
MAX_FILES = 200_000
"""Files looked at before the search ends: the whole of Places365's validation set several times over."""
MAX_DEPTH = 4
"""Folders below the first: Places365 has ``f/forest/broadleaf``."""


def find_scenes(folder: str | Path, *, per_place: int = 24) -> dict[str, tuple[Path, ...]]:
    """List the photographs of a folder by place; none is opened.

    A place is the path of a photograph's own folder below ``folder`` ("forest/broadleaf"); photographs that lie in
    ``folder`` itself make up one place, named after it. Hidden folders and links to folders are passed over.

    Args:
        folder: The folder that holds the places.
        per_place: The most photographs of one place that are listed: the first ones by name.

    Returns:
        Paths by place, places and paths in the order of their names.

    Raises:
        ConfigError: There is no such folder, it cannot be read, or no photograph lies in it.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise ConfigError(
            f"There is no folder '{folder}'; give the path of a folder with one folder of scenes for each place."
        )
    found = {place: paths[:per_place] for place, paths in _walk(root)}
    if not found:
        raise ConfigError(
            f"No photograph lies in the folder '{folder}' (looked for {', '.join(sorted(SUFFIXES))}); "
            "give a folder with one folder of scenes for each place."
        )
    return dict(sorted(found.items()))


def _walk(root: Path) -> Iterator[tuple[str, tuple[Path, ...]]]:
    seen = 0
    for current, folders, files in os.walk(root, onerror=_refuse):
        here = Path(current)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < MAX_DEPTH else []
        names = sorted(name for name in files if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."))
        if names:
            yield (
                here.relative_to(root).as_posix() if depth else root.resolve().name,
                tuple(here / name for name in names),
            )
        seen += len(files)
        if seen >= MAX_FILES:
            return


def _refuse(error: OSError) -> None:
    raise ConfigError(
        f"The folder '{error.filename}' cannot be read ({error.strerror}); choose another folder."
    ) from error
