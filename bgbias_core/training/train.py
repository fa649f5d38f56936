"""Training a masked classifier from a configuration to a checkpoint with its card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import set_seed

from bgbias_core.models import Card, MaskedClassifier, save_checkpoint
from bgbias_core.training.assembly import build, image_size, make_card
from bgbias_core.training.batches import MaskedImages, accuracy_on, classification_step, loader
from bgbias_core.training.config import TrainingConfig
from bgbias_core.training.data import Arrays, Part, Progress, load_training_data
from bgbias_core.training.heads import train_head
from bgbias_core.training.loop import fit
from bgbias_core.training.runs import alone, claim, make_accelerator
from bgbias_core.training.sources import open_training_data


def train(
    config: TrainingConfig,
    run: Path,
    checkpoints: Path,
    *,
    progress: Progress | None = None,
    preparing: Progress | None = None,
) -> Card:
    """Train what a configuration describes and write the checkpoint; an interrupted run in ``run`` is continued.

    Where the backbone is frozen, its head is trained on features: see :func:`bgbias_core.training.heads.train_heads`.

    Args:
        config: The configuration.
        run: The run's folder: configuration, history and the state to resume from.
        checkpoints: Where weights and card are written.
        progress: Called with (steps done, steps in all).
        preparing: Called with (samples prepared, samples in all) before the first step.

    Returns:
        The card, not yet with any metric.

    Raises:
        ConfigError: The folder holds the run of another configuration or is in use, the precision cannot be had in
            this process, or the data leave a part empty or do not fit into memory.
        ModelError: The model cannot be built or its weights cannot be had.
        BgBiasError: The data are not there or cannot be read.
    """
    if config.model.frozen:
        return train_head(config, run, checkpoints, progress=progress, preparing=preparing)
    accelerator = make_accelerator(config)
    data = open_training_data(config, image_size(config))
    set_seed(config.seed)
    classifier, origin = build(config, len(data.classes))
    card = make_card(config, data, classifier, origin)
    with alone(run, accelerator):
        with accelerator.main_process_first():
            claim(run, config, data.fingerprint)  # only now: what cannot be built leaves no run behind
            parts = load_training_data(data, card, preparing)
        fit_classifier(config, classifier, parts, run, accelerator=accelerator, progress=progress)
        if accelerator.is_main_process:
            card = save_checkpoint(checkpoints, card, classifier)
        accelerator.wait_for_everyone()
    return card


def fit_classifier(
    config: TrainingConfig,
    classifier: MaskedClassifier,
    parts: Mapping[Part, Arrays],
    run: Path,
    *,
    accelerator: Accelerator,
    progress: Progress | None = None,
) -> None:
    """Train a classifier on samples in memory; afterwards it holds the weights of the best epoch.

    Args:
        config: How to train; its data are not opened.
        classifier: What is trained.
        parts: ``train``, ``ID`` (whose accuracy chooses the epoch) and others, which are only watched.
        run: The run's folder.
        accelerator: Device, precision and processes.
        progress: Called with (steps done, steps in all).
    """
    batch_size = config.optimisation.batch_size

    def held_back(arrays: Arrays) -> MaskedImages:
        return MaskedImages(arrays.images, arrays.masks, arrays.labels)

    samples = parts["train"]
    fit(
        classifier,
        loader(
            MaskedImages(samples.images, samples.masks, samples.labels, config.augmentation), batch_size, shuffle=True
        ),
        classification_step(config.optimisation.label_smoothing),
        {
            part: accuracy_on(loader(held_back(arrays), 4 * batch_size, shuffle=False), accelerator)
            for part, arrays in parts.items()
            if part != "train"
        },
        config.optimisation,
        accelerator=accelerator,
        folder=run,
        seed=config.seed,
        progress=progress,
    )
