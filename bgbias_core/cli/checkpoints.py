"""Commands on checkpoints: train, checkpoints list, checkpoints rebuild."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.benchmark import print_metrics, save_metrics
from bgbias_core.cli.shared import AsJson, counter, make_folder, percent, print_json, print_table
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.models import Card
    from bgbias_core.training import TrainingConfig


class WeightsChoice(StrEnum):
    """Where a backbone's weights come from."""

    PRETRAINED = "pretrained"
    RANDOM = "random"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(train)
    checkpoints = typer.Typer(help="What classifiers there are; making the shipped ones anew.", no_args_is_help=True)
    checkpoints.command("list")(list_)
    checkpoints.command()(rebuild)
    app.add_typer(checkpoints, name="checkpoints")


def list_(as_json: AsJson = False) -> None:
    """List the model cards of all checkpoints; unusable ones are named on stderr."""
    from bgbias_core.models import list_checkpoints

    listing = list_checkpoints()
    for reason in listing.broken.values():
        typer.echo(f"Not usable: {reason}", err=True)
    if as_json:
        print_json([card.model_dump(mode="json") for card in listing.cards.values()])
        return
    print_table(
        ("name", "strategy", "classes", "accuracy ID", "accuracy OOD", "mask", "title"),
        (
            (card.name, card.strategy.name, len(card.classes), *_accuracies(card), card.title)
            for card in listing.cards.values()
        ),
    )


def _accuracies(card: Card) -> tuple[str, str, str]:
    """ID, OOD and their mask source, ``given`` before ``predicted``."""
    first: dict[str, str] = {}
    source = "–"
    for metric in reversed(card.metrics):
        if metric.measure == "accuracy":
            first[metric.condition] = f"{percent(metric.value)} (n = {metric.n})"
            source = metric.mask_source
    return first.get("ID", "–"), first.get("OOD", "–"), source


def train(
    config: Annotated[Path, typer.Option(metavar="FILE", help="The run's configuration, JSON.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the checkpoint goes; by default your own checkpoints.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the run can be resumed from; by default named after it.")
    ] = None,
    weights: Annotated[
        WeightsChoice | None,
        typer.Option(help="Where the backbone starts, in place of what the configuration says.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a classifier; the same command continues an interrupted run."""
    from bgbias_core.paths import SHIPPED_CHECKPOINTS, own_checkpoints
    from bgbias_core.training import TrainingConfig

    read = TrainingConfig.read(config)
    if weights is not None:
        read = read.model_copy(update={"model": read.model.model_copy(update={"weights": weights.value})})
    if out is None and (SHIPPED_CHECKPOINTS / f"{read.name}.json").is_file():
        raise ConfigError(
            f"'{read.name}' is the name of a shipped checkpoint; give your configuration a name of its own."
        )
    folder = make_folder(out or own_checkpoints())
    card = _train(read, run, folder)
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    typer.echo(f"{folder / card.name}.json: trained; measure it with: evaluate --checkpoint {card.name} --save")


def rebuild(
    only: Annotated[str | None, typer.Option(metavar="NAME", help="Only this checkpoint.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where they go; by default the shipped checkpoints' folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the shipped checkpoints anew: train each on Aviary, measure it, and write its figures into its card."""
    from bgbias_core.evaluation import evaluate_aviary
    from bgbias_core.models import open_checkpoint
    from bgbias_core.models.photo import photo_cards
    from bgbias_core.paths import SHIPPED_CHECKPOINTS, runs_folder
    from bgbias_core.registry import lookup
    from bgbias_core.training import TrainingConfig

    configs = {path.stem: path for path in sorted((SHIPPED_CHECKPOINTS / "configs").glob("*.json"))}
    photos = {card.name: card for card in photo_cards()}
    names = [only] if only is not None else [*configs, *photos]
    for name in names:
        lookup({**configs, **photos}, name, "shipped checkpoint")
    folder = make_folder(out or SHIPPED_CHECKPOINTS)
    made = []
    for name in names:
        if name in photos:
            save_metrics(photos[name], folder, ())
            made.append(photos[name])
            continue
        card = _train(TrainingConfig.read(configs[name]), None, folder)
        metrics = evaluate_aviary(open_checkpoint(card, folder), progress=counter(f"{name}: measuring, pictures"))
        save_metrics(card, folder, metrics)
        shutil.rmtree(runs_folder() / name)  # or the next rebuild would find it finished and train nothing
        made.append(card.model_copy(update={"metrics": metrics}).sealed())
        if not as_json:
            typer.echo(name)
            print_metrics(metrics)
            typer.echo()
    if as_json:
        print_json([card.model_dump(mode="json") for card in made])
        return
    typer.echo(f"{folder}: {', '.join(card.name for card in made)}")


def _train(config: TrainingConfig, run: Path | None, checkpoints: Path) -> Card:
    from bgbias_core.paths import runs_folder
    from bgbias_core.training import train as train_run

    folder = make_folder(run or runs_folder() / config.name)
    try:
        return train_run(config, folder, checkpoints, progress=counter(f"{config.name}: training, steps"))
    except OSError as error:
        raise ConfigError(
            f"The run in '{folder}' or its checkpoint in '{checkpoints}' cannot be written ({error.strerror}); "
            "free the disk or choose other folders (--run, --out)."
        ) from error
