"""The commands that make data sets: data waterbirds, data twins."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.shared import AsJson, counter, print_json, print_table
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.data.generate import PlaceGroup, Written

Out = Annotated[
    Path,
    typer.Option(
        metavar="DIR", help="Where it goes: a new or an empty folder, or one to go on with.", show_default=False
    ),
]
Masks = Annotated[Path | None, typer.Option(metavar="DIR", help="Its masks, the same paths ending in .png.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed draws anew.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; by default one a core.")]


class Kind(StrEnum):
    """Kinds of data that lie in a folder."""

    CUB = "cub"
    WATERBIRDS = "waterbirds"
    FOLDER = "folder"


class Split(StrEnum):
    """Splits of a data set of photographs."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def register(data_app: typer.Typer) -> None:
    """Add the commands of this module to those on data sets."""
    data_app.command()(waterbirds)
    data_app.command()(twins)


def waterbirds(
    cub: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="CUB-200-2011 with its masks, or a folder a class with --masks.", show_default=False
        ),
    ],
    places: Annotated[
        list[str],
        typer.Option(
            metavar="DIR | GROUP=PLACE,…",
            help="Places365, or any folder with one folder a place; and again for each of two place groups, the first "
            "of which is place 0. By default those of Waterbirds: land=bamboo_forest,forest/broadleaf and "
            "water=ocean,lake/natural.",
            show_default=False,
        ),
    ],
    out: Out,
    masks: Masks = None,
    majority: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a label's training photographs in their own place group.")
    ] = 0.95,
    labels: Annotated[
        str,
        typer.Option(
            metavar="fixed|compat|FILE",
            help="compat: as published, where Eastern Towhee and two more count as terns; fixed: without that; "
            "or a CSV file with lines class,group, to paste any objects on any places.",
        ),
    ] = "fixed",
    seed: Seed = 0,
    workers: Workers = None,
    reuse_scenes: Annotated[
        bool, typer.Option("--reuse-scenes", help="Let scenes come again where there are too few.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make Waterbirds: objects pasted on the places of two groups. Broken off, the same command goes on."""
    from bgbias_core.data import open_data
    from bgbias_core.data.cub import INDEX
    from bgbias_core.data.generate import PUBLISHED_GROUPS, make_waterbirds, plan_waterbirds

    folder, groups = _places(places)
    plan = plan_waterbirds(
        # A folder of CUB that holds Waterbirds too, perhaps half of it, is read as CUB.
        open_data("cub" if (cub.expanduser() / INDEX).is_file() else "folder", cub, masks),
        folder,
        out,
        groups=groups or PUBLISHED_GROUPS,
        majority=majority,
        labels=labels,
        seed=seed,
        reuse_scenes=reuse_scenes,
    )
    written = make_waterbirds(plan, out, workers=_workers(workers), progress=counter("pictures"))
    if as_json:
        _print_written(written)
        return
    cells = list(next(iter(plan.counts.values())))
    print_table(
        ["label-place", *plan.counts], ([name, *(f"{of[name]:,}" for of in plan.counts.values())] for name in cells)
    )
    _say_written(written)


def twins(
    root: Annotated[Path, typer.Option(metavar="DIR", help="The data set's folder.", show_default=False)],
    condition: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="original, mixed_same, mixed_rand, only_fg, only_bg_b, only_bg_t, no_fg, noise_fg, noise_bg, foreign.",
            show_default=False,
        ),
    ],
    out: Out,
    data: Annotated[Kind, typer.Option(help="The kind of data.")] = Kind.CUB,
    masks: Masks = None,
    scenes: Annotated[Path | None, typer.Option(metavar="DIR", help="foreign: scenes, one folder a place.")] = None,
    split: Annotated[Split, typer.Option(help="Which photographs.")] = Split.TEST,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Write a data set's twin under one condition, such as Mixed-Same, as PNG with masks: it opens as a folder."""
    from bgbias_core.data import open_data
    from bgbias_core.data.generate import make_twins

    written = make_twins(
        open_data(data.value, root, masks),
        condition,
        out,
        scenes=scenes,
        split=split.value,
        seed=seed,
        workers=_workers(workers),
        progress=counter("pictures"),
    )
    if as_json:
        _print_written(written)
        return
    _say_written(written)


def _places(given: list[str]) -> tuple[Path, list[PlaceGroup]]:
    """The folder of the places, and the groups that were named."""
    folders = [text for text in given if "=" not in text or Path(text).expanduser().is_dir()]
    if len(folders) != 1:
        raise ConfigError(
            f"--places takes one folder, got {' and '.join(map(repr, folders)) or 'none'}; name a place group as "
            "GROUP=PLACE,…, for example --places PLACES365 --places land=forest --places water=ocean,lake/natural."
        )
    return Path(folders[0]), [_group(text) for text in given if text not in folders]


def _group(text: str) -> PlaceGroup:
    from bgbias_core.data.generate import PlaceGroup

    name, _, listed = text.partition("=")
    places = tuple(place.strip() for place in listed.split(",") if place.strip())
    if not name.strip() or not places:
        raise ConfigError(
            f"A place group is given as GROUP=PLACE,PLACE,…, got '{text}'; for example water=ocean,lake/natural."
        )
    return PlaceGroup(name.strip(), places)


def _workers(asked: int | None) -> int:
    import os

    return asked or os.cpu_count() or 1


def _print_written(written: Written) -> None:
    print_json({"out": str(written.folder), "made": written.made, **written.provenance})


def _say_written(written: Written) -> None:
    total = written.provenance["photographs"]
    there = f", {total - written.made:,} of them there already" if written.made < total else ""
    typer.echo(f"{written.folder}: {total:,} pictures{there}, their masks, a table and provenance.json")
