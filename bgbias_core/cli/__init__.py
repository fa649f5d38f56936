"""The command line: every button has a command.

With ``--json`` a command prints one JSON document on stdout and nothing else there; progress and errors go to stderr.
What a person can mend ends in one sentence on stderr and exit code 2, with nothing on stdout.
"""

from __future__ import annotations

import typer

from bgbias_core.cli import (
    aviary,
    backbones,
    benchmark,
    checkpoints,
    data,
    dials,
    evaluate,
    evaluations,
    explain,
    fetch,
    generate,
    jobs,
    pictures,
    report,
    segmenter,
    train,
)
from bgbias_core.cli.shared import SentenceGroup

app = typer.Typer(
    cls=SentenceGroup,
    help="See, measure and mend background bias in image classifiers. "
    "Errors are one sentence on stderr with exit code 2; --json prints one JSON document on stdout.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
pictures.register(app)
aviary.register(app)
evaluate.register(app)
evaluations.register(app)
report.register(app)
benchmark.register(app)
explain.register(app)
train.register(app)
checkpoints.register(app)
dials.register(app)
data.register(app)
generate.register(data.data_app)
fetch.register(data.data_app)
backbones.register(app)
segmenter.register(app)
jobs.register(app)

__all__ = ["app"]
