"""`segmenter`: train a network that finds the object, measure any masker, list what there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bgbias_core.cli.shared import AsJson, counter, percent, print_json, print_table
from bgbias_core.errors import ConfigError

if TYPE_CHECKING:
    from bgbias_core.images import Image, Mask
    from bgbias_core.masks import Masker
    from bgbias_core.training.segmenter_config import SegmenterConfig

segmenter_app = typer.Typer(help="Networks that find the object of a picture.", no_args_is_help=True)

Images = Annotated[list[Path] | None, typer.Option("--images", metavar="DIR", help="Photographs. May be repeated.")]
Masks = Annotated[
    list[Path] | None,
    typer.Option("--masks", metavar="DIR", help="Their masks, at the same paths as PNG. Once for each --images."),
]
Cub = Annotated[
    Path | None, typer.Option("--cub", metavar="DIR", help="CUB-200-2011 with its folder of segmentations.")
]


@segmenter_app.command("train")
def train(
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A configuration; see checkpoints/configs.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the segmenter.")] = None,
    images: Images = None,
    masks: Masks = None,
    cub: Cub = None,
    begin_with: Annotated[
        str | None, typer.Option("--begin-with", metavar="NAME", help="Go on from this segmenter's weights.")
    ] = None,
    held_back: Annotated[
        int | None, typer.Option("--held-back", help="So many photographs of --images are not trained on.")
    ] = None,
    held_back_classes: Annotated[
        str | None, typer.Option("--held-back-classes", help="Species of --cub that are not trained on, A,B,….")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the segmenter goes instead of one's own folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a segmenter on any photographs with masks; the same command again continues an interrupted training."""
    from bgbias_core.paths import own_segmenters, runs_folder
    from bgbias_core.training.segmenter import train_segmenter

    chosen = _configuration(config, name, images or [], masks or [], cub)
    changes: dict[str, Any] = {} if begin_with is None else {"begin_with": begin_with}
    if held_back is not None or held_back_classes is not None:
        classes = tuple(part.strip() for part in (held_back_classes or "").split(",") if part.strip())
        updates: dict[str, dict[str, Any]] = {
            "pairs": {"held_back": held_back or 0},
            "cub": {"held_back_classes": classes},
        }
        changes["data"] = tuple(source.model_copy(update=updates.get(source.name, {})) for source in chosen.data)
    chosen = chosen.model_copy(update=changes)
    card = train_segmenter(
        chosen,
        runs_folder() / chosen.name,
        out or own_segmenters(),
        progress=counter("steps"),
        preparing=counter("pictures opened"),
    )
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    typer.echo(f"{card.title} is trained and can be used as '{card.name}'.")


