"""The command evaluate: checkpoints on Aviary or on photographs, once, into one Parquet file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.evaluations import describe, print_summary
from bgbias_core.cli.shared import AsJson, counter, make_folder, print_json, unwritable
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.evaluation import Evaluation
    from bgbias_core.models import Card, Checkpoint, Metric


class DataKind(StrEnum):
    """Kinds of data that checkpoints are evaluated on."""

    AVIARY = "aviary"
    CUB = "cub"
    WATERBIRDS = "waterbirds"
    FOLDER = "folder"


class Condition(StrEnum):
    """Conditions that an evaluation can add."""

    MIXED_SAME = "mixed_same"
    MIXED_RAND = "mixed_rand"
    ONLY_FG = "only_fg"
    ONLY_BG_B = "only_bg_b"
    ONLY_BG_T = "only_bg_t"
    NO_FG = "no_fg"
    FOREIGN = "foreign"
    NOISE_FG = "noise_fg"
    NOISE_BG = "noise_bg"
    ALL = "all"


class Dial(StrEnum):
    """What an evaluation can change step by step."""

    MASK_QUALITY = "mask-quality"
    OBJECT_SIZE = "object-size"


class CutWith(StrEnum):
    """Which mask alone cuts objects out."""

    GIVEN = "given"
    PREDICTED = "predicted"


class Split(StrEnum):
    """Splits of a data set of photographs."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(evaluate)


