"""Commands on backbones: backbones list, backbones fetch."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bgbias_core.cli.shared import AsJson, counter, print_json, print_table

NOTE = """\
No ConvNeXt and no DINOv2 weights come as a package: the hub, a mirror of it ($HF_ENDPOINT) or a file supplies them.
focus-vit-small is a ViT-S/14 that was tuned for saliency; it is not DINOv2."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    backbones = typer.Typer(help="What backbones there are; fetching their pretrained weights.", no_args_is_help=True)
    backbones.command("list")(list_)
    backbones.command()(fetch)
    app.add_typer(backbones, name="backbones")


def list_(as_json: AsJson = False) -> None:
    """List all backbones by name: image size, whether their pretrained weights are here, and what it takes."""
    from bgbias_core.models import BACKBONES, backbone_status

    statuses = [backbone_status(name) for name in BACKBONES]
    if as_json:
        print_json(
            [
                {"title": BACKBONES[one.name].title, "image_size": BACKBONES[one.name].size, **asdict(one)}
                for one in statuses
            ]
        )
        return
    print_table(
        ("name", "px", "weights", "MB", "licence", "from", "to do", "title"),
        (
            (
                one.name,
                BACKBONES[one.name].size,
                "here" if one.present else "–",
                "–" if one.bytes is None else round(one.bytes / 1e6),
                one.licence or "–",
                one.where,
                one.needs or "–",
                BACKBONES[one.name].title,
            )
            for one in statuses
        ),
    )
    typer.echo(f"\n{NOTE}")


def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A backbone, as backbones list names it, or timm/….")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FILE|URL", help="Take a file, or a mirror's address of it, in place of the usual place."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a backbone's pretrained weights to this machine; nothing happens where they are here already."""
    from bgbias_core.models import fetch_backbone

    status = fetch_backbone(name, source, counter("Bytes"))
    if as_json:
        print_json(asdict(status))
        return
    typer.echo(f"{name}: {status.where}")
