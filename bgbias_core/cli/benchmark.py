"""The command benchmark cub: the published comparison on any photographs in CUB's layout and any scenes."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgbias_core.cli.shared import AsJson, MaskerName, counter, make_folder, print_json, print_table
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.benchmark import Plan, Result


class PoolingChoice(StrEnum):
    """How features become one vector."""

    GAP = "gap"
    CLS = "cls"
    BOTH = "cls+gap"


class Start(StrEnum):
    """Where backbones start."""

    PRETRAINED = "pretrained"
    RANDOM = "random"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Whole experiments in one command.", no_args_is_help=True)
    group.callback()(_group)
    group.command()(cub)
    app.add_typer(group, name="benchmark")


def _group() -> None:
    """Whole experiments in one command."""


def cub(
    cub: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Photographs in the layout of CUB-200-2011, all or some.", show_default=False),
    ],
    scenes: Annotated[
        Path, typer.Option(metavar="DIR", help="Scenes to put objects on, one folder a place.", show_default=False)
    ],
    backbone: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A backbone, by default efficientnet-lite0; may be repeated."),
    ] = None,
    pooling: Annotated[
        list[PoolingChoice] | None, typer.Option(help="May be repeated; by default all that mean something.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often all is trained and drawn anew.")] = 3,
    draws: Annotated[int, typer.Option(min=1, help="Backgrounds of each condition for each photograph.")] = 2,
    n: Annotated[
        int | None, typer.Option(min=1, help="Test photographs, drawn with each seed; by default all.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=32, max=1024, help="Side of the input in pixels; by default the backbone's usual.")
    ] = None,
    masker: MaskerName = None,
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Train whole networks; by default heads on frozen backbones.")
    ] = False,
    weights: Annotated[Start, typer.Option(help="With --finetune: where backbones start.")] = Start.PRETRAINED,
    try_only: Annotated[
        bool,
        typer.Option(
            "--try", help="Only build every network with random weights, small, and take one step: time and memory."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where all of it is kept and continued; by default in your runs."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train unmasked, early and late, and measure them ID, on Mixed-Same, Mixed-Rand and on foreign scenes.

    Masks are predicted in training. In the test, objects are cut out with given masks where there are any, and early
    and late look at the given mask and at the mask predicted on each composite. The same command continues what was
    interrupted; with more --seeds it adds the others. Whole networks are trained by a plain recipe, not the paper's.
    """
    from bgbias_core.benchmark import Plan, benchmark_folder, run_benchmark
    from bgbias_core.benchmark.plan import DEFAULT_BACKBONE
    from bgbias_core.masks import default_masker

    if weights == Start.RANDOM and not finetune:
        raise ConfigError(
            "A frozen backbone with random weights never learns to see; leave --weights out, or add --finetune."
        )
    plan = Plan(
        cub=str(cub.expanduser().resolve()),
        scenes=str(scenes.expanduser().resolve()),
        backbones=tuple(backbone or (DEFAULT_BACKBONE,)),
        poolings=tuple(one.value for one in pooling or ()),
        finetune=finetune,
        weights=weights.value,
        size=size,
        draws=draws,
        n=n,
        masker=masker or default_masker("photograph"),
    )
    if try_only:
        _try(plan, as_json)
        return
    result = run_benchmark(plan, make_folder(out or benchmark_folder(plan)), seeds=seeds, counter=counter)
    _print(result, as_json)


def _print(result: Result, as_json: bool) -> None:
    from bgbias_core.benchmark import as_markdown

    if not as_json:
        typer.echo(as_markdown(result.rows, result.verdicts))
        typer.echo(f"{result.folder}: checkpoints, every single answer, and this table")
        return
    print_json(
        {
            "command": result.plan.command(result.seeds),
            "plan": result.plan.model_dump(mode="json"),
            "seeds": result.seeds,
            "folder": str(result.folder),
            "rows": [asdict(row) for row in result.rows],
            "verdicts": [asdict(verdict) | {"sentence": verdict.sentence} for verdict in result.verdicts],
        }
    )


def _try(plan: Plan, as_json: bool) -> None:
    from bgbias_core.benchmark import arms, try_step
    from bgbias_core.benchmark.run import open_data_of
    from bgbias_core.benchmark.trial import smallest_size
    from bgbias_core.models import backbone_spec

    classes = len(open_data_of(plan).classes)
    sizes = {name: plan.size or max(32, smallest_size(backbone_spec(name))) for name in plan.backbones}
    show = counter("trying, classifiers")
    compared = [
        arm
        for name, size in sizes.items()
        for arm in arms(plan.model_copy(update={"backbones": (name,), "size": size}))
    ]
    trials = []
    for arm in compared:
        trials.append(try_step(arm, plan, classes, sizes[arm.backbone]))
        show(len(trials), len(compared))
    if as_json:
        print_json([asdict(trial) for trial in trials])
        return
    print_table(
        ("backbone", "strategy", "pooling", "trained", "size", "parameters", "s a step", "memory"),
        (
            (
                one.arm.backbone,
                one.arm.strategy,
                one.arm.pooling,
                "whole" if one.finetune else "head",
                one.size,
                f"{one.parameters / 1e6:.1f} M",
                f"{one.seconds:.2f}",
                f"{one.memory_bytes / 2**30:.2f} GiB",
            )
            for one in trials
        ),
    )
