"""What the header of an evaluation says of checkpoints, command and libraries."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.results import EvaluatedCheckpoint, seal_of
from bgbias_core.models import Checkpoint


def check_checkpoints(checkpoints: Sequence[Checkpoint]) -> None:
    """Refuse what cannot be evaluated together.

    Raises:
        ConfigError: There is no checkpoint, or one is there twice.
    """
    names = [checkpoint.card.name for checkpoint in checkpoints]
    if not names:
        raise ConfigError("There is no checkpoint to evaluate; name at least one.")
    if len(set(names)) != len(names):
        raise ConfigError(f"A checkpoint is named twice ({', '.join(names)}); name each once.")


def describe_checkpoint(checkpoint: Checkpoint, classes: Sequence[str], *, hard_masks: bool) -> EvaluatedCheckpoint:
    """What a header says of a checkpoint.

    Args:
        checkpoint: Which.
        classes: The data's classes.
        hard_masks: Whether every given mask is hard, so that early masking sees the same pixels everywhere.
    """
    card = checkpoint.card
    return EvaluatedCheckpoint(
        name=card.name,
        title=card.title,
        strategy=card.strategy.name,
        backbone=card.architecture.backbone,
        seal=seal_of(card),
        same_classes=set(classes) <= set(card.classes),
        class_count=len(card.classes),
        trained_on=card.training_data.name,
        same_pixels=hard_masks and card.strategy.hides_background,
        correlation=card.training_data.parameters.get("correlation"),
        depth=checkpoint.classifier.depth,
    )


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of what an answer may depend on."""
    packages = ("torch", "timm", "numpy", "opencv-python-headless")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def command_of(data: str, checkpoints: Sequence[str], options: Mapping[str, object]) -> str:
    """The command that makes an evaluation again.

    Args:
        data: Kind of the data.
        checkpoints: Their names.
        options: Value of every option that differs from its default, without its dashes; ``None`` is left out, and
            of a tuple or list each value is given.
    """
    words = ["python", "-m", "bgbias_core", "evaluate", "--data", data]
    for name in checkpoints:
        words += ["--checkpoint", name]
    for option, value in options.items():
        for one in value if isinstance(value, (tuple, list)) else (value,):
            words += [] if one is None else [f"--{option}", str(one)]
    return shlex.join(words)


def usual_name(data: str, checkpoints: Sequence[str], command: str) -> str:
    """A name for an evaluation: the same for the same command, and another for another."""
    whose = checkpoints[0] if len(checkpoints) == 1 else f"{len(checkpoints)}-checkpoints"
    prefix = "" if whose.startswith(f"{data}-") else f"{data}-"
    return f"{prefix}{whose}-{hashlib.sha256(command.encode()).hexdigest()[:6]}"
