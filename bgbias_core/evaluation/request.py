"""What is asked of checkpoints, whatever the data: from the options to the command, the header and the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bgbias_core import __version__
from bgbias_core.data.generate.writing import fingerprint_of_files
from bgbias_core.data.places import MAX_FILES, find_scenes
from bgbias_core.evaluation.headers import (
    check_checkpoints,
    command_of,
    describe_checkpoint,
    now,
    usual_name,
    versions,
)
from bgbias_core.evaluation.kept import KeptRows
from bgbias_core.evaluation.results import (
    SCHEMA_VERSION,
    EvaluatedData,
    Evaluation,
    Header,
    check_name,
    seal_of,
)
from bgbias_core.evaluation.run import SAMPLES_A_UNIT, Progress, Tick, Work, evaluate
from bgbias_core.masks import KeptMasks, load_masker, masker_key
from bgbias_core.models import Checkpoint


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked of some checkpoints.

    Attributes:
        kind: Kind of the data.
        checkpoints: Which classifiers, in the order in which people see them.
        options: Value of every option of the command that differs from its default and changes the rows.
        asked_name: Name of the evaluation; ``None`` makes one from checkpoints and options.
        masker: What predicts masks, and remembers them.
        seed: Seed of all draws.
        batch_size: How many pictures go through a network at once; ``None`` for the usual number.

    Raises:
        ConfigError: There is no checkpoint, or one is there twice.
        EvaluationError: The name cannot be one.
    """

    kind: str
    checkpoints: Sequence[Checkpoint]
    options: Mapping[str, object]
    asked_name: str | None
    masker: KeptMasks
    seed: int
    batch_size: int | None

    def __post_init__(self) -> None:
        check_checkpoints(self.checkpoints)
        check_name(self.name)

    @property
    def command(self) -> str:
        """The command that makes the evaluation again."""
        return command_of(self.kind, [one.card.name for one in self.checkpoints], self.options)

    @property
    def name(self) -> str:
        """Name of the evaluation."""
        return self.asked_name or usual_name(self.kind, [one.card.name for one in self.checkpoints], self.command)

    def carry_out(
        self,
        works: Sequence[Work],
        *,
        data: EvaluatedData,
        title: str,
        classes: Sequence[str],
        n: int,
        reference: str,
        workers: int,
        progress: Progress | None,
    ) -> Evaluation:
        """Ask, or go on asking where the same request stopped.

        Args:
            works: The checkpoints and all pictures.
            data: Which pictures these are.
            title: What they are, as people read it.
            classes: The data's classes.
            n: Number of samples.
            reference: The condition to which names and probabilities are compared.
            workers: How many threads make pictures.
            progress: Called with (steps done, all of them).
        """
        kept = KeptRows(self._facts(data))
        tick = Tick(progress, sum(unit.steps for work in works for unit in work.units))
        rows = evaluate(
            works,
            kept,
            reference=reference,
            masker=self.masker.name,
            workers=workers,
            batch_size=self.batch_size,
            tick=tick,
        )
        whose = self.checkpoints[0].card.title if len(self.checkpoints) == 1 else f"{len(self.checkpoints)} checkpoints"
        header = Header(
            name=self.name,
            title=f"{title}: {whose}",
            data=data,
            classes=tuple(classes),
            checkpoints=tuple(
                describe_checkpoint(one, classes, hard_masks=rows.hard_masks) for one in self.checkpoints
            ),
            masker=self.masker.name,
            seed=self.seed,
            n=n,
            created=now(),
            command=self.command,
            versions=versions(),
        )
        kept.remove()
        return Evaluation(header, rows.table)

    def _facts(self, data: EvaluatedData) -> dict[str, object]:
        """Everything that fixes the rows, and nothing else: not the order of checkpoints, not the number of workers."""
        return {
            "command": command_of(self.kind, sorted(one.card.name for one in self.checkpoints), self.options),
            "seals": {one.card.name: [seal_of(one.card), str(one.device)] for one in self.checkpoints},
            "data": data.model_dump(mode="json"),
            "scenes": fingerprint_of_scenes(data.scenes),
            "masker": masker_key(self.masker.masker),
            "seed": self.seed,
            "batch_size": self.batch_size,
            "samples a unit": SAMPLES_A_UNIT,
            "versions": versions() | {"bgbias": __version__, "schema": str(SCHEMA_VERSION)},
        }


def open_masker(name: str) -> KeptMasks:
    """A masker that remembers.

    Raises:
        UnknownNameError: There is no such masker.
    """
    return KeptMasks(load_masker(name))


def fingerprint_of_scenes(folder: str) -> str:
    """sha256 over names and sizes of all scenes of a folder; empty without one.

    Raises:
        ConfigError: The folder is missing or holds no scene.
    """
    if not folder:
        return ""
    root = Path(folder)
    paths = [path for paths in find_scenes(root, per_place=MAX_FILES).values() for path in paths]
    return fingerprint_of_files(root, [path.relative_to(root).as_posix() for path in paths])


def whole_path(folder: str | Path | None) -> Path | None:
    """The whole path of a folder: a page of an app that was started elsewhere opens the same files again."""
    return None if folder is None else Path(folder).expanduser().resolve()


def plain(options: Mapping[str, object]) -> dict[str, object]:
    """Options as a header keeps them: without those that are left out, as texts and lists of texts."""
    return {
        name: [str(one) for one in value] if isinstance(value, tuple) else str(value)
        for name, value in options.items()
        if value is not None
    }
