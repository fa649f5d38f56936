"""Commands on data sets: data list, data check."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bgbias_core.cli.shared import AsJson, counter, print_json, print_table

data_app = typer.Typer(
    help="Data sets: what there is, whether one is sound, getting and making them.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module; others add theirs to ``data_app``."""
    app.add_typer(data_app, name="data")


@data_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the kinds of data sets: their licences, and how each must lie in its folder."""
    from bgbias_core.data import DATA_SETS

    if as_json:
        fields = ("name", "title", "description", "licence", "needs_folder", "takes_masks")
        print_json([{field: getattr(spec, field) for field in fields} for spec in DATA_SETS.values()])
        return
    print_table(
        ("name", "title", "licence", "folder"),
        ((spec.name, spec.title, spec.licence, spec.description) for spec in DATA_SETS.values()),
    )


@data_app.command()
def check(
    root: Annotated[Path, typer.Option(metavar="DIR", help="The data set's folder.", show_default=False)],
    data: Annotated[
        str | None, typer.Option(metavar="KIND", help="A kind that data list names; by default seen from the folder.")
    ] = None,
    masks: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Given masks: the same paths ending in .png.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Open every photograph and mask of a data set, and list everything that is wrong together.

    Where something is wrong, the first ten of each kind are said in one sentence, with exit code 2; --json lists all.
    """
    from bgbias_core.data import check_data, open_data, recognise

    opened = open_data(data or recognise(root), root, masks, check=False)
    faults = check_data(opened, open_files=True, progress=counter("photographs"))
    if as_json:
        print_json(
            {
                "data": opened.name,
                "title": opened.title,
                "folder": str(opened.folder),
                "masks": None if opened.masks is None else str(opened.masks),
                "licence": opened.licence,
                "fingerprint": opened.fingerprint,
                "classes": list(opened.classes),
                "photographs": faults.photographs,
                "splits": dict(Counter(entry.split for entry in opened.entries)),
                "sound": not faults.found,
                "counts": faults.counts,
                "faults": [asdict(fault) for fault in faults.found],
            }
        )
    faults.refuse()
    if not as_json:
        typer.echo(faults.sentence())
