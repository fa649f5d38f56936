"""Where a run goes on: its device and precision, and a folder that one process at a time has to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from pydantic import BaseModel, ValidationError

from bgbias_core.errors import ConfigError
from bgbias_core.paths import replace_file, take_lock
from bgbias_core.training.config import TrainingConfig
from bgbias_core.training.segmenter_config import SegmenterConfig


def make_accelerator(config: TrainingConfig | SegmenterConfig) -> Accelerator:
    """The device and precision of a configuration.

    Raises:
        ConfigError: The precision cannot be had in this process.
    """
    precision = config.optimisation.mixed_precision
    try:
        return Accelerator(
            mixed_precision=precision,
            cpu=not torch.cuda.is_available(),
            dataloader_config=DataLoaderConfiguration(use_seedable_sampler=True, data_seed=config.seed),
        )
    except ValueError as error:
        raise ConfigError(
            f"'{config.name}' cannot train with mixed_precision '{precision}' here: the machine has no such precision, "
            "or this process has trained with another one, and Accelerate keeps the first. Start a new process, or "
            "change mixed_precision."
        ) from error


@contextmanager
def alone(run: Path, accelerator: Accelerator) -> Iterator[None]:
    """Keep a second process from training in the same folder; the lock ends with its process, however that ends.

    Raises:
        ConfigError: Another process trains there.
    """
    if not accelerator.is_main_process:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    taken = f"The run in {run} is being trained by another process; wait for it, stop it, or choose another folder."
    with take_lock(run / ".lock", ConfigError(taken)):
        yield


def claim(run: Path, config: BaseModel, fingerprint: str) -> None:
    """Make the folder this run's own.

    Args:
        run: The folder.
        config: The run's configuration.
        fingerprint: What fixes the content of its data.

    Raises:
        ConfigError: It holds another configuration, or another version of the data.
    """
    record, data = run / "config.json", run / "data.sha256"
    if not data.is_file():
        run.mkdir(parents=True, exist_ok=True)
        replace_file(record, lambda path: path.write_text(config.model_dump_json(indent=1) + "\n"))
        replace_file(data, lambda path: path.write_text(fingerprint))
    elif not _is(config, record) or data.read_text() != fingerprint:
        raise ConfigError(
            f"The folder {run} holds a run with another configuration or version of the data; "
            "choose another folder or delete it."
        )


def _is(config: BaseModel, record: Path) -> bool:
    try:
        return type(config).model_validate_json(record.read_bytes()) == config
    except (OSError, ValidationError):
        return False
