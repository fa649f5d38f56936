"""Training heads on a frozen backbone: several strategies, poolings and seeds over as few backbone passes as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bgbias_core.errors import ConfigError
from bgbias_core.models import Card, save_checkpoint
from bgbias_core.training.assembly import image_size, load_network, make_card, with_head
from bgbias_core.training.batches import accuracy_on, classification_step
from bgbias_core.training.config import Optimisation, TrainingConfig
from bgbias_core.training.data import Part, Progress, TrainingData
from bgbias_core.training.features import Reader, extract
from bgbias_core.training.loop import fit
from bgbias_core.training.runs import alone, claim, make_accelerator
from bgbias_core.training.sources import open_training_data

HEAD_OPTIMISATION = Optimisation(
    epochs=90,
    batch_size=64,
    learning_rate=1e-3,
    weight_decay=1e-2,
    betas=(0.9, 0.999),
    warmup_epochs=0,
    label_smoothing=0.1,
    mixed_precision="no",
)
"""How a head on a frozen backbone is trained where nobody says otherwise: on the vectors as they are.

Reference:
    Aniraj et al., "Masking Strategies for Background Bias Removal in Computer Vision Models", ICCVW 2023: the frozen
    recipe of its code.
"""


_CHECKED = 1024  # held-back vectors at once


@dataclass(frozen=True, eq=False)
class Vectors:
    """What a head is trained on.

    Attributes:
        pooled: float32 ``[N, width]``.
        labels: int64 ``[N]``.
    """

    pooled: Tensor
    labels: Tensor


def train_heads(
    configs: Sequence[TrainingConfig],
    runs: Path,
    checkpoints: Path,
    *,
    progress: Progress | None = None,
    preparing: Progress | None = None,
) -> list[Card]:
    """Train the heads that configurations describe, and write their checkpoints; what was interrupted is continued.

    Configurations on the same data with the same backbone at the same size share its passes, whatever their strategy,
    pooling, region, seed or optimisation; what a pass gave is kept in the cache for the next call.

    Args:
        configs: The configurations, with names that differ, all with ``model.frozen``.
        runs: Where each gets a folder of its own, named after it.
        checkpoints: Where weights and cards are written.
        progress: Called with (steps done, steps in all) over all heads.
        preparing: Called with (samples looked at, samples in all) before the first step.

    Returns:
        The cards in the order of the configurations, not yet with any metric.

    Raises:
        ConfigError: A configuration is not frozen, two bear one name, a folder holds the run of another configuration
            or is in use, the precision cannot be had in this process, or the data leave a part empty.
        ModelError: A classifier cannot be built or its weights cannot be had.
        BgBiasError: The data are not there or cannot be read.
    """
    for config in configs:
        if not config.model.frozen:
            raise ConfigError(
                f"'{config.name}' trains its backbone too, and only heads are trained together; set frozen: true, or "
                "train it alone."
            )
    if len({config.name for config in configs}) < len(configs):
        raise ConfigError("Two of these configurations bear the same name; give each its own.")
    return _train([(config, runs / config.name) for config in configs], checkpoints, progress, preparing)


def train_head(
    config: TrainingConfig,
    run: Path,
    checkpoints: Path,
    *,
    progress: Progress | None = None,
    preparing: Progress | None = None,
) -> Card:
    """Train one head in a run's folder; as :func:`train_heads`."""
    [card] = _train([(config, run)], checkpoints, progress, preparing)
    return card


def fit_head(
    config: TrainingConfig,
    head: nn.Sequential,
    parts: Mapping[Part, Vectors],
    run: Path,
    *,
    accelerator: Accelerator,
    progress: Progress | None = None,
) -> None:
    """Train a classifier's head on pooled vectors; afterwards it holds the weights of the best epoch.

    Args:
        config: How to train; its data are not opened.
        head: A norm or identity, and the linear layer.
        parts: ``train``, ``ID`` (whose accuracy chooses the epoch) and others, which are only watched.
        run: The run's folder.
        accelerator: Device, precision and processes.
        progress: Called with (steps done, steps in all).
    """
    fit(
        head,
        head_loader(parts["train"], config.optimisation.batch_size, shuffle=True),
        classification_step(config.optimisation.label_smoothing),
        {
            part: accuracy_on(head_loader(vectors, _CHECKED, shuffle=False), accelerator)
            for part, vectors in parts.items()
            if part != "train"
        },
        config.optimisation,
        accelerator=accelerator,
        folder=run,
        seed=config.seed,
        progress=progress,
    )


