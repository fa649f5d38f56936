"""Commands on checkpoints: list them, make the shipped ones anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.evaluate import save_evaluation, save_metrics
from bgbias_core.cli.evaluations import print_summary
from bgbias_core.cli.shared import AsJson, counter, make_folder, percent, print_json, print_table
from bgbias_core.cli.train import train_one
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.models import Card, Metric
    from bgbias_core.training import TrainingConfig

CUB = "BGBIAS_CUB"
"""The environment variable by which configurations of the species heads say where CUB-200-2011 lies."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    checkpoints = typer.Typer(help="What classifiers there are; making the shipped ones anew.", no_args_is_help=True)
    checkpoints.command("list")(list_)
    checkpoints.command()(rebuild)
    app.add_typer(checkpoints, name="checkpoints")


def list_(as_json: AsJson = False) -> None:
    """List the model cards of all checkpoints; what is unusable, or waits for a download, is named on stderr."""
    from bgbias_core.models import list_checkpoints

    listing = list_checkpoints()
    for reason in listing.broken.values():
        typer.echo(f"Not usable: {reason}", err=True)
    for name, reason in listing.waiting.items():
        typer.echo(f"{name}: {reason}", err=True)
    if as_json:
        print_json([card.model_dump(mode="json") for card in listing.cards.values()])
        return
    print_table(
        ("name", "strategy", "classes", "accuracy ID", "accuracy OOD", "mask", "title"),
        (
            (card.name, card.strategy.name, len(card.classes), *accuracies(card), card.title)
            for card in listing.cards.values()
        ),
    )


def accuracies(card: Card) -> tuple[str, str, str]:
    """A card's accuracy ID and OOD, as a person reads them, and their mask source: ``given`` before ``predicted``."""
    first: dict[str, str] = {}
    source = "–"
    for metric in reversed(card.metrics):
        if metric.measure == "accuracy":
            first[metric.condition] = f"{percent(metric.value)} (n = {metric.n})"
            source = metric.mask_source
    return first.get("ID", first.get("original", "–")), first.get("OOD", "–"), source


def rebuild(
    only: Annotated[str | None, typer.Option(metavar="NAME", help="Only this checkpoint.")] = None,
    cub: Annotated[
        Path | None, typer.Option(metavar="DIR", help="CUB-200-2011, or a part of it; without it no species heads.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where they go; by default the shipped checkpoints' folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the shipped checkpoints anew: train them, measure them, and write the figures into their cards.

    All Aviary models together also make the shipped evaluation anew. Heads for the species of CUB-200-2011 are made
    where --cub says where its photographs lie.
    """
    from bgbias_core.models.photo import photo_cards
    from bgbias_core.paths import SHIPPED_CHECKPOINTS
    from bgbias_core.registry import lookup
    from bgbias_core.training import TrainingConfig

    if cub is not None:
        os.environ[CUB] = str(cub.expanduser().resolve())
    paths = sorted((SHIPPED_CHECKPOINTS / "configs").glob("*.json"))
    configs = {path.stem: path for path in paths if not path.stem.startswith("segmenter-")}
    photos = {card.name: card for card in photo_cards()}
    for name in [] if only is None else [only]:
        lookup({**configs, **photos}, name, "shipped checkpoint")
    chosen = [TrainingConfig.read(path) for name, path in configs.items() if only in {None, name}]
    heads = [config for config in chosen if config.data.name != "aviary"]
    if heads and not os.environ.get(CUB):
        if only is not None:
            raise ConfigError(f"'{only}' is trained on CUB-200-2011; say where it lies with --cub.")
        typer.echo(f"Left out without --cub: {', '.join(head.name for head in heads)}", err=True)
        heads = []
    folder = make_folder(out or SHIPPED_CHECKPOINTS)
    made = {name: card for name, card in photos.items() if only in {None, name}}
    for card in made.values():
        save_metrics(card, folder, ())
    drawn = [config for config in chosen if config.data.name == "aviary"]
    made |= _aviary_models(drawn, folder, whole=only is None, quiet=as_json)
    made |= _species_heads(heads, folder)
    if as_json:
        print_json([card.model_dump(mode="json") for card in made.values()])
        return
    typer.echo(f"{folder}: {', '.join(made)}")


def _aviary_models(configs: Sequence[TrainingConfig], folder: Path, *, whole: bool, quiet: bool) -> dict[str, Card]:
    from bgbias_core.evaluation import N_PREDICTED, card_metrics, evaluate_on_aviary
    from bgbias_core.models import open_checkpoint

    trained = [train_one(config, None, folder) for config in configs]
    if not trained:
        return {}
    evaluation = evaluate_on_aviary(
        [open_checkpoint(card, folder) for card in trained],
        shapley=N_PREDICTED if whole else 0,
        name="aviary",
        progress=counter("measuring, steps"),
    )
    if whole:
        save_evaluation(evaluation, folder / "evaluations" / "aviary.parquet")
    if not quiet:
        print_summary(evaluation)
    return {card.name: _finish(card, folder, card_metrics(evaluation, card.name)) for card in trained}


def _species_heads(configs: Sequence[TrainingConfig], folder: Path) -> dict[str, Card]:
    from bgbias_core.data import open_cub
    from bgbias_core.evaluation import card_metrics, evaluate_on_photographs
    from bgbias_core.evaluation.doubt import doubtful_below
    from bgbias_core.masks import KeptMasks, default_masker, load_masker
    from bgbias_core.models import open_checkpoint
    from bgbias_core.paths import runs_folder
    from bgbias_core.training import train_heads

    if not configs:
        return {}
    cards = train_heads(
        configs,
        runs_folder(),
        folder,
        progress=counter("training heads, steps"),
        preparing=counter("preparing, photographs"),
    )
    photographs = open_cub(os.environ[CUB])
    heads = [open_checkpoint(card, folder) for card in cards]
    evaluation = evaluate_on_photographs(
        heads,
        photographs,
        n=sum(entry.split == "test" for entry in photographs.entries),
        progress=counter("measuring, steps"),
    )
    masker = KeptMasks(load_masker(default_masker("photograph")))
    made = {}
    for head in heads:
        doubt = doubtful_below(head, photographs, masker=masker)
        card = head.card.model_copy(update={"doubtful_below": doubt})
        # Where the photographs lay is nobody else's business.
        metrics = tuple(
            metric.model_copy(update={"command": metric.command.replace(str(photographs.folder.resolve()), "CUB")})
            for metric in card_metrics(evaluation, card.name)
        )
        made[card.name] = _finish(card, folder, metrics)
    return made


def _finish(card: Card, folder: Path, metrics: tuple[Metric, ...]) -> Card:
    from bgbias_core.paths import runs_folder

    save_metrics(card, folder, metrics)
    shutil.rmtree(runs_folder() / card.name)  # or the next rebuild would find it finished and train nothing
    return card.model_copy(update={"metrics": metrics}).sealed()
