"""Making a Waterbirds of one's own: objects of any data set with masks, before the places of two groups."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bgbias_core.data import cub
from bgbias_core.data.generate.composite import CompositeJob, make_composites
from bgbias_core.data.generate.labels import COMPAT, FIXED, label_classes
from bgbias_core.data.generate.plan import PUBLISHED_GROUPS, PlaceGroup, count_groups, draw
from bgbias_core.data.generate.writing import Progress, Written, fingerprint_of_files, write_set
from bgbias_core.data.photographs import PhotographSet, mask_path
from bgbias_core.data.places import MAX_FILES, SUFFIXES, find_scenes
from bgbias_core.data.sample import Entry
from bgbias_core.data.waterbirds import COLUMNS, METADATA
from bgbias_core.errors import ConfigError

Row = tuple[int, str, int, int, int, str]
"""One line of ``metadata.csv``, by ``COLUMNS``."""


@dataclass(frozen=True)
class WaterbirdsPlan:
    """What goes where, before any picture is opened.

    Attributes:
        rows: The lines of ``metadata.csv``.
        jobs: The pictures, one for each line.
        counts: Photographs of each group by split (:func:`~bgbias_core.data.generate.plan.count_groups`).
        made_from: Everything that fixes the content, as JSON holds it.
    """

    rows: tuple[Row, ...]
    jobs: tuple[CompositeJob, ...]
    counts: Mapping[str, Mapping[str, int]]
    made_from: Mapping[str, Any]


def plan_waterbirds(
    data: PhotographSet,
    places: str | Path,
    out: str | Path,
    *,
    groups: Sequence[PlaceGroup] = PUBLISHED_GROUPS,
    majority: float = 0.95,
    labels: str = FIXED,
    seed: int = 0,
    reuse_scenes: bool = False,
) -> WaterbirdsPlan:
    """Draw a Waterbirds: nothing is opened and nothing written.

    Args:
        data: Photographs with masks. Its test photographs are the test photographs here; of the others a fifth becomes
            validation.
        places: A folder of places (:func:`~bgbias_core.data.places.find_scenes`), such as Places365.
        out: Where it will lie.
        groups: The two place groups; the first is place 0 and home of label 0.
        majority: Share of each label's training photographs that stand in their own group.
        labels: ``fixed``, ``compat`` or the path of a CSV file (:func:`~bgbias_core.data.generate.label_classes`).
        seed: Seed of all draws.
        reuse_scenes: Whether scenes may come again.

    Raises:
        ConfigError: The data set has no masks, a place is not there, the groups or the labels mean nothing, or there
            are too few scenes.
    """
    if data.masks is None:
        raise ConfigError(f"{data.title} has no masks, so its objects cannot be cut out; name the folder of its masks.")
    _check_groups(groups)
    root, target = Path(places).expanduser(), Path(out).expanduser()
    names = [group.name for group in groups]
    label_of = label_classes(data.classes, labels, names)
    scenes = [_scenes(root, group) for group in groups]
    numbered = _numbered(data)
    own = [label_of[entry.label] for _, entry in numbered]
    draws = draw(
        own,
        [entry.split == "test" for _, entry in numbered],
        {group.name: len(there) for group, there in zip(groups, scenes, strict=True)},
        majority=majority,
        seed=seed,
        reuse_scenes=reuse_scenes,
    )
    rows, jobs = [], []
    for (number, entry), label, split, place, scene in zip(
        numbered, own, draws.splits.tolist(), draws.places.tolist(), draws.scenes.tolist(), strict=True
    ):
        path = scenes[place][scene]
        rows.append((number, entry.name, label, split, place, f"/{path.relative_to(root).as_posix()}"))
        jobs.append(
            CompositeJob(
                photograph=data.images / entry.name,
                mask=mask_path(data.masks, entry.name),
                scene=path,
                out=target / entry.name,
                mask_out=mask_path(target / cub.MASKS, entry.name),
            )
        )
    used = sorted({row[-1].lstrip("/") for row in rows})
    return WaterbirdsPlan(
        rows=tuple(rows),
        jobs=tuple(jobs),
        counts=count_groups(own, draws, names),
        made_from={
            "kind": "waterbirds",
            "photographs": data.title,
            "photographs_fingerprint": data.fingerprint,
            "licence": data.licence,
            "groups": {group.name: list(group.places) for group in groups},
            "majority": majority,
            "labels": labels if labels in {COMPAT, FIXED} else "a file",
            "label_of_class": label_of,
            "seed": seed,
            "reuse_scenes": reuse_scenes,
            "scenes_fingerprint": fingerprint_of_files(root, used),
            "metadata_sha256": hashlib.sha256(_table(rows).encode()).hexdigest(),
        },
    )


def make_waterbirds(
    plan: WaterbirdsPlan, out: str | Path, *, workers: int = 1, progress: Progress | None = None
) -> Written:
    """Make the pictures of a plan and write them, the copies of their masks, ``metadata.csv`` and ``provenance.json``.

    The folder opens with :func:`~bgbias_core.data.open_waterbirds`. A call that was broken off goes on from there.

    Args:
        plan: From :func:`plan_waterbirds`, for the same folder.
        out: The folder: new, empty, or begun with the same plan.
        workers: How many processes work.
        progress: Called with (pictures there, all of them).

    Raises:
        ConfigError: The folder holds something else or cannot be written.
        ImageError: A photograph or a scene cannot be read.
        MaskError: A mask cannot be read or has another size than its photograph.
    """
    return write_set(
        Path(out).expanduser(),
        plan.jobs,
        make_composites,
        made_from=plan.made_from,
        facts={"photographs": len(plan.rows), "counts": plan.counts},
        tables={METADATA: _table(plan.rows)},
        workers=workers,
        progress=progress,
    )


def _check_groups(groups: Sequence[PlaceGroup]) -> None:
    names = [group.name for group in groups]
    if len(groups) != 2 or len(set(names)) != 2 or not all(names):
        raise ConfigError(
            f"Waterbirds has two place groups with names of their own, got {', '.join(names) or 'none'}; give two, "
            "such as land=bamboo_forest,forest/broadleaf and water=ocean,lake/natural."
        )
    twice = set(groups[0].places) & set(groups[1].places)
    if twice:
        raise ConfigError(f"The place '{min(twice)}' is in both groups, {' and '.join(names)}; leave it in one.")


def _scenes(root: Path, group: PlaceGroup) -> list[Path]:
    """All photographs of a group's places, in the order of their paths."""
    found = find_scenes(root, per_place=MAX_FILES, only=set(group.places))
    missing = [place for place in group.places if place not in found]
    if missing:
        raise ConfigError(
            f"No photograph of the place '{missing[0]}' lies in '{root}', which the group {group.name} asks for; mend "
            "the name, or take it out of the group."
        )
    return sorted(path for paths in found.values() for path in paths)


def _numbered(data: PhotographSet) -> list[tuple[int, Entry]]:
    """Every photograph with its ``img_id``, in that order: CUB's own number, else its position from 1."""
    index = data.folder / cub.INDEX
    if data.name == "cub":
        number_of = {name: int(key) for key, name in cub.read_names(index).items()}
        numbered = sorted(((number_of[entry.name], entry) for entry in data.entries), key=lambda pair: pair[0])
    else:
        numbered = list(enumerate(data.entries, start=1))
    odd = next((entry.name for _, entry in numbered if Path(entry.name).suffix.lower() not in SUFFIXES), None)
    if odd is not None:
        raise ConfigError(f"'{odd}' ends in no format to write; rename it to end in {' or '.join(sorted(SUFFIXES))}.")
    return numbered


def _table(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()
