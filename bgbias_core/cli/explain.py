"""The command explain: attributions of a photograph, of an Aviary bird, or their background shares over many birds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bgbias_core.cli.pictures import lift, unique
from bgbias_core.cli.shared import (
    AsJson,
    BoxText,
    MaskerName,
    MaskFile,
    counter,
    make_folder,
    percent,
    print_json,
    print_table,
    read_box,
    unwritable,
    write_file,
)
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.attribution import Attribution, MeanShare
    from bgbias_core.evaluation import Coalitions
    from bgbias_core.images import Image
    from bgbias_core.masks import MaskResult

_METHOD = "integrated_gradients"


class MaskSource(StrEnum):
    """Where the masks come from that masked checkpoints look at."""

    GIVEN = "given"
    PREDICTED = "predicted"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)


@dataclass(frozen=True, eq=False)
class _Picture:
    """What is explained.

    Attributes:
        image: uint8 ``[H, W, 3]``.
        mask: What masked checkpoints look at.
        object_mask: Where the object is.
        coalitions: For two-player Shapley, where that is asked for.
    """

    image: Image
    mask: MaskResult
    object_mask: MaskResult
    coalitions: Coalitions | None


def explain(
    checkpoint: Annotated[
        list[str], typer.Option(metavar="NAME", help="A classifier; may be repeated.", show_default=False)
    ],
    method: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help=f"A method; may be repeated; by default {_METHOD}.")
    ] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="A photograph.")] = None,
    mask: MaskFile = None,
    masker: MaskerName = None,
    box: BoxText = None,
    scenes: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Scenes for method shapley on a photograph, one folder a place.")
    ] = None,
    bird: Annotated[int | None, typer.Option(min=1, metavar="N", help="Instead: an Aviary test bird.")] = None,
    place: Annotated[str | None, typer.Option(metavar="NAME", help="Where that bird stands; by default ID.")] = None,
    birds: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Instead: mean background shares over the first N birds, ID.")
    ] = None,
    mask_source: Annotated[
        MaskSource | None, typer.Option(help="Birds: the masks looked at; by default given for one, both for many.")
    ] = None,
    target: Annotated[str | None, typer.Option(metavar="NAME", help="The class explained; by default the top.")] = None,
    contrast: Annotated[str | None, typer.Option(metavar="NAME", help="Why the target rather than this class.")] = None,
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the map over its picture.")] = 0.7,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the scenes that Shapley draws.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where pictures (PNG) and maps (NPZ) go.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what earned an answer, and how much of that lies on the background, beside its chance level."""
    from bgbias_core.attribution import METHODS
    from bgbias_core.registry import lookup

    methods = unique(method) or [_METHOD]
    for name in methods:
        lookup(METHODS, name, "attribution method")
    if sum(one is not None for one in (image, bird, birds)) != 1:
        raise ConfigError("Give one of --image FILE, --bird N and --birds N: what shall be explained?")
    if birds is not None:
        _refuse("--birds measures shares", mask, box, scenes, place, target, contrast, out, seed or None)
        _print_shares(unique(checkpoint), methods, birds, mask_source, masker, as_json)
        return
    if image is not None:
        _refuse("--image explains a photograph", place, mask_source)
        picture = _photograph(image, mask, masker, box, scenes, "shapley" in methods, seed)
    else:
        _refuse("--bird explains a drawn bird", mask, box, scenes)
        picture = _bird(bird or 1, place, mask_source or MaskSource.GIVEN, masker, "shapley" in methods, seed)
    found = _explain(picture, unique(checkpoint), methods, target, contrast)
    files = [[] if out is None else _write(picture, one, make_folder(out), opacity) for one in found]
    if as_json:
        print_json([{**one.describe(), "files": paths} for one, paths in zip(found, files, strict=True)])
        return
    _print(found)
    for path in (path for paths in files for path in paths):
        typer.echo(path)


def _refuse(what: str, *options: object) -> None:
    if any(option is not None for option in options):
        raise ConfigError(f"{what}, and some other option belongs to another use of explain; see explain --help.")


def _photograph(
    path: Path, mask: Path | None, masker: str | None, box: str | None, scenes: Path | None, played: bool, seed: int
) -> _Picture:
    from bgbias_core.evaluation import draw_scenes, photograph_coalitions
    from bgbias_core.images import read_image

    image = read_image(path)
    lifted, finder = lift(image, mask, masker, box)
    coalitions = None
    if played:
        if scenes is None:
            raise ConfigError("Method shapley puts the object on other scenes; name a folder of them with --scenes.")
        drawn = [scene.image for scene in draw_scenes(scenes, seed)]
        coalitions = photograph_coalitions(image, lifted, drawn, masker=finder, box=read_box(box), seed=seed)
    return _Picture(image, lifted, lifted, coalitions)


