"""What a training run will take on this machine: a few of its own steps, timed on random pictures."""

from __future__ import annotations

import math
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from accelerate import Accelerator
from accelerate.utils import set_seed

from bgbias_core.aviary import render
from bgbias_core.data.renderings import is_rendered
from bgbias_core.models import Card, MaskedClassifier
from bgbias_core.training.batches import MaskedImages, loader
from bgbias_core.training.config import TrainingConfig
from bgbias_core.training.data import Arrays, memory_of
from bgbias_core.training.sources import AviaryTraining, PhotographTraining, open_training_data
from bgbias_core.training.train import accuracy, build, fit_classifier, image_size, make_accelerator, make_card

_WARM_UP = 3
_FEWEST_STEPS = 3
_STEPS = 20
_SECONDS = 4.0  # of steps after the warm-up, unless the fewest take longer
_SAMPLE_BYTES = 2**29
_PICTURES = 12


@dataclass(frozen=True)
class Estimate:
    """What a run will take, from its first step of work to the checkpoint.

    Attributes:
        seconds: Wall-clock time in all.
        memory_bytes: Most memory that the process will use, its data included.
        steps: Training steps.
        seconds_a_step: Wall-clock time of one: the median of some.
        seconds_checking: Passes over held-back samples, and states written to disk.
        seconds_preparing: Building the model, and rendering, or reading and masking photographs.
        device: Where it will run.
    """

    seconds: float
    memory_bytes: int
    steps: int
    seconds_a_step: float
    seconds_checking: float
    seconds_preparing: float
    device: str


class _EnoughError(Exception):
    """Raised from the progress callback when enough steps are timed."""


def estimate(config: TrainingConfig) -> Estimate:
    """Build the model and train it for a few steps on random pictures; no run and no data set is left behind.

    What is in the cache already counts as prepared. The memory is right in a process of its own, because what a process
    used before counts too.

    Raises:
        ConfigError: The precision cannot be had in this process, or the data leave a part empty.
        ModelError: The model cannot be built or its weights cannot be had.
        BgBiasError: The data are not there or cannot be read.
    """
    started = time.monotonic()
    accelerator = make_accelerator(config)
    size = image_size(config)
    data = open_training_data(config, size)
    set_seed(config.seed)
    classifier, origin = build(config, len(data.classes))
    preparing = time.monotonic() - started
    card = make_card(config, data, classifier, origin)
    preparing += _preparation(data, card)

    optimisation = config.optimisation
    steps = optimisation.epochs * math.ceil(data.counts["train"] / optimisation.batch_size)
    sample = _random_sample(optimisation.batch_size, size, len(data.classes))
    with tempfile.TemporaryDirectory() as folder:
        seconds_a_step = _seconds_a_step(config, classifier, sample, Path(folder), accelerator)
        started = time.monotonic()
        accelerator.save_state(str(Path(folder) / "state"))
        saving = time.monotonic() - started
    checking = _seconds_a_sample(classifier, sample, 4 * optimisation.batch_size, accelerator)
    held_back = sum(count for part, count in data.counts.items() if part != "train")
    seconds_checking = optimisation.epochs * (held_back * checking + saving)
    return Estimate(
        seconds=preparing + steps * seconds_a_step + seconds_checking,
        memory_bytes=_peak_memory() - sample.images.nbytes - sample.masks.nbytes + memory_of(data, size),
        steps=steps,
        seconds_a_step=seconds_a_step,
        seconds_checking=seconds_checking,
        seconds_preparing=preparing,
        device=str(accelerator.device),
    )


def estimate_all(configs: Sequence[TrainingConfig]) -> dict[str, Estimate]:
    """Estimates of runs that follow one another, by name; data that an earlier one prepares is there for the later.

    Raises:
        BgBiasError: As :func:`estimate`.
    """
    estimates: dict[str, Estimate] = {}
    prepared: set[str] = set()
    for config in configs:
        fingerprint = open_training_data(config, image_size(config)).fingerprint
        one = estimate(config)
        if fingerprint in prepared:
            one = replace(one, seconds=one.seconds - one.seconds_preparing, seconds_preparing=0.0)
        prepared.add(fingerprint)
        estimates[config.name] = one
    return estimates


def _random_sample(batch_size: int, size: int, classes: int) -> Arrays:
    steps = min(_WARM_UP + _STEPS, max(_WARM_UP + _FEWEST_STEPS, _SAMPLE_BYTES // (batch_size * size**2 * 4)))
    random, n = np.random.default_rng(0), batch_size * steps
    masks = np.zeros((n, size, size), np.uint8)
    masks[:, size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] = 255
    return Arrays(
        random.integers(256, size=(n, size, size, 3), dtype=np.uint8), masks, random.integers(classes, size=n)
    )


def _seconds_a_step(
    config: TrainingConfig, classifier: MaskedClassifier, sample: Arrays, run: Path, accelerator: Accelerator
) -> float:
    ticks: list[float] = []

    def tick(done: int, _: int) -> None:
        ticks.append(time.monotonic())
        if done >= _WARM_UP + _FEWEST_STEPS and ticks[-1] - ticks[_WARM_UP - 1] > _SECONDS:
            raise _EnoughError

    one_epoch = config.optimisation.model_copy(update={"epochs": 1})
    few = Arrays(sample.images[:1], sample.masks[:1], sample.labels[:1])
    with suppress(_EnoughError):
        fit_classifier(
            config.model_copy(update={"optimisation": one_epoch}),
            classifier,
            {"train": sample, "ID": few},
            run,
            accelerator=accelerator,
            progress=tick,
        )
    return (ticks[-1] - ticks[_WARM_UP - 1]) / (len(ticks) - _WARM_UP)


def _seconds_a_sample(classifier: MaskedClassifier, sample: Arrays, batch_size: int, accelerator: Accelerator) -> float:
    """Wall-clock time of naming one held-back sample."""
    n = min(batch_size, len(sample.labels))
    batch = accelerator.prepare(
        loader(MaskedImages(sample.images[:n], sample.masks[:n], sample.labels[:n]), n, shuffle=False)
    )
    classifier.eval()
    started = time.monotonic()
    accuracy(classifier, batch, accelerator)
    return (time.monotonic() - started) / n


def _preparation(data: AviaryTraining | PhotographTraining, card: Card) -> float:
    """Seconds that rendering, or reading and masking, will take."""
    if isinstance(data, PhotographTraining):
        entries = data.entries["train"]
        some = entries[:: max(1, len(entries) // _PICTURES)][:_PICTURES]
        started = time.monotonic()
        data.prepare(some, card)
        return (time.monotonic() - started) / len(some) * sum(data.counts.values())
    queries = [data.query(part) for part in data.counts]
    missing = [query.n for query in queries if not is_rendered(query.recipes(), query.size)]
    if not missing:
        return 0.0
    recipes = queries[0].recipes()[: _PICTURES + 1]
    render(recipes[0], queries[0].size)
    started = time.monotonic()
    for recipe in recipes[1:]:
        render(recipe, queries[0].size)
    each = (time.monotonic() - started) / (len(recipes) - 1)
    return each * sum(missing) / (os.cpu_count() or 1)


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