@segmenter_app.command("evaluate")
def evaluate(
    images: Images = None,
    masks: Masks = None,
    cub: Cub = None,
    aviary: Annotated[
        int, typer.Option("--aviary", min=0, metavar="N", help="N test birds of Aviary in places drawn at random.")
    ] = 0,
    segmenter: Annotated[
        list[str] | None,
        typer.Option(
            "--segmenter",
            metavar="NAME",
            help="Which masker; the one for photographs if none. Several: each on what it held back.",
        ),
    ] = None,
    held_back: Annotated[
        bool, typer.Option("--held-back", help="Only what the segmenter's card says it was not trained on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Mean per-image IoU with the given masks, with its 95% interval; of CUB, only test photographs are taken.

    Several segmenters, each trained without a part of the same data, are measured together on what each never saw.
    """
    from bgbias_core.evaluation.masks import score_masks, together
    from bgbias_core.masks import default_masker, load_masker

    maskers = [load_masker(name) for name in dict.fromkeys(segmenter or [default_masker("photograph")])]
    if len(maskers) > 1 and not held_back:
        raise ConfigError("Several segmenters are measured together only on what each held back; add --held-back.")
    parts = []
    for masker in maskers:
        only = _held_back(masker) if held_back else None
        pairs = [*_birds(aviary), *_listed(images or [], masks or [], cub, only, anything=aviary > 0)]
        read = ((name, *opened()) for name, opened in pairs)
        parts.append(score_masks(masker, read, total=len(pairs), progress=counter("masks found")))
    scores = together(parts)
    if as_json:
        print_json(scores.as_dict())
        return
    value, interval = scores.mean_iou
    print_table(
        ["masker", "mean IoU", "95% interval", "n", "IoU below 0.5", "ms a photograph"],
        [
            [
                scores.masker,
                f"{value:.3f}",
                f"{interval.low:.3f}–{interval.high:.3f}",
                len(scores.names),
                percent(scores.missed),
                f"{scores.as_dict()['milliseconds']:.0f}",
            ]
        ],
    )


def _held_back(masker: Masker) -> set[str]:
    from bgbias_core.masks.segmenter import Segmenter

    if not isinstance(masker, Segmenter):
        raise ConfigError(f"'{masker.name}' is no trained network and held nothing back; leave --held-back out.")
    if not (names := {name for some in masker.card.held_back.values() for name in some}):
        raise ConfigError(f"The card of '{masker.name}' names nothing that was held back; leave --held-back out.")
    return names


@segmenter_app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """The segmenters that there are, shipped and one's own."""
    from bgbias_core.masks.segmenters import list_segmenters

    cards, broken = list_segmenters()
    if as_json:
        print_json({"segmenters": [card.model_dump(mode="json") for card in cards.values()], "broken": broken})
        return
    print_table(
        ["name", "title", "size, px", "mean IoU on pictures not trained on"],
        [[card.name, card.title, card.size, _quality(card.quality)] for card in cards.values()],
    )
    for name, why in broken.items():
        typer.echo(f"{name}: {why}", err=True)


def _quality(measured: Any) -> str:
    return "; ".join(
        f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f}), n = {one.n:,}, {one.data}"
        + (" (a twin)" if one.network == "twin" else "")
        for one in measured
    )


def _configuration(
    file: Path | None, name: str | None, images: list[Path], masks: list[Path], cub: Path | None
) -> SegmenterConfig:
    """A configuration whose sources say where they lie."""
    from bgbias_core.training.segmenter_config import CubMasks, PairMasks, SegmenterConfig

    if len(images) != len(masks):
        raise ConfigError(
            f"Got {len(images)} times --images and {len(masks)} times --masks; give one folder of masks for each "
            "folder of photographs."
        )
    folders = [{"images": str(one), "masks": str(other)} for one, other in zip(images, masks, strict=True)]
    if file is None:
        sources: list[PairMasks | CubMasks] = [PairMasks(title=Path(one["images"]).name, **one) for one in folders]
        sources += [] if cub is None else [CubMasks(root=str(cub))]
        if name is None or not sources:
            raise ConfigError(
                "A segmenter needs a name and something to train on; give --config, or --name with --images and "
                "--masks or --cub."
            )
        return SegmenterConfig.checked({"name": name, "title": name, "data": [one.model_dump() for one in sources]})
    read = SegmenterConfig.read(file)
    left = iter(folders)
    filled: list[Any] = []
    for source in read.data:
        if isinstance(source, PairMasks) and not source.images:
            found = next(left, None)
            if found is None:
                raise ConfigError(f"The configuration trains on {source.title}; say where with --images and --masks.")
            filled.append(source.model_copy(update=found))
        elif isinstance(source, CubMasks) and not source.root:
            if cub is None:
                raise ConfigError("The configuration trains on CUB-200-2011; say where it lies with --cub.")
            filled.append(source.model_copy(update={"root": str(cub)}))
        else:
            filled.append(source)
    if next(left, None) is not None:
        raise ConfigError("The configuration names fewer folders of photographs than --images gives; leave some out.")
    return read.model_copy(update={"data": tuple(filled)} | ({} if name is None else {"name": name}))


def _birds(n: int) -> Iterator[tuple[str, Any]]:
    from bgbias_core.data import AviaryQuery, load_aviary

    if n:
        made = load_aviary(AviaryQuery("test", n, condition="OOD"))
        for number, pair in enumerate(zip(made.images, made.masks.astype("float32"), strict=True), start=1):
            yield f"test bird {number}", lambda pair=pair: pair


def _listed(
    images: list[Path], masks: list[Path], cub: Path | None, only: set[str] | None, *, anything: bool
) -> Iterator[tuple[str, Any]]:
    """Name of every pair and what opens it; nothing is opened yet."""
    from bgbias_core.data import open_cub
    from bgbias_core.data.pairs import open_pairs

    if len(images) != len(masks) or not (images or cub or anything):
        raise ConfigError("Give --images with one --masks each, or --cub, or --aviary.")
    for one, other in zip(images, masks, strict=True):
        pairs = open_pairs(one, other)
        for name in pairs.names:
            if only is None or name in only:
                yield name, lambda pairs=pairs, name=name: pairs.read(name)
    if cub is None:
        return
    birds = open_cub(cub)
    if not birds.has_masks:
        raise ConfigError(f"'{cub}' has no folder 'segmentations' to compare with; unpack CUB's masks there.")

    def read(entry: Any) -> tuple[Image, Mask]:
        sample = birds.read(entry)
        return sample.image, cast("Mask", sample.mask)  # birds.has_masks

    for entry in birds.entries:
        # A species that was held back was never seen, its training photographs included.
        if entry.label in only if only is not None else entry.split == "test":
            yield entry.name, lambda entry=entry: read(entry)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(segmenter_app, name="segmenter")
