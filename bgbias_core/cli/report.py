"""The command report: an evaluation as one page, and its numbers beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bgbias_core.cli.shared import AsJson, counter, make_folder, print_json, unwritable


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(report)


def report(
    evaluation: Annotated[
        str, typer.Argument(metavar="EVALUATION", help="The evaluation, as evaluations list names it.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page, ending in .html; by default EVALUATION-report.html here."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an evaluation as one self-contained HTML page, and the same numbers as JSON beside it."""
    from bgbias_core.evaluation import load_evaluation
    from bgbias_core.report import write_report

    found = load_evaluation(evaluation)
    path = out or Path(f"{found.header.name}-report.html")
    make_folder(path.parent)
    try:
        write_report(found, path, progress=counter("steps"))
    except OSError as error:
        raise unwritable(path, error) from error
    numbers = path.with_suffix(".json")
    if as_json:
        print_json(json.loads(numbers.read_text(encoding="utf-8")) | {"file": str(path), "numbers": str(numbers)})
        return
    typer.echo(f"{path}: the report\n{numbers}: its numbers")
