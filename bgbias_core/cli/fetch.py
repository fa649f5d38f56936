"""Commands that bring data sets here and take them away again: data fetch, data remove."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bgbias_core.cli.shared import AsJson, counter, print_json
from bgbias_core.errors import ConfigError
from bgbias_core.spelling import spell_bytes


class DataSetName(StrEnum):
    """What can be fetched."""

    CUB = "cub"
    CUB_MASKS = "cub-masks"
    WATERBIRDS = "waterbirds"
    PLACES = "places"


class PlacesPart(StrEnum):
    """Which photographs of Places365."""

    VAL_256 = "val-256"
    TRAIN_256 = "train-256"
    TRAIN_LARGE = "train-large"


Name = Annotated[DataSetName, typer.Argument(help="Which data set.", show_default=False)]
Which = Annotated[
    PlacesPart | None,
    typer.Option(
        help="Of Places365: 36,500 photographs of 256 px (0.5 GB, the default), 1.8 million of 256 px (26 GB), or "
        "those in high resolution (113 GB).",
        show_default=False,
    ),
]


def register(data_app: typer.Typer) -> None:
    """Add the commands of this module to those on data sets."""
    data_app.command()(fetch)
    data_app.command()(remove)


def fetch(
    name: Name,
    which: Which = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder that it becomes, missing or empty; for masks the folder of CUB. By default your own data.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE_OR_URL",
            help="Take the archive from here: a file, a folder, or an address (with / at its end: of a folder). By "
            "default from $BGBIAS_MIRROR, else from its publisher.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a published data set, check it and unpack it; the same command continues an interrupted download."""
    from dataclasses import asdict

    from bgbias_core.data.archives import published
    from bgbias_core.data.fetched import fetch_published

    known = published(_full_name(name, which))
    typer.echo(f"{known.title}: {known.what}, about {spell_bytes(known.about_bytes)}.", err=True)
    typer.echo(f"Licence of use: {known.licence}.", err=True)
    done = fetch_published(known.name, to, source=source, progress=counter)
    if as_json:
        print_json(asdict(done))
        return
    for one in done.archives:
        typer.echo(f"{one.file}: {one.checksum} ({_compared(one.known)})")
    typer.echo(f"{done.folder}: {known.title}, {spell_bytes(done.bytes)}; {done.licence}")


def remove(name: Name, which: Which = None, as_json: AsJson = False) -> None:
    """Delete a data set that was fetched to your own data."""
    from bgbias_core.data.fetched import place_of, remove

    full_name = _full_name(name, which)
    freed = remove(full_name)
    if as_json:
        print_json({"name": full_name, "folder": str(place_of(full_name)), "bytes": freed})
        return
    typer.echo(f"{place_of(full_name)}: deleted, {spell_bytes(freed)} are free again")


def _full_name(name: DataSetName, which: PlacesPart | None) -> str:
    if name is DataSetName.PLACES:
        return f"places-{which or PlacesPart.VAL_256}"
    if which is not None:
        raise ConfigError(f"--which is for places alone, and {name} has no parts; leave it out.")
    return name


def _compared(known: str) -> str:
    if known == "recorded now":
        return "no sum is published: noted down now, later downloads must equal it"
    return f"as {known}" if known != "nothing to compare with" else "no sum is published to compare it with"