def head_loader(vectors: Vectors, batch_size: int, *, shuffle: bool) -> DataLoader[tuple[Tensor, ...]]:
    """A loader over vectors and labels; the last batch may be smaller, and none is dropped."""
    samples = TensorDataset(vectors.pooled, vectors.labels)
    return DataLoader(samples, batch_size=batch_size, shuffle=shuffle)


@dataclass(frozen=True, eq=False)
class _Run:
    """A head to be trained: configuration, the run's folder, and its data."""

    config: TrainingConfig
    folder: Path
    data: TrainingData

    @property
    def shares(self) -> tuple[object, ...]:
        """What heads have in common whose vectors come from the same passes over the same pictures."""
        model, precision = self.config.model, self.config.optimisation.mixed_precision
        return model.backbone, model.weights, image_size(self.config), self.config.data, precision

    @property
    def steps(self) -> int:
        optimisation = self.config.optimisation
        return optimisation.epochs * -(-self.data.counts["train"] // optimisation.batch_size)


def _train(
    configs: Sequence[tuple[TrainingConfig, Path]],
    checkpoints: Path,
    progress: Progress | None,
    preparing: Progress | None,
) -> list[Card]:
    runs = [_Run(config, folder, open_training_data(config, image_size(config))) for config, folder in configs]
    together: dict[tuple[object, ...], list[_Run]] = {}
    for run in runs:
        together.setdefault(run.shares, []).append(run)
    steps, trained = sum(run.steps for run in runs), 0
    pictures, looked_at = sum(sum(group[0].data.counts.values()) for group in together.values()), 0
    cards: dict[str, Card] = {}
    for group in together.values():
        with ExitStack() as locks:
            accelerators = [make_accelerator(run.config) for run in group]
            readers = _build(group)
            for run, accelerator in zip(group, accelerators, strict=True):
                locks.enter_context(alone(run.folder, accelerator))
                if accelerator.is_main_process:
                    claim(run.folder, run.config, run.data.fingerprint)
            with accelerators[0].main_process_first():
                vectors = _extract(group, readers, accelerators[0], _counted(preparing, looked_at, pictures))
            looked_at += sum(group[0].data.counts.values())
            for run, reader, parts, accelerator in zip(group, readers, vectors, accelerators, strict=True):
                counted = _counted(progress, trained, steps)
                fit_head(
                    run.config, reader.classifier.head, parts, run.folder, accelerator=accelerator, progress=counted
                )
                trained += run.steps
                if accelerator.is_main_process:
                    cards[run.config.name] = save_checkpoint(
                        checkpoints, reader.card, reader.classifier, head_only=True
                    )
                else:
                    cards[run.config.name] = reader.card
                accelerator.wait_for_everyone()
    return [cards[run.config.name] for run in runs]


def _build(group: Sequence[_Run]) -> list[Reader]:
    """The classifiers of a group on one backbone, each with the head that its seed gives it."""
    network, origin = load_network(group[0].config)
    readers = []
    for run in group:
        set_seed(run.config.seed)
        classifier = with_head(run.config, network, len(run.data.classes))
        readers.append(Reader(classifier, make_card(run.config, run.data, classifier, origin)))
    return readers


def _extract(
    group: Sequence[_Run], readers: Sequence[Reader], accelerator: Accelerator, progress: Progress | None
) -> list[dict[Part, Vectors]]:
    data, done = group[0].data, 0
    parts: list[dict[Part, Vectors]] = [{} for _ in group]
    for part, count in data.counts.items():
        labels = torch.from_numpy(data.labels(part))
        pooled = extract(readers, data, part, accelerator, progress=_counted(progress, done, 0))
        for mine, vectors in zip(parts, pooled, strict=True):
            mine[part] = Vectors(vectors, labels)
        done += count
    return parts


def _counted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """The same callback for a part of the work, which does not know of the rest."""
    return None if progress is None else lambda done, _: progress(before + done, total)
