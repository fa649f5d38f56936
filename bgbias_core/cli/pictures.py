"""Commands on photographs: predict, mask, swap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bgbias_core.cli.shared import (
    AsJson,
    BoxText,
    ImageFile,
    MaskerName,
    MaskFile,
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
    for command in (predict, mask, swap):
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
    lifted, finder = lift(picture, mask, masker, box)
    loaded = [load_checkpoint(name) for name in unique(checkpoint) or _photo_checkpoints()]
    if lifted.empty and lifted.source != "given":
        typer.echo(f"{nothing_found(image)} Only the original is judged.", err=True)
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

    lifted, _ = lift(read_image(image), None, masker, box)
    if lifted.empty:
        raise MaskError(nothing_found(image))
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
    lifted, _ = lift(picture, mask, masker, box)
    if lifted.empty and lifted.source != "given":
        raise MaskError(nothing_found(image))
    placement = compositing.Placement(scale, dx, dy)
    composite = compositing.swap(picture, lifted.mask, read_image(scene), feather=feather, placement=placement)
    write_file(out, encode_png(composite.image))
    if as_json:
        height, width = composite.mask.shape
        found = {"source": lifted.source, "masker": lifted.masker, "area": float(composite.mask.mean())}
        print_json({"out": str(out), "width": width, "height": height, "mask": found})
        return
    typer.echo(f"{out}: mask {lifted.source} by {lifted.masker}")


def lift(picture: Image, mask: Path | None, masker: str | None, box: str | None) -> tuple[MaskResult, Masker | None]:
    """A photograph's mask, from its file or by a masker, and that masker.

    Raises:
        ConfigError: Both a mask and something that looks for one are given.
        MaskError: The mask does not belong to the photograph, or marks nothing.
    """
    from bgbias_core.masks import default_masker, from_file, load_masker

    if mask is None:
        finder = load_masker(masker or default_masker("photograph"))
        return finder(picture, box=read_box(box)), finder
    if masker is not None or box is not None:
        raise ConfigError("--mask gives the object, --masker and --box look for it; give either the mask or those.")
    lifted = from_file(picture, mask)
    if lifted.empty:
        raise MaskError(f"The mask {mask} marks nothing; give one in which the object is white, or leave --mask out.")
    return lifted, None


def nothing_found(image: Path) -> str:
    """What a person reads where a masker finds nothing."""
    return f"No object found in {image}; draw a --box X,Y,W,H around it or give a --mask."


def _photo_checkpoints() -> Sequence[str]:
    from bgbias_core.models.photo import PHOTO_CHECKPOINTS

    return PHOTO_CHECKPOINTS


def unique(names: Sequence[str] | None) -> list[str]:
    """Names in their order, each once."""
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
