"""Commands on photographs: predict, mask, swap, swaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bgbias_core.cli.shared import (
    AsJson,
    BoxText,
    ImageFile,
    MaskerName,
    MaskFile,
    counter,
    percent,
    print_json,
    print_table,
    read_box,
    write_file,
)
from bgbias_core.errors import ConfigError, MaskError

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.images import Image
    from bgbias_core.masks import Masker, MaskResult
    from bgbias_core.models import Card

Checkpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint", metavar="NAME", help="A classifier; may be repeated; by default the three photo ones."
    ),
]
Scale = Annotated[float, typer.Option(help="Factor on the object's size.")]
Right = Annotated[float, typer.Option(help="Shift to the right, in widths of the picture.")]
Down = Annotated[float, typer.Option(help="Shift downwards, in heights of the picture.")]
Feather = Annotated[float, typer.Option(help="Softness of the object's rim in pixels.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (predict, mask, swap, swaps):
        app.command()(command)


def predict(
    image: ImageFile,
    mask: MaskFile = None,
    masker: MaskerName = None,
    box: BoxText = None,
    scene: Annotated[
        list[Path] | None, typer.Option("--scene", metavar="FILE", help="Another background; may be repeated.")
    ] = None,
    checkpoint: Checkpoints = None,
    feather: Feather = 0.0,
    scale: Scale = 1.0,
    dx: Right = 0.0,
    dy: Down = 0.0,
    as_json: AsJson = False,
) -> None:
    """Name the object of a photograph, before its own background and on other scenes."""
    from bgbias_core.compositing import Placement
    from bgbias_core.evaluation import changed, judge, present
    from bgbias_core.images import read_image
    from bgbias_core.models import load_checkpoint

    picture = read_image(image)
    scene_files = _names(scene or [])
    scenes = {name: read_image(path) for name, path in scene_files.items()}
    lifted, finder = _lift(picture, mask, masker, box)
    loaded = [load_checkpoint(name) for name in _unique(checkpoint) or _photo_checkpoints()]
    if lifted.empty and lifted.source != "given":
        typer.echo(f"{_nothing_found(image)} Only the original is judged.", err=True)
        scenes = {}
    presentations = present(
        picture,
        lifted,
        scenes,
        masker=finder,
        box=read_box(box),
        feather=feather,
        placement=Placement(scale, dx, dy),
    )
    verdicts = [(one.card, judge(one, presentations)) for one in loaded]
    if as_json:
        print_json(
            {
                "image": str(image),
                "mask": {"source": lifted.source, "masker": lifted.masker, "area": lifted.area, "empty": lifted.empty},
                "scenes": {name: str(path) for name, path in scene_files.items() if name in scenes},
                "results": [_describe(card, presentations, answers) for card, answers in verdicts],
            }
        )
        return
    for card, answers in verdicts:
        typer.echo(f"{card.name}: {card.description}")
        print_table(
            ("background", "mask", "changed", "top names"),
            (
                (verdict.presentation, verdict.mask_source, _yes(flag), _top(verdict))
                for verdict, flag in zip(answers, changed(answers), strict=True)
            ),
        )
        typer.echo()


def mask(
    image: ImageFile,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the mask goes, as PNG.", show_default=False)],
    masker: MaskerName = None,
    box: BoxText = None,
    as_json: AsJson = False,
) -> None:
    """Find the object of a photograph and write its mask."""
    from bgbias_core.images import encode_mask_png, read_image

    lifted, _ = _lift(read_image(image), None, masker, box)
    if lifted.empty:
        raise MaskError(_nothing_found(image))
    write_file(out, encode_mask_png(lifted.mask))
    if as_json:
        print_json({"out": str(out), "source": lifted.source, "masker": lifted.masker, "area": lifted.area})
        return
    typer.echo(f"{out}: {lifted.source} by {lifted.masker}, the object covers {percent(lifted.area)} of the picture")


def swap(
    image: ImageFile,
    scene: Annotated[Path, typer.Option(metavar="FILE", help="The new background.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the composite goes, as PNG.", show_default=False)],
    mask: MaskFile = None,
    masker: MaskerName = None,
    box: BoxText = None,
    feather: Feather = 0.0,
    scale: Scale = 1.0,
    dx: Right = 0.0,
    dy: Down = 0.0,
    as_json: AsJson = False,
) -> None:
    """Put the object of a photograph on another scene."""
    from bgbias_core import compositing
    from bgbias_core.images import encode_png, read_image

    picture = read_image(image)
    lifted, _ = _lift(picture, mask, masker, box)
    if lifted.empty and lifted.source != "given":
        raise MaskError(_nothing_found(image))
    placement = compositing.Placement(scale, dx, dy)
    composite = compositing.swap(picture, lifted.mask, read_image(scene), feather=feather, placement=placement)
    write_file(out, encode_png(composite.image))
    if as_json:
        height, width = composite.mask.shape
        found = {"source": lifted.source, "masker": lifted.masker, "area": float(composite.mask.mean())}
        print_json({"out": str(out), "width": width, "height": height, "mask": found})
        return
    typer.echo(f"{out}: mask {lifted.source} by {lifted.masker}")


def swaps(
    images: Annotated[
        Path, typer.Option(metavar="DIR", help="Photographs, in folders of any depth.", show_default=False)
    ],
    scenes: Annotated[Path, typer.Option(metavar="DIR", help="Scenes, one folder a place.", show_default=False)],
    masks: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Given masks: the photographs' paths, ending in .png.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="How many photographs are drawn.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws of photographs and scenes.")] = 0,
    masker: MaskerName = None,
    checkpoint: Checkpoints = None,
    as_json: AsJson = False,
) -> None:
    """Count how many top names change when photographs get one scene of every place."""
    from bgbias_core.evaluation import count_flips, draw_photographs, draw_scenes
    from bgbias_core.masks import DEFAULT_MASKER, load_masker
    from bgbias_core.models import load_checkpoint

    loaded = [load_checkpoint(name) for name in _unique(checkpoint) or _photo_checkpoints()]
    photographs = draw_photographs(images, masks, n, seed)
    counts = count_flips(
        loaded,
        photographs,
        draw_scenes(scenes, seed),
        load_masker(masker or DEFAULT_MASKER),
        progress=counter("photographs"),
    )
    if as_json:
        print_json({"photographs": [one.name for one in photographs], "counts": [asdict(count) for count in counts]})
        return
    print_table(
        ("checkpoint", "strategy", "mask", "photographs", "pairs", "changed", "no object", "flip rate", "95% interval"),
        (
            (
                count.checkpoint,
                count.strategy,
                f"{count.mask_source} {count.masker}".strip(),
                count.photographs,
                count.pairs,
                count.changed,
                count.no_object,
                "same pixels" if count.identity else percent(count.rate),
                "–" if count.rate is None else f"{percent(count.low)} to {percent(count.high)}",
            )
            for count in counts
        ),
    )


def _lift(picture: Image, mask: Path | None, masker: str | None, box: str | None) -> tuple[MaskResult, Masker | None]:
    from bgbias_core.masks import DEFAULT_MASKER, from_file, load_masker

    if mask is None:
        finder = load_masker(masker or DEFAULT_MASKER)
        return finder(picture, box=read_box(box)), finder
    if masker is not None or box is not None:
        raise ConfigError("--mask gives the object, --masker and --box look for it; give either the mask or those.")
    lifted = from_file(picture, mask)
    if lifted.empty:
        raise MaskError(f"The mask {mask} marks nothing; give one in which the object is white, or leave --mask out.")
    return lifted, None


def _nothing_found(image: Path) -> str:
    return f"No object found in {image}; draw a --box X,Y,W,H around it or give a --mask."


def _photo_checkpoints() -> Sequence[str]:
    from bgbias_core.models.photo import PHOTO_CHECKPOINTS

    return PHOTO_CHECKPOINTS


def _unique(names: Sequence[str] | None) -> list[str]:
    return list(dict.fromkeys(names or []))


def _names(paths: Sequence[Path]) -> dict[str, Path]:
    """A short name for every scene: the file's, or the whole path where two files share theirs."""
    unique = list(dict.fromkeys(paths))
    shared = Counter(path.name for path in unique)
    return {path.name if shared[path.name] == 1 else str(path): path for path in unique}


def _describe(card: Card, presentations: Sequence[Presentation], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    from bgbias_core.evaluation import changed

    return {
        "checkpoint": card.name,
        "strategy": card.strategy.name,
        "description": card.description,
        "presentations": [
            {
                "background": verdict.presentation,
                "mask_source": verdict.mask_source,
                "masker": verdict.masker,
                "object_area": shown.mask.area if card.strategy.needs_mask else None,
                "object_found": verdict.found,
                "changed": flag,
                "top": [
                    {"name": name, "probability": probability}
                    for name, probability in zip(verdict.names, verdict.probabilities, strict=True)
                ],
            }
            for shown, verdict, flag in zip(presentations, verdicts, changed(verdicts), strict=True)
        ],
    }


def _yes(flag: bool | None) -> str:
    return "–" if flag is None else "CHANGED" if flag else "no"


def _top(verdict: Verdict) -> str:
    if not verdict.found:
        return verdict.name
    return ", ".join(
        f"{name} {percent(share)}" for name, share in zip(verdict.names, verdict.probabilities, strict=True)
    )
