"""Commands on evaluations: evaluations list, evaluations show."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bgbias_core.cli.shared import AsJson, percent, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bgbias_core.evaluation import Evaluation, SummaryRow


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    evaluations = typer.Typer(help="What was measured: the evaluations and their figures.", no_args_is_help=True)
    evaluations.command("list")(list_)
    evaluations.command()(show)
    app.add_typer(evaluations, name="evaluations")


def list_(as_json: AsJson = False) -> None:
    """List all evaluations; unusable ones are named on stderr."""
    from bgbias_core.evaluation import list_evaluations

    listing = list_evaluations()
    for reason in listing.broken.values():
        typer.echo(f"Not usable: {reason}", err=True)
    if as_json:
        print_json([header.model_dump(mode="json") for header in listing.headers.values()])
        return
    print_table(
        ("name", "data", "n", "checkpoints", "made", "title"),
        (
            (header.name, header.data.kind, header.n, len(header.checkpoints), header.created[:10], header.title)
            for header in listing.headers.values()
        ),
    )


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The evaluation, as evaluations list names it.")],
    as_json: AsJson = False,
) -> None:
    """Show the figures of an evaluation, each with n and its 95% interval."""
    from bgbias_core.evaluation import load_evaluation

    evaluation = load_evaluation(name)
    if as_json:
        print_json(describe(evaluation))
        return
    print_summary(evaluation)


def describe(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation's header and figures as one JSON document."""
    from bgbias_core.evaluation import summarise

    return {
        "evaluation": evaluation.header.model_dump(mode="json"),
        "summary": [asdict(row) for row in summarise(evaluation)],
    }


def print_summary(evaluation: Evaluation) -> None:
    """Print an evaluation's figures as a table, and why a measure is not there."""
    from bgbias_core.evaluation import summarise

    rows = summarise(evaluation)
    typer.echo(f"{evaluation.header.title}\n{evaluation.header.command}\n")
    print_table(
        ("checkpoint", "mask", "measure", "condition", "value", "95% interval", "n", "note"),
        (line for row in rows for line in _lines(row)),
    )
    typer.echo()


def _lines(row: SummaryRow) -> Iterator[tuple[object, ...]]:
    mask = f"{row.mask_source} {row.masker}".strip()
    if row.lifted_by not in {"", row.mask_source}:
        mask += f", cut out with the {row.lifted_by}"
    for found in row.measures.values():
        ends = f"{percent(found.low)} to {percent(found.high)}"
        value = percent(found.value)
        yield row.checkpoint, mask, found.measure, found.condition, value, ends, found.n, found.note
    for measure, why in row.absent.items():
        yield row.checkpoint, mask, measure, "", "–", "", "", why
