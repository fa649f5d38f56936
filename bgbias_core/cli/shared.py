"""What commands share: how they fail, print, count and write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bgbias_core import jobs
from bgbias_core.errors import BgBiasError, ConfigError

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
ImageFile = Annotated[Path, typer.Option("--image", metavar="FILE", help="The photograph.", show_default=False)]
MaskFile = Annotated[
    Path | None, typer.Option("--mask", metavar="FILE", help="Its mask, white = object, of the same size.")
]
MaskerName = Annotated[
    str | None, typer.Option("--masker", metavar="NAME", help="What finds the object where no mask is given.")
]
BoxText = Annotated[str | None, typer.Option("--box", metavar="X,Y,W,H", help="Where the masker looks, in pixels.")]


class SentenceGroup(TyperGroup):
    """Turns what a person can mend into one sentence on stderr and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        try:
            jobs.enter()
            result = super().invoke(ctx)
        except BgBiasError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(2) from error
        jobs.finish()
        return result


def print_json(value: object) -> None:
    """Print one JSON document; numbers that are none become null."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print plain columns, wide enough for their longest entry."""
    lines = [list(headers), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def counter(what: str) -> Callable[[int, int], None]:
    """A progress callback that counts on stderr: on one line of a terminal, in tenths anywhere else; and to its job."""
    last = -1

    def show(done: int, total: int) -> None:
        nonlocal last
        jobs.report(done, total, what)
        step = 100 if sys.stderr.isatty() else 10
        share = done * step // max(total, 1)
        if share == last:
            return
        last = share
        end = "\n" if done >= total or not sys.stderr.isatty() else ""
        typer.echo(f"{chr(13) if sys.stderr.isatty() else ''}{what}: {done} of {total}{end}", err=True, nl=False)

    return show


def read_box(text: str | None) -> tuple[int, int, int, int] | None:
    """Read ``X,Y,W,H``.

    Raises:
        ConfigError: The text is not four whole numbers.
    """
    if text is None:
        return None
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(
            f"--box takes four whole numbers X,Y,W,H in pixels, got '{text}'; for example 40,30,200,150."
        ) from None
    return left, top, width, height


def write_file(path: Path, data: bytes) -> None:
    """Write a file into a folder that exists.

    Raises:
        ConfigError: The folder is missing or the file cannot be written.
    """
    if not path.parent.is_dir():
        raise ConfigError(
            f"The folder '{path.parent}' does not exist; make it first, or choose another place for the result."
        )
    try:
        path.write_bytes(data)
    except OSError as error:
        raise unwritable(path, error) from error


def make_folder(path: Path) -> Path:
    """Make a folder and those above it.

    Raises:
        ConfigError: It cannot be made, or a file bears its name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def unwritable(path: Path, error: OSError) -> ConfigError:
    """The sentence for what the file system refuses."""
    return ConfigError(f"'{path}' cannot be written ({error.strerror}); choose another place for the result.")


def percent(value: float | None) -> str:
    """A share as a person reads it.

    >>> percent(0.4567)
    '45.7%'
    """
    return "–" if value is None else f"{100 * value:.1f}%"
