"""Commands on Aviary: aviary render."""

from __future__ import annotations

import csv
import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bgbias_core.cli.shared import (
    AsJson,
    counter,
    make_folder,
    print_json,
    write_file,
)

if TYPE_CHECKING:
    from bgbias_core.aviary import Recipe

_COLUMNS = (
    "index", "image", "mask", "parts", "species", "family", "place", "place_group", "split", "condition", "bird_seed",
    "scene_seed",
)  # fmt: skip


class Split(StrEnum):
    """Splits of Aviary."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Condition(StrEnum):
    """Places as in training, or independent of the species."""

    ID = "ID"
    OOD = "OOD"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    aviary = typer.Typer(help="The built-in benchmark of drawn birds.", no_args_is_help=True)
    aviary.command()(render)
    aviary.callback()(_aviary)
    app.add_typer(aviary, name="aviary")


def _aviary() -> None:
    """The built-in benchmark of drawn birds."""


def render(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pictures go.", show_default=False)],
    n: Annotated[int, typer.Option(min=1, max=100_000, help="How many pictures.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other pictures.")] = 0,
    size: Annotated[int, typer.Option(min=32, max=2048, help="Side in pixels.")] = 512,
    split: Annotated[Split, typer.Option(help="Splits share no birds.")] = Split.TEST,
    condition: Annotated[Condition, typer.Option(help="Places as in training, or at random.")] = Condition.ID,
    correlation: Annotated[
        float, typer.Option(min=0, max=1, help="How often a species stands in its home place, ID.")
    ] = 0.95,
    as_json: AsJson = False,
) -> None:
    """Draw birds with their masks, part masks and a metadata.csv."""
    from bgbias_core.aviary import draw_recipes

    recipes = draw_recipes(split.value, n, condition=condition.value, correlation=correlation, seed=seed)
    for folder in ("images", "masks", "parts"):
        make_folder(out / folder)
    progress = counter("pictures")
    rows = []
    for index, recipe in enumerate(recipes):
        rows.append({**_write_picture(recipe, index, size, out), "split": split.value, "condition": condition.value})
        progress(index + 1, n)
    table = io.StringIO()
    writer = csv.DictWriter(table, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "parts": " ".join(row["parts"])} for row in rows)
    write_file(out / "metadata.csv", table.getvalue().encode())
    if as_json:
        print_json({"out": str(out), "n": n, "size": size, "seed": seed, "correlation": correlation, "samples": rows})
        return
    typer.echo(f"{out}: {n} pictures of {size}×{size} pixels, their masks and part masks, and metadata.csv")


def _write_picture(recipe: Recipe, index: int, size: int, out: Path) -> dict[str, Any]:
    """Write one picture and its masks; returns its line of the table."""
    from bgbias_core.aviary import PLACES, SPECIES
    from bgbias_core.aviary import render as draw
    from bgbias_core.images import encode_mask_png, encode_png

    rendering = draw(recipe, size)
    name = f"{index:05d}-{recipe.species.replace(' ', '_')}"
    files = {"image": f"images/{name}.png", "mask": f"masks/{name}.png"}
    parts = {part: f"parts/{name}-{part}.png" for part in rendering.parts}
    write_file(out / files["image"], encode_png(rendering.image))
    write_file(out / files["mask"], encode_mask_png(rendering.mask))
    for part, file in parts.items():
        write_file(out / file, encode_mask_png(rendering.parts[part]))
    return {
        "index": index,
        **files,
        "parts": list(parts.values()),
        "species": recipe.species,
        "family": SPECIES[recipe.species].family,
        "place": recipe.place,
        "place_group": PLACES[recipe.place].group,
        "bird_seed": recipe.bird_seed,
        "scene_seed": recipe.scene_seed,
    }
