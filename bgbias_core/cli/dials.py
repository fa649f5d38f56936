"""Commands on the trained dials: dials list, dials train, dials evaluate."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.checkpoints import accuracies
from bgbias_core.cli.evaluate import refuse_shipped_evaluation, save_evaluation, save_metrics
from bgbias_core.cli.evaluations import describe, print_summary
from bgbias_core.cli.shared import AsJson, counter, make_folder, percent, print_json, print_table
from bgbias_core.cli.train import train_one
from bgbias_core.errors import BgBiasError, ConfigError

if TYPE_CHECKING:
    from bgbias_core.evaluation import Evaluation
    from bgbias_core.models import Card
    from bgbias_core.training import DialName, Point


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    dials = typer.Typer(
        help="Correlation and depth as dials: the small models of Aviary trained once, with one seed, at every point.",
        no_args_is_help=True,
    )
    dials.command("list")(list_)
    dials.command()(train)
    dials.command()(evaluate)
    app.add_typer(dials, name="dials")


def list_(as_json: AsJson = False) -> None:
    """List the points of the dials, which of them are there, and what was measured."""
    from bgbias_core.training import dial_points

    rows = [(point, _card(point)) for point in dial_points()]
    if as_json:
        print_json([_described(point, card) for point, card in rows])
        return
    print_table(
        (
            "name",
            "dials",
            "backbone",
            "strategy",
            "c",
            "depth",
            "epochs",
            "there",
            "accuracy ID",
            "accuracy OOD",
            "mask",
        ),
        (
            (
                point.name,
                ", ".join(point.dials),
                point.config.model.backbone,
                point.strategy,
                f"{point.correlation:g}",
                "–" if point.depth is None else point.depth,
                point.config.optimisation.epochs,
                "no" if card is None else "yes",
                *(("–", "–", "–") if card is None else accuracies(card)),
            )
            for point, card in rows
        ),
    )


def train(
    only: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Only points with such names, for instance 'dial-convnext-late-*'."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where they go; by default to your own, and what ships is not trained again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the points that are missing; the same command continues where it was stopped."""
    from bgbias_core.models import DIALS
    from bgbias_core.paths import SHIPPED_CHECKPOINTS, own_checkpoints, runs_folder
    from bgbias_core.training import dial_points, is_finished, read_history

    points = [point for point in dial_points() if not point.built_in]
    chosen = [point for point in points if only is None or fnmatchcase(point.name, only)]
    if not chosen:
        raise ConfigError(f"No point of the dials has a name like '{only}'; 'dials list' names them all.")
    folders = [own_checkpoints() / DIALS, SHIPPED_CHECKPOINTS / DIALS] if out is None else [out]
    folder = make_folder(folders[0])
    missing = [point for point in chosen if not any(is_finished(point.config, one) for one in folders)]
    made = []
    for number, point in enumerate(missing, start=1):
        typer.echo(f"{point.name}: {number} of {len(missing)}", err=True)
        made.append(train_one(point.config, None, folder))
        scores = max(read_history(runs_folder() / point.name), key=lambda epoch: (epoch.score, epoch.epoch)).scores
        told = ", ".join(f"{condition} {percent(score)}" for condition, score in scores.items())
        typer.echo(f"{point.name}: validation birds named rightly: {told}", err=True)
        shutil.rmtree(runs_folder() / point.name)  # the checkpoint tells that it is done, and dozens of runs take space
    if as_json:
        print_json([card.model_dump(mode="json") for card in made])
        return
    typer.echo(
        f"{folder}: {len(made)} trained, {len(chosen) - len(made)} were there; measure them with: dials evaluate"
    )


def evaluate(
    name: Annotated[
        str, typer.Option(metavar="PREFIX", help="How the evaluations' names begin; they end in the dials'.")
    ] = "my-dial",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where they go; by default to your own evaluations.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure all points that are there, one evaluation for each dial: ID at c = 0.95 for all of them, and OOD.

    What was measured is also written into those points' cards that say nothing yet.
    """
    from bgbias_core.evaluation.results import check_name
    from bgbias_core.paths import own_evaluations
    from bgbias_core.training import DIAL_NAMES, dial_points, in_dial

    names = {dial: check_name(f"{name}-{dial}") for dial in DIAL_NAMES}
    if out is None:
        for one in names.values():
            refuse_shipped_evaluation(one)
    points = dial_points()
    there = {dial: [point for point in in_dial(points, dial) if _card(point) is not None] for dial in DIAL_NAMES}
    there = {dial: some for dial, some in there.items() if not all(point.built_in for point in some)}
    if not there:
        raise ConfigError("No point of the dials is there but the shipped models; train some first: dials train.")
    folder = make_folder(out or own_evaluations())
    documents = []
    for dial, some in there.items():
        evaluation = _measure(names[dial], dial, some)
        path = folder / f"{names[dial]}.parquet"
        save_evaluation(evaluation, path)
        _fill_cards(evaluation, some)
        if as_json:
            documents.append(describe(evaluation) | {"file": str(path)})
        else:
            print_summary(evaluation)
            typer.echo(f"{path}: every single answer\n")
    if as_json:
        print_json(documents)


def _measure(name: str, dial: DialName, points: Sequence[Point]) -> Evaluation:
    from bgbias_core.evaluation import evaluate_on_aviary
    from bgbias_core.models import load_checkpoint
    from bgbias_core.training.grid import SHIPPED_CORRELATION

    return evaluate_on_aviary(
        [load_checkpoint(point.name) for point in points],
        correlation=SHIPPED_CORRELATION,
        name=name,
        progress=counter(f"{dial}: measuring, steps"),
    )


def _fill_cards(evaluation: Evaluation, points: Sequence[Point]) -> None:
    from bgbias_core.evaluation import card_metrics
    from bgbias_core.models import find_checkpoint

    for point in points:
        card, folder = find_checkpoint(point.name)
        if not point.built_in and not card.metrics:
            save_metrics(card, folder, card_metrics(evaluation, card.name))


def _card(point: Point) -> Card | None:
    """The card of a point whose checkpoint is there and was trained as the point says."""
    from bgbias_core.models import find_checkpoint
    from bgbias_core.training import is_finished

    try:
        card, folder = find_checkpoint(point.name)
    except BgBiasError:
        return None
    return card if is_finished(point.config, folder) else None


def _described(point: Point, card: Card | None) -> dict[str, object]:
    return {
        "name": point.name,
        "title": point.config.title,
        "dials": point.dials,
        "backbone": point.config.model.backbone,
        "strategy": point.strategy,
        "correlation": point.correlation,
        "depth": point.depth,
        "epochs": point.config.optimisation.epochs,
        "seed": point.config.seed,
        "there": card is not None,
        "metrics": [] if card is None else [metric.model_dump(mode="json") for metric in card.metrics],
    }
