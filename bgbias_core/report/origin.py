"""Where the numbers of a report come from, and how to make them again."""

from __future__ import annotations

import importlib.metadata
import shlex
from dataclasses import dataclass

from bgbias_core import __version__
from bgbias_core.data import DATA_SETS
from bgbias_core.evaluation import Header, seal_of
from bgbias_core.evaluation.headers import usual_name
from bgbias_core.models import list_checkpoints
from bgbias_core.paths import SHIPPED_EVALUATIONS

UNKNOWN_LICENCE = "not known"


@dataclass(frozen=True)
class Maker:
    """One checkpoint, as far as it is known.

    Attributes:
        name: Its name.
        title: As people read it.
        strategy: ``unmasked``, ``early`` or ``late``.
        backbone: Name of its backbone.
        depth: Where it masks; ``None`` for unmasked.
        trained_on: Name of its training data.
        correlation: That data's correlation, on Aviary.
        seal: What fixed it when it was evaluated.
        seed: Seed of its training; ``None`` where it is not known.
        state: What became of it since; empty where it is still the same.
    """

    name: str
    title: str
    strategy: str
    backbone: str
    depth: int | None
    trained_on: str
    correlation: float | None
    seal: str
    seed: int | None
    state: str


@dataclass(frozen=True)
class Origin:
    """How the numbers were made.

    Attributes:
        evaluate_command: The command that computes them again.
        report_command: The command that writes this report again.
        data: The data set, as people read it.
        licence: Its licence of use, where known.
        fingerprint: sha256 over what fixes its content.
        seed: Seed of all draws.
        created: When the evaluation was made, ISO 8601.
        masker: Name of what predicted the masks.
        checkpoints: Who was evaluated.
        evaluated_with: Versions of the libraries that answered.
        reported_with: Versions of the libraries that wrote the report.
    """

    evaluate_command: str
    report_command: str
    data: str
    licence: str
    fingerprint: str
    seed: int
    created: str
    masker: str
    checkpoints: tuple[Maker, ...]
    evaluated_with: dict[str, str]
    reported_with: dict[str, str]


def origin_of(header: Header) -> Origin:
    """What can be said of an evaluation's making."""
    spec = DATA_SETS.get(header.data.kind)
    return Origin(
        evaluate_command=_evaluate_command(header),
        report_command=shlex.join(["python", "-m", "bgbias_core", "report", header.name]),
        data=header.data.title,
        licence=UNKNOWN_LICENCE if spec is None else spec.licence,
        fingerprint=header.data.fingerprint,
        seed=header.seed,
        created=header.created,
        masker=header.masker,
        checkpoints=_makers(header),
        evaluated_with=dict(header.versions),
        reported_with={"bgbias": __version__, "plotly": importlib.metadata.version("plotly")},
    )


def _evaluate_command(header: Header) -> str:
    """The command with the name under which the report looks for the evaluation, where it needs to be said."""
    usual = usual_name(header.data.kind, [one.name for one in header.checkpoints], header.command)
    if header.name == usual or (SHIPPED_EVALUATIONS / f"{header.name}.parquet").is_file():
        return header.command
    return f"{header.command} --name {shlex.quote(header.name)}"


def _makers(header: Header) -> tuple[Maker, ...]:
    cards = list_checkpoints(dials=True).cards
    made = []
    for one in header.checkpoints:
        card = cards.get(one.name)
        same = card is not None and seal_of(card) == one.seal
        state = "" if same else "gone since" if card is None else "trained anew since"
        made.append(
            Maker(
                name=one.name,
                title=one.title,
                strategy=one.strategy,
                backbone=one.backbone,
                depth=one.depth,
                trained_on=one.trained_on,
                correlation=one.correlation,
                seal=one.seal,
                seed=card.seed if card is not None and same else None,
                state=state,
            )
        )
    return tuple(made)