def _bird(number: int, place: str | None, source: MaskSource, masker: str | None, played: bool, seed: int) -> _Picture:
    from bgbias_core.aviary import draw_recipes, render
    from bgbias_core.data import TRAINING_SIZE, swapped_places
    from bgbias_core.evaluation import aviary_coalitions
    from bgbias_core.masks import default_masker, given, load_masker
    from bgbias_core.registry import lookup

    recipe = draw_recipes("test", number)[-1]
    if place is not None:
        recipe = lookup(swapped_places(recipe), place, "place")
    finder = load_masker(masker or default_masker("aviary"))
    drawn = render(recipe, TRAINING_SIZE)
    true = given(drawn.image, drawn.mask)
    coalitions = None
    if played:
        coalitions = aviary_coalitions(recipe, TRAINING_SIZE, source=_name_of(source), masker=finder, seed=seed)
    return _Picture(drawn.image, true if source == MaskSource.GIVEN else finder(drawn.image), true, coalitions)


def _name_of(source: MaskSource) -> Literal["given", "predicted"]:
    return "given" if source == MaskSource.GIVEN else "predicted"


def _explain(
    picture: _Picture, checkpoints: Sequence[str], methods: Sequence[str], target: str | None, contrast: str | None
) -> list[Attribution]:
    from bgbias_core.attribution import attribute
    from bgbias_core.models import load_checkpoint

    return [
        attribute(
            loaded,
            picture.image,
            picture.mask,
            method,
            target=target,
            contrast=contrast,
            object_mask=picture.object_mask,
            coalitions=picture.coalitions,
            progress=counter(f"{loaded.card.name}, {method}: passes"),
        )
        for loaded in map(load_checkpoint, checkpoints)
        for method in methods
    ]


def _write(picture: _Picture, found: Attribution, out: Path, opacity: float) -> list[str]:
    from bgbias_core.attribution import overlay
    from bgbias_core.images import encode_png

    drawing, values = (out / f"{found.checkpoint}-{found.method}.{ending}" for ending in ("png", "npz"))
    write_file(drawing, encode_png(overlay(picture.image, found, picture.object_mask, opacity)))
    try:
        found.save(values)
    except OSError as error:
        raise unwritable(values, error) from error
    return [str(drawing), str(values)]


def _print(found: Sequence[Attribution]) -> None:
    print_table(
        ("checkpoint", "method", "target", "mask", "background share", "chance", "notes"),
        (
            (
                one.checkpoint,
                one.method,
                one.target if one.contrast is None else f"{one.target} rather than {one.contrast}",
                f"{one.mask_source} {one.masker}".strip() if one.masker != one.mask_source else one.mask_source,
                percent(one.background_share),
                percent(one.chance),
                _notes(one),
            )
            for one in found
        ),
    )


def _notes(one: Attribution) -> str:
    notes = [one.by_identity] if one.by_identity else []
    if one.phi_background is not None:
        notes.append(f"background {one.phi_background:+.2f}, object {one.phi_foreground:+.2f} log-odds")
    if one.error is not None:
        kept = "" if one.complete else ", more than allowed"
        notes.append(f"{one.steps} steps, error {one.error:.3f} logits{kept}")
    return "; ".join(notes)


def _print_shares(
    checkpoints: Sequence[str],
    methods: Sequence[str],
    n: int,
    mask_source: MaskSource | None,
    masker: str | None,
    as_json: bool,
) -> None:
    from bgbias_core.attribution import measure_shares
    from bgbias_core.models import load_checkpoint

    shares = measure_shares(
        [load_checkpoint(name) for name in checkpoints],
        methods,
        n=n,
        sources=("given", "predicted") if mask_source is None else (_name_of(mask_source),),
        masker=masker,
        progress=counter("attributions"),
    )
    if as_json:
        differences = [{**asdict(one), "clear": one.clear} for one in shares.differences]
        print_json({"means": [asdict(one) for one in shares.means], "differences": differences})
        return
    print_table(
        ("method", "checkpoint", "mask", "background share", "95% interval", "n", "chance", "notes"),
        (
            (
                one.method,
                one.checkpoint,
                f"{one.mask_source} {one.masker}".strip(),
                percent(one.value),
                f"{percent(one.low)} to {percent(one.high)}",
                one.n,
                percent(one.chance),
                _share_notes(one),
            )
            for one in shares.means
        ),
    )
    typer.echo()
    print_table(
        ("method", "share of", "minus that of", "difference", "95% interval", "n", ""),
        (
            (
                one.method,
                " ".join(one.first),
                " ".join(one.second),
                percent(one.difference),
                f"{percent(one.low)} to {percent(one.high)}",
                one.n,
                "" if one.clear else "no clear difference",
            )
            for one in shares.differences
        ),
    )


def _share_notes(one: MeanShare) -> str:
    notes = [one.by_identity] if one.by_identity else []
    if one.phi_background is not None:
        notes.append(f"background {one.phi_background:+.2f} ({one.phi_low:+.2f} to {one.phi_high:+.2f}) log-odds")
    return "; ".join(notes)
