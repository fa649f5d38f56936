"""Commands on jobs: jobs list, show, log, start, stop, resume, delete."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from bgbias_core import jobs
from bgbias_core.cli.shared import AsJson, print_json, print_table

Name = Annotated[str, typer.Argument(metavar="NAME", help="The job, as jobs list names it.", show_default=False)]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="Where it computes: cpu, mps, cuda or cuda:N.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Commands in processes of their own: one at a time on each device, the rest wait.", no_args_is_help=True
    )
    group.command("list")(list_)
    for command in (show, log, start, stop, resume, delete):
        group.command()(command)
    group.command("run", hidden=True)(run)
    app.add_typer(group, name="jobs")


def list_(as_json: AsJson = False) -> None:
    """List all jobs, newest first."""
    found = jobs.list_jobs()
    if as_json:
        print_json([_document(job) for job in found])
        return
    print_table(
        ("name", "state", "progress", "device", "title"),
        ((job.name, job.state, _progress(job), job.device, job.title) for job in found),
    )


def show(name: Name, as_json: AsJson = False) -> None:
    """Show where a job stands."""
    _print(jobs.find_job(name), as_json)


def log(
    name: Name,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Print the end of what a job printed."""
    tail = jobs.log_tail(name, lines)
    if as_json:
        print_json({"name": name, "log": tail})
        return
    typer.echo(tail)


def start(
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND…", help="The command and its options.", show_default=False)
    ],
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What to call it; by default the command.", show_default=False)
    ] = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Run any of these commands as a job, for example: jobs start -- train --config FILE."""
    _print(jobs.start(title or shlex.join(command), command, device=device), as_json)


def stop(name: Name, as_json: AsJson = False) -> None:
    """Stop a job that waits or runs; a running one ends within seconds."""
    _print(jobs.stop(name), as_json)


def resume(name: Name, as_json: AsJson = False) -> None:
    """Put a stopped or failed job back into the queue; it goes on from what it saved."""
    _print(jobs.resume(name), as_json)


def delete(name: Name, as_json: AsJson = False) -> None:
    """Remove a job that does not run, with its log and its files."""
    jobs.delete(name)
    if as_json:
        print_json({"deleted": name})
        return
    typer.echo(f"{name}: deleted")


def run(device: Device = "cpu", as_json: AsJson = False) -> None:
    """Run the queue of a device until it is empty; jobs start does this by itself."""
    jobs.run_queue(device)
    if as_json:
        print_json({"device": device})


def _print(job: jobs.Job, as_json: bool) -> None:
    if as_json:
        print_json(_document(job))
        return
    rows = [
        ("name", job.name),
        ("title", job.title),
        ("state", job.state),
        ("reason", job.reason),
        ("progress", _progress(job)),
        ("device", job.device),
        ("started", _moment(job.started)),
        ("ended", _moment(job.ended)),
        ("command", job.shell),
        ("folder", job.folder),
    ]
    print_table(("job", ""), (row for row in rows if row[1]))


def _document(job: jobs.Job) -> dict[str, Any]:
    return {**asdict(job), "folder": str(job.folder), "shell": job.shell}


def _progress(job: jobs.Job) -> str:
    return f"{job.done} of {job.total} {job.doing}".rstrip() if job.total else ""


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S %Z}"