def evaluate(
    checkpoint: Annotated[
        list[str], typer.Option(metavar="NAME", help="A classifier; may be repeated.", show_default=False)
    ],
    data: Annotated[DataKind, typer.Option(help="The kind of data.")] = DataKind.AVIARY,
    root: Annotated[Path | None, typer.Option(metavar="DIR", help="Photographs: the data set's folder.")] = None,
    masks: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Photographs: given masks, the same paths ending in .png.")
    ] = None,
    scenes: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Scenes to put objects on, one folder a place.")
    ] = None,
    condition: Annotated[
        list[Condition] | None,
        typer.Option(help="Present the samples under this condition too; may be repeated; all that can be had: all."),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Backgrounds of others, and scenes, drawn for each sample; by default 1, and 1 scene of every place.",
        ),
    ] = None,
    cut_with: Annotated[
        CutWith | None, typer.Option(help="Photographs: cut objects out with these masks only; by default with both.")
    ] = None,
    split: Annotated[Split | None, typer.Option(help="Photographs: which part; by default test.")] = None,
    n: Annotated[
        int | None, typer.Option(min=1, help="Samples; by default 1500 birds or 100 photographs, drawn with the seed.")
    ] = None,
    n_predicted: Annotated[
        int | None, typer.Option(min=0, help="Aviary: birds for predicted masks and for flip rates; by default 300.")
    ] = None,
    correlation: Annotated[
        float | None, typer.Option(min=0, max=1, help="Aviary: that of the ID places; by default the checkpoints' own.")
    ] = None,
    masker: Annotated[str | None, typer.Option(metavar="NAME", help="What predicts masks.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 0,
    shapley: Annotated[
        int, typer.Option(min=0, metavar="N", help="Two-player Shapley values for the first N samples.")
    ] = 0,
    dial: Annotated[
        list[Dial] | None,
        typer.Option(help="Make given masks worse, or objects larger and smaller, step by step; may be repeated."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Threads that make pictures ahead of the networks; the rows are the same.")
    ] = 1,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Pictures that go through a network at once; by default what is quick.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name among your own evaluations; by default made from the rest.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Another place for the Parquet file.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Aviary: write figures into the checkpoints' cards.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure checkpoints, each figure with n and its 95% interval, and keep every single answer in a Parquet file.

    Broken off, the same command goes on where it stopped.
    """
    from bgbias_core.data import open_data
    from bgbias_core.evaluation import (
        BOTH,
        N_PREDICTED,
        PHOTOGRAPHS,
        N,
        evaluate_on_aviary,
        evaluate_on_photographs,
    )
    from bgbias_core.models import load_checkpoint
    from bgbias_core.paths import own_evaluations

    of_photographs: dict[str, object] = {
        "--root": root, "--masks": masks, "--cut-with": cut_with, "--split": split,
    }  # fmt: skip
    of_aviary: dict[str, object] = {"--n-predicted": n_predicted, "--correlation": correlation, "--save": save or None}
    _refuse_others(data, of_photographs if data == DataKind.AVIARY else of_aviary)
    name = _name(name, out)
    loaded = [load_checkpoint(one) for one in checkpoint]
    conditions, dials = [one.value for one in condition or ()], [one.value.replace("-", " ") for one in dial or ()]
    if data == DataKind.AVIARY:
        evaluation = evaluate_on_aviary(
            loaded,
            n=N if n is None else n,
            n_predicted=N_PREDICTED if n_predicted is None else n_predicted,
            correlation=correlation,
            masker=masker,
            seed=seed,
            shapley=shapley,
            conditions=conditions,
            scenes=scenes,
            draws=draws,
            dials=dials,
            workers=workers,
            batch_size=batch_size,
            name=name,
            progress=counter("steps"),
        )
    else:
        evaluation = evaluate_on_photographs(
            loaded,
            open_data(data.value, root, masks),
            scenes=scenes,
            conditions=conditions,
            draws=draws,
            cut_with=BOTH if cut_with is None else (cut_with.value,),
            n=PHOTOGRAPHS if n is None else n,
            split=(split or Split.TEST).value,
            masker=masker,
            seed=seed,
            shapley=shapley,
            dials=dials,
            workers=workers,
            batch_size=batch_size,
            name=name,
            progress=counter("steps"),
        )
    path = out or own_evaluations() / f"{evaluation.header.name}.parquet"
    save_evaluation(evaluation, path)
    if save:
        save_figures(evaluation, loaded)
    _print(evaluation, path, as_json)


def save_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation.

    Raises:
        ConfigError: Its folder cannot be written.
    """
    make_folder(path.parent)
    try:
        evaluation.save(path)
    except OSError as error:
        raise unwritable(path, error) from error


def save_figures(evaluation: Evaluation, checkpoints: list[Checkpoint]) -> None:
    """Write an evaluation's figures into the cards of its checkpoints.

    Raises:
        ConfigError: A card's folder cannot be written.
    """
    from bgbias_core.evaluation import card_metrics
    from bgbias_core.models import find_checkpoint

    for checkpoint in checkpoints:
        card, folder = find_checkpoint(checkpoint.card.name)
        save_metrics(card, folder, card_metrics(evaluation, card.name))


def save_metrics(card: Card, folder: Path, metrics: tuple[Metric, ...]) -> None:
    """Write figures into a card.

    Raises:
        ConfigError: The card's folder cannot be written.
    """
    path = folder / f"{card.name}.json"
    try:
        card.model_copy(update={"metrics": metrics}).write(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _refuse_others(data: DataKind, options: dict[str, object]) -> None:
    wrong = [option for option, value in options.items() if value is not None]
    if wrong:
        whose = "photographs (--data cub, waterbirds or folder)" if data == DataKind.AVIARY else "Aviary"
        are = "is" if len(wrong) == 1 else "are"
        raise ConfigError(f"{' and '.join(wrong)} {are} for {whose}; leave that out, or choose other --data.")


def _name(name: str | None, out: Path | None) -> str | None:
    if out is not None:
        if name is not None:
            raise ConfigError("--out gives the file and with it the name; leave --name out.")
        if out.suffix != ".parquet":
            raise ConfigError(f"An evaluation is a Parquet file, got --out '{out}'; let its name end in .parquet.")
        return out.stem
    if name is not None:
        refuse_shipped_evaluation(name)
    return name


def refuse_shipped_evaluation(name: str) -> None:
    """Refuse a name under which another evaluation ships and would be found in its place.

    Raises:
        ConfigError: It is such a name.
    """
    from bgbias_core.paths import SHIPPED_EVALUATIONS

    if (SHIPPED_EVALUATIONS / f"{name}.parquet").is_file():
        raise ConfigError(f"'{name}' is the name of a shipped evaluation; give yours a name of its own.")


def _print(evaluation: Evaluation, path: Path, as_json: bool) -> None:
    from bgbias_core.evaluation import card_metrics

    if not as_json:
        print_summary(evaluation)
        typer.echo(f"{path}: every single answer")
        return
    document = describe(evaluation) | {"file": str(path)}
    if evaluation.header.data.kind == "aviary":
        document["metrics"] = [
            metric.model_dump(mode="json")
            for one in evaluation.header.checkpoints
            for metric in card_metrics(evaluation, one.name)
        ]
    print_json(document)
