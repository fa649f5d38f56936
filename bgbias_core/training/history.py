"""What a run has reached: one entry an epoch, and the epoch under way as often as once a second."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from bgbias_core.errors import ConfigError
from bgbias_core.paths import replace_file

_POINTS = 20  # of the curve, an epoch
_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Attributes:
        epoch: Number, from 1.
        loss: Mean training loss over the batches.
        accuracy: Mean training score over the batches, on the augmented images and while the weights still changed.
        scores: Validation score by monitor ("ID", "OOD"); higher is better, and the first chooses the epoch.
        seconds: Wall-clock time with validation.
    """

    epoch: int
    loss: float
    accuracy: float
    scores: dict[str, float]
    seconds: float

    @property
    def score(self) -> float:
        """The score that chooses the epoch."""
        return next(iter(self.scores.values()))


@dataclass(frozen=True)
class Live:
    """The epoch under way, or the last one.

    Attributes:
        epoch: Number, from 1.
        epochs: Epochs in all.
        step: Steps done in this epoch.
        total: Steps of an epoch.
        loss: Mean training loss over this epoch's steps so far.
        accuracy: Mean training score over them.
        curve: (step, loss, accuracy) about twenty times an epoch, each the mean since the point before.
    """

    epoch: int
    epochs: int
    step: int
    total: int
    loss: float
    accuracy: float
    curve: tuple[tuple[int, float, float], ...]


class LiveWriter:
    """Writes ``live.json`` at most once a second.

    Args:
        folder: The run's folder.
        epoch: Number, from 1.
        total: Steps of an epoch.
        epochs: Epochs in all.
    """

    def __init__(self, folder: Path, epoch: int, total: int, epochs: int) -> None:
        self._path, self._epoch, self._total, self._epochs = folder / "live.json", epoch, total, epochs
        self._written = 0.0

    def tick(self, reached: Sequence[Tensor]) -> None:
        """Take note of the steps so far.

        Args:
            reached: Loss and score of every step of the epoch, ``[2]`` each.
        """
        now = time.monotonic()
        if now - self._written < _EVERY_SECONDS and len(reached) < self._total:
            return
        self._written = now
        steps = torch.stack(list(reached)).cpu()
        loss, accuracy = steps.mean(dim=0).tolist()
        length = max(1, self._total // _POINTS)
        curve = tuple(
            (start + len(part), *part.mean(dim=0).tolist())
            for start, part in ((start, steps[start : start + length]) for start in range(0, len(steps), length))
            if len(part) == length
        )
        live = Live(self._epoch, self._epochs, len(reached), self._total, loss, accuracy, curve)
        replace_file(self._path, lambda path: path.write_text(json.dumps(asdict(live))))


def read_history(run: Path) -> list[Epoch]:
    """The epochs that a run has finished; none where it has not begun.

    Raises:
        ConfigError: The record is of an earlier version or damaged.
    """
    path = run / "history.json"
    if not path.is_file():
        return []
    try:
        return [Epoch(**entry) for entry in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"The record of the run in {run} is damaged or of an earlier version ({path.name} does not hold the "
            "entries it must); choose another folder or delete it."
        ) from error


def read_live(run: Path) -> Live | None:
    """The epoch under way; ``None`` before the first step."""
    try:
        body = json.loads((run / "live.json").read_text())
        return Live(**body | {"curve": tuple((int(step), loss, score) for step, loss, score in body["curve"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
