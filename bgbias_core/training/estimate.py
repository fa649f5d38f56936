"""What a training run will take on this machine: a few of its own steps, timed on random pictures or vectors."""

from __future__ import annotations

import math
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn

from bgbias_core.aviary import render
from bgbias_core.data.renderings import is_rendered
from bgbias_core.models import Card, MaskedClassifier
from bgbias_core.training.assembly import build, image_size, make_card
from bgbias_core.training.batches import MaskedImages, accuracy_on, loader
from bgbias_core.training.config import TrainingConfig
from bgbias_core.training.data import Arrays, Part, Progress, TrainingData, memory_of
from bgbias_core.training.features import Reader, missing_rows
from bgbias_core.training.heads import Vectors, fit_head, head_loader
from bgbias_core.training.runs import make_accelerator
from bgbias_core.training.sources import AviaryTraining, PhotographTraining, open_training_data
from bgbias_core.training.train import fit_classifier

_WARM_UP = 3
_FEWEST_STEPS = 3
_STEPS = 20
_SECONDS = 4.0  # of steps after the warm-up, unless the fewest take longer
_SAMPLE_BYTES = 2**29
_PICTURES = 12
_BATCH = 16


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
    if config.model.frozen:
        preparing += _extraction(data, Reader(classifier, card), accelerator)
        trial = _head_trial(config, classifier, data, accelerator)
    else:
        preparing += _preparation(data, card)
        trial = _image_trial(config, classifier, data, accelerator)
    steps = config.optimisation.epochs * math.ceil(data.counts["train"] / config.optimisation.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        seconds_a_step = _seconds_a_step(trial, Path(folder))
        started = time.monotonic()
        accelerator.save_state(str(Path(folder) / "state"))
        saving = time.monotonic() - started
    checking = trial.seconds_a_check()
    held_back = sum(count for part, count in data.counts.items() if part != "train")
    seconds_checking = config.optimisation.epochs * (held_back * checking + saving)
    return Estimate(
        seconds=preparing + steps * seconds_a_step + seconds_checking,
        memory_bytes=_peak_memory() - trial.bytes_tried + trial.bytes_needed,
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
    prepared: set[tuple[str, str]] = set()
    for config in configs:
        # A frozen backbone's features are kept, and those of another model are others.
        model = config.model.model_dump_json() if config.model.frozen else ""
        what = (open_training_data(config, image_size(config)).fingerprint, model)
        one = estimate(config)
        if what in prepared:
            one = replace(one, seconds=one.seconds - one.seconds_preparing, seconds_preparing=0.0)
        prepared.add(what)
        estimates[config.name] = one
    return estimates


@dataclass(frozen=True, eq=False)
class _Trial:
    """A short training on random numbers.

    Attributes:
        fit: Trains for one epoch in a folder, given a callback for each step.
        seconds_a_check: Wall-clock time of naming one held-back sample.
        bytes_tried: Memory of the random numbers.
        bytes_needed: Memory of the data in their place.
    """

    fit: Callable[[Path, Progress], None]
    seconds_a_check: Callable[[], float]
    bytes_tried: int
    bytes_needed: int


def _image_trial(
    config: TrainingConfig, classifier: MaskedClassifier, data: TrainingData, accelerator: Accelerator
) -> _Trial:
    batch_size, size = config.optimisation.batch_size, image_size(config)
    sample = _random_sample(batch_size, size, len(data.classes))
    parts: dict[Part, Arrays] = {"train": sample, "ID": _first(sample, 1)}
    return _Trial(
        lambda run, tick: fit_classifier(
            _one_epoch(config), classifier, parts, run, accelerator=accelerator, progress=tick
        ),
        lambda: _seconds_a_sample(classifier, _first(sample, 4 * batch_size), accelerator),
        sample.images.nbytes + sample.masks.nbytes,
        memory_of(data, size),
    )


def _head_trial(
    config: TrainingConfig, classifier: MaskedClassifier, data: TrainingData, accelerator: Accelerator
) -> _Trial:
    samples = config.optimisation.batch_size * (_WARM_UP + _STEPS)
    pooled = torch.randn(samples, cast("nn.Linear", classifier.head[1]).in_features)
    vectors = Vectors(pooled, torch.randint(len(data.classes), (samples,)))
    parts: dict[Part, Vectors] = {"train": vectors, "ID": vectors}

    def seconds_a_check() -> float:
        check = accuracy_on(head_loader(vectors, samples, shuffle=False), accelerator)
        started = time.monotonic()
        check(classifier.head)
        return (time.monotonic() - started) / samples

    return _Trial(
        lambda run, tick: fit_head(
            _one_epoch(config), classifier.head, parts, run, accelerator=accelerator, progress=tick
        ),
        seconds_a_check,
        pooled.nbytes,
        pooled.nbytes // samples * sum(data.counts.values()),
    )


def _one_epoch(config: TrainingConfig) -> TrainingConfig:
    return config.model_copy(update={"optimisation": config.optimisation.model_copy(update={"epochs": 1})})


def _first(sample: Arrays, count: int) -> Arrays:
    return Arrays(sample.images[:count], sample.masks[:count], sample.labels[:count])


def _random_sample(batch_size: int, size: int, classes: int) -> Arrays:
    steps = min(_WARM_UP + _STEPS, max(_WARM_UP + _FEWEST_STEPS, _SAMPLE_BYTES // (batch_size * size**2 * 4)))
    random, n = np.random.default_rng(0), batch_size * steps
    masks = np.zeros((n, size, size), np.uint8)
    masks[:, size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] = 255
    return Arrays(
        random.integers(256, size=(n, size, size, 3), dtype=np.uint8), masks, random.integers(classes, size=n)
    )


def _seconds_a_step(trial: _Trial, run: Path) -> float:
    ticks: list[float] = []

    def tick(done: int, _: int) -> None:
        ticks.append(time.monotonic())
        if done >= _WARM_UP + _FEWEST_STEPS and ticks[-1] - ticks[_WARM_UP - 1] > _SECONDS:
            raise _EnoughError

    with suppress(_EnoughError):
        trial.fit(run, tick)
    return (ticks[-1] - ticks[_WARM_UP - 1]) / (len(ticks) - _WARM_UP)


def _seconds_a_sample(classifier: MaskedClassifier, sample: Arrays, accelerator: Accelerator) -> float:
    """Wall-clock time of naming one held-back sample."""
    n = len(sample.labels)
    check = accuracy_on(loader(MaskedImages(sample.images, sample.masks, sample.labels), n, shuffle=False), accelerator)
    classifier.to(accelerator.device).eval()
    started = time.monotonic()
    check(classifier)
    return (time.monotonic() - started) / n


def _extraction(data: AviaryTraining | PhotographTraining, reader: Reader, accelerator: Accelerator) -> float:
    """Seconds until a frozen backbone has looked at every sample whose features are not kept yet."""
    missing = sum(missing_rows(reader, data, part, accelerator) for part in data.counts)
    if not missing:
        return 0.0
    sample = _random_sample(_BATCH, reader.card.preprocessing.size, len(data.classes))
    for count in (1, _BATCH):  # the first for warming up
        looking = _seconds_a_sample(reader.classifier, _first(sample, count), accelerator)
    return _preparation(data, reader.card) * missing / sum(data.counts.values()) + missing * looking


def _preparation(data: AviaryTraining | PhotographTraining, card: Card) -> float:
    """Seconds that rendering, or reading and masking, will take."""
    if isinstance(data, PhotographTraining):
        count = data.counts["train"]
        some = range(0, count, max(1, count // _PICTURES))[:_PICTURES]
        started = time.monotonic()
        data.inputs("train", some, [card])
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
