"""Twin sets: the photographs of a data set under one condition, as PNG, with what a masked model may look at."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bgbias_core.conditions import CONDITIONS, draw_donors, present, seed_of
from bgbias_core.data.generate.writing import Progress, Written, fingerprint_of_files, write_set
from bgbias_core.data.photographs import PhotographSet
from bgbias_core.data.places import MAX_FILES, find_scenes
from bgbias_core.data.sample import Entry, Split
from bgbias_core.errors import ConfigError, ImageError, MaskError
from bgbias_core.images import encode_mask_png, encode_png, read_image
from bgbias_core.paths import replace_file
from bgbias_core.registry import lookup

IMAGES, MASKS, TABLE = "images", "masks", "twins.csv"
"""Where a twin set holds its pictures, its masks and what each was made from."""


@dataclass(frozen=True)
class TwinJob:
    """One picture to make.

    Attributes:
        data: Where samples come from; without its entries.
        entry: The sample.
        condition: How it is presented.
        donor: Who lends the background, where one is needed.
        scene: The photograph of a place, where one is needed.
        seed: Seed of the noise, where there is any.
        out: The picture.
        mask_out: Its mask.
    """

    data: PhotographSet
    entry: Entry
    condition: str
    donor: Entry | None
    scene: Path | None
    seed: int
    out: Path
    mask_out: Path


def make_twins(
    data: PhotographSet,
    condition: str,
    out: str | Path,
    *,
    scenes: str | Path | None = None,
    split: Split = "test",
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Written:
    """Write the photographs of one split under one condition, by the functions that evaluation uses on the fly.

    ``images/<split>/<class>/…png`` and ``masks/…`` open with :func:`~bgbias_core.data.open_folder`; ``twins.csv`` says
    what each picture was made from, ``provenance.json`` everything else. Donors are drawn among the same split by
    :func:`~bgbias_core.conditions.draw_donors`, scenes uniformly among the places, then among the photographs of one.

    Args:
        data: Photographs with masks.
        condition: A name of ``CONDITIONS``.
        out: The folder: new, empty, or begun with the same arguments.
        scenes: A folder of places, for ``foreign``.
        split: Which photographs.
        seed: Seed of the draws.
        workers: How many processes work.
        progress: Called with (pictures there, all of them).

    Raises:
        UnknownNameError: There is no such condition.
        ConfigError: There are no masks, photographs, donors or scenes, or the folder holds something else or cannot be
            written.
        ImageError: A photograph or a scene cannot be read.
        MaskError: A mask cannot be read, has another size than its photograph, or marks nothing.
    """
    spec = lookup(CONDITIONS, condition, "condition")
    if data.masks is None:
        raise ConfigError(f"{data.title} has no masks, which {spec.title} needs; name the folder of its masks.")
    entries = [entry for entry in data.entries if entry.split == split]
    if not entries:
        raise ConfigError(f"{data.title} has no photographs in its {split} split; choose another split or data set.")
    if (scenes is None) == (spec.needs == "scene"):
        raise ConfigError(
            "A foreign scene was asked for and there are none; give a folder of scenes."
            if scenes is None
            else f"{spec.title} puts nothing on other scenes; leave the folder of scenes out."
        )
    root = None if scenes is None else Path(scenes).expanduser()
    drawn = [None] * len(entries) if root is None else _draw_scenes(root, len(entries), seed)
    labels = [entry.label for entry in entries]
    target = Path(out).expanduser()
    files = _files(entries)
    jobs = [
        TwinJob(
            data=replace(data, classes=(), entries=()),
            entry=entry,
            condition=condition,
            donor=entries[draw_donors(labels, index, condition, 1, seed)[0]] if spec.needs == "donor" else None,
            scene=scene,
            seed=seed_of(entry.name, seed),
            out=target / IMAGES / file,
            mask_out=target / MASKS / file,
        )
        for index, (entry, file, scene) in enumerate(zip(entries, files, drawn, strict=True))
    ]
    made_from = {
        "kind": "twins",
        "condition": condition,
        "photographs": data.title,
        "photographs_fingerprint": data.fingerprint,
        "licence": data.licence,
        "split": split,
        "seed": seed,
    }
    if root is not None:
        used = sorted({scene.relative_to(root).as_posix() for scene in drawn if scene is not None})
        made_from["scenes_fingerprint"] = fingerprint_of_files(root, used)
    return write_set(
        target,
        jobs,
        make_pictures,
        made_from=made_from,
        facts={"title": spec.title, "photographs": len(jobs)},
        tables={TABLE: _table(jobs, files, root)},
        workers=workers,
        progress=progress,
    )


def make_pictures(jobs: Sequence[TwinJob]) -> int:
    """Make pictures and write each whole or not at all, after its mask; returns how many.

    Raises:
        ImageError: A photograph or a scene cannot be read; names it.
        MaskError: A mask cannot be read or used; names its photograph.
        OSError: A file cannot be written.
    """
    for job in jobs:
        _make(job)
    return len(jobs)


def _make(job: TwinJob) -> None:
    sample = job.data.read(job.entry)
    donor = None if job.donor is None else job.data.read(job.donor)
    scene = None if job.scene is None else read_image(job.scene)
    assert sample.mask is not None  # noqa: S101 - data sets without masks were refused
    lent = None if donor is None or donor.mask is None else (donor.image, donor.mask)
    try:
        shown = present(job.condition, sample.image, sample.mask, donor=lent, scene=scene, seed=job.seed)
    except (ImageError, MaskError) as error:
        other = job.donor.name if job.donor is not None else job.scene
        raise type(error)(f"{job.entry.name}{'' if other is None else f' with {other}'}: {error}") from error
    mask, image = encode_mask_png(shown.mask), encode_png(shown.image)
    replace_file(job.mask_out, lambda part: part.write_bytes(mask))
    replace_file(job.out, lambda part: part.write_bytes(image))


def _draw_scenes(root: Path, n: int, seed: int) -> list[Path]:
    found = list(find_scenes(root, per_place=MAX_FILES).values())
    drawn = []
    for index in range(n):
        random = np.random.default_rng([seed, index])
        paths = found[int(random.integers(len(found)))]
        drawn.append(paths[int(random.integers(len(paths)))])
    return drawn


def _files(entries: Sequence[Entry]) -> list[str]:
    """Where each picture goes: its split, its class and its own name, numbered where a name comes twice."""
    stems = [f"{entry.split}/{entry.label.replace('/', '_')}/{Path(entry.name).stem}" for entry in entries]
    seen, total = Counter[str](), Counter(stems)
    files = []
    for stem in stems:
        seen[stem] += 1
        files.append(f"{stem}{f'-{seen[stem]}' if total[stem] > 1 else ''}.png")
    return files


def _table(jobs: Sequence[TwinJob], files: Sequence[str], root: Path | None) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "photograph", "label", "condition", "donor", "donor_label", "scene"))
    for job, file in zip(jobs, files, strict=True):
        donor = ("", "") if job.donor is None else (job.donor.name, job.donor.label)
        scene = "" if job.scene is None or root is None else job.scene.relative_to(root).as_posix()
        writer.writerow((file, job.entry.name, job.entry.label, job.condition, *donor, scene))
    return text.getvalue()
