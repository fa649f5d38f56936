"""The command train: one configuration or one preset, with an estimate beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.evaluate import refuse_shipped_evaluation
from bgbias_core.cli.shared import AsJson, counter, make_folder, print_json, print_table
from bgbias_core.errors import ConfigError
from bgbias_core.spelling import spell_seconds

if TYPE_CHECKING:
    from bgbias_core.models import Card
    from bgbias_core.training import Estimate, TrainingConfig


class WeightsChoice(StrEnum):
    """Where a backbone's weights come from."""

    PRETRAINED = "pretrained"
    RANDOM = "random"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(train)


def train(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The run's configuration, JSON.", show_default=False)
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="In place of a configuration: see-the-gap-open.", show_default=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="PREFIX",
            help="With --preset: how the checkpoints' names begin.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where checkpoints go; by default your own checkpoints.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the run can be resumed from; by default named after it.")
    ] = None,
    weights: Annotated[
        WeightsChoice | None,
        typer.Option(help="Where the backbone starts, in place of what the configuration says.", show_default=False),
    ] = None,
    only_estimate: Annotated[
        bool, typer.Option("--estimate", help="Train nothing; say what it will take on this machine.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a classifier, or all those of a preset; the same command continues an interrupted run."""
    from bgbias_core.paths import own_checkpoints, own_evaluations, runs_folder
    from bgbias_core.registry import lookup
    from bgbias_core.training import PRESETS, estimate_all, train_preset

    if (config is None) == (preset is None):
        raise ConfigError("Give either --config FILE or --preset NAME, and not both.")
    if preset is not None:
        chosen = lookup(PRESETS, preset, "preset")
        if weights is not None:
            raise ConfigError("--weights changes a configuration, and a preset has its own; leave one of them out.")
        prefix = name or chosen.prefix
        refuse_shipped_evaluation(prefix)
        configs = chosen.renamed(prefix)
    elif config is not None:
        if name is not None:
            raise ConfigError("--name goes with --preset; a configuration's name stands in its file.")
        configs = [_read_config(config, weights)]
    if out is None:
        for one in configs:
            _refuse_shipped(one.name)
    if only_estimate:
        _print_estimates(estimate_all(configs), as_json)
        return
    folder = make_folder(out or own_checkpoints())
    if preset is None:
        card = train_one(configs[0], run, folder)
        if as_json:
            print_json(card.model_dump(mode="json"))
            return
        typer.echo(f"{folder / card.name}.json: trained; measure it with: evaluate --checkpoint {card.name} --save")
        return
    runs = make_folder(run or runs_folder() / prefix)
    with _disk_refusals(runs, folder):
        evaluation = train_preset(chosen, prefix, runs, folder, counter)
    header = evaluation.header
    if as_json:
        print_json({"evaluation": header.name, "checkpoints": [one.name for one in configs], "command": header.command})
        return
    typer.echo(f"{folder}: {', '.join(one.name for one in configs)}")
    typer.echo(f"{own_evaluations() / header.name}.parquet: compared; look at it with: evaluations show {header.name}")


def _read_config(path: Path, weights: WeightsChoice | None) -> TrainingConfig:
    from bgbias_core.training import TrainingConfig

    config = TrainingConfig.read(path)
    if weights is None:
        return config
    return config.model_copy(update={"model": config.model.model_copy(update={"weights": weights.value})})


def _refuse_shipped(name: str) -> None:
    from bgbias_core.paths import SHIPPED_CHECKPOINTS

    if (SHIPPED_CHECKPOINTS / f"{name}.json").is_file():
        raise ConfigError(
            f"'{name}' is the name of a shipped checkpoint; give your configuration a name of its own, or a preset "
            "another --name."
        )


def _print_estimates(estimates: dict[str, Estimate], as_json: bool) -> None:
    if as_json:
        print_json({name: asdict(one) for name, one in estimates.items()})
        return
    print_table(
        ("name", "time", "preparing", "training", "checking", "memory", "steps", "device"),
        (
            (
                name,
                spell_seconds(one.seconds),
                spell_seconds(one.seconds_preparing),
                spell_seconds(one.steps * one.seconds_a_step),
                spell_seconds(one.seconds_checking),
                f"{one.memory_bytes / 2**30:.1f} GiB",
                one.steps,
                one.device,
            )
            for name, one in estimates.items()
        ),
    )


def train_one(config: TrainingConfig, run: Path | None, checkpoints: Path) -> Card:
    """Train a configuration, counting on stderr.

    Raises:
        ConfigError: The run's folder or the checkpoints' cannot be written.
        BgBiasError: What training refuses.
    """
    from bgbias_core.paths import runs_folder
    from bgbias_core.training import train as train_run

    folder = make_folder(run or runs_folder() / config.name)
    with _disk_refusals(folder, checkpoints):
        return train_run(
            config,
            folder,
            checkpoints,
            progress=counter(f"{config.name}: training, steps"),
            preparing=counter(f"{config.name}: preparing, samples"),
        )


@contextmanager
def _disk_refusals(run: Path, checkpoints: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"The run in '{run}' or its checkpoint in '{checkpoints}' cannot be written ({error.strerror}); "
            "free the disk or choose other folders (--run, --out)."
        ) from error
