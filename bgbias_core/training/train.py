"""Training a masked classifier from a configuration to a checkpoint with its card."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from accelerate.utils import set_seed
from filelock import FileLock, Timeout
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from bgbias_core.errors import ConfigError, ModelError
from bgbias_core.models import (
    LEAKING_FILLS,
    Architecture,
    Card,
    Data,
    MaskedClassifier,
    Origin,
    Preprocessing,
    Weights,
    backbone_spec,
    load_backbone,
    save_checkpoint,
)
from bgbias_core.paths import replace_file
from bgbias_core.training.batches import Batch, MaskedImages, loader
from bgbias_core.training.config import TrainingConfig
from bgbias_core.training.data import Arrays, Part, Progress, TrainingData, load_training_data
from bgbias_core.training.loop import fit
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
    accelerator = make_accelerator(config)
    data = open_training_data(config, image_size(config))
    set_seed(config.seed)
    classifier, origin = build(config, len(data.classes))
    card = make_card(config, data, classifier, origin)
    with _alone(run, accelerator):
        with accelerator.main_process_first():
            _claim(run, config, data.fingerprint)  # only now: what cannot be built leaves no run behind
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

    def step(network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        images, masks, labels = batch
        logits = network(images, masks).float()
        loss = functional.cross_entropy(logits, labels, label_smoothing=config.optimisation.label_smoothing)
        return loss, (logits.argmax(dim=1) == labels).float().mean()

    def monitor(arrays: Arrays) -> Callable[[nn.Module], float]:
        held_back = MaskedImages(arrays.images, arrays.masks, arrays.labels)
        batches = accelerator.prepare(loader(held_back, 4 * batch_size, shuffle=False))
        return lambda network: accuracy(network, batches, accelerator)

    samples = parts["train"]
    fit(
        classifier,
        loader(
            MaskedImages(samples.images, samples.masks, samples.labels, config.augmentation), batch_size, shuffle=True
        ),
        step,
        {part: monitor(arrays) for part, arrays in parts.items() if part != "train"},
        config.optimisation,
        accelerator=accelerator,
        folder=run,
        seed=config.seed,
        progress=progress,
    )


@contextmanager
def _alone(run: Path, accelerator: Accelerator) -> Iterator[None]:
    """Keep a second process from training in the same folder; the lock ends with its process, however that ends."""
    if not accelerator.is_main_process:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"The run in {run} is being trained by another process; wait for it, stop it, or choose another folder."
        ) from None
    try:
        yield
    finally:
        lock.release()


def make_accelerator(config: TrainingConfig) -> Accelerator:
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


def image_size(config: TrainingConfig) -> int:
    """Side of the square images in pixels: the configuration's, else the backbone's usual one."""
    return config.model.size or backbone_spec(config.model.backbone).size


def build(config: TrainingConfig, classes: int) -> tuple[MaskedClassifier, Origin]:
    """Build the classifier of a configuration, with the backbone's weights and a new head.

    Args:
        config: The configuration.
        classes: Number of classes.

    Raises:
        ModelError: The combination means nothing, or the weights cannot be had.
    """
    if config.model.frozen and config.model.weights == "random":
        raise ModelError(
            "A frozen backbone with random weights never learns to see; start from pretrained weights, or train the "
            "backbone too (frozen: false)."
        )
    spec = backbone_spec(config.model.backbone)
    size = image_size(config)
    network, origin = load_backbone(config.model.backbone, size, config.model.weights)
    classifier = MaskedClassifier(
        network,
        classes,
        config.model.strategy,
        size=size,
        pooling=config.model.pooling,
        region=config.model.region,
        mean=spec.mean,
        std=spec.std,
        head_norm=spec.head_norm,
    )
    if config.model.frozen:
        network.requires_grad_(False)
    return classifier, origin


@torch.no_grad()
def accuracy(network: nn.Module, batches: DataLoader[Batch], accelerator: Accelerator) -> float:
    """Share of correct top-1 names over all samples of all processes, each counted once."""
    right = []
    for images, masks, labels in batches:
        right.append(accelerator.gather_for_metrics(network(images, masks).argmax(dim=1) == labels))
    return float(torch.cat(right).float().mean())


def _claim(run: Path, config: TrainingConfig, fingerprint: str) -> None:
    """Make the folder this run's own, or refuse one that holds another configuration or another version of the data."""
    record, data = run / "config.json", run / "data.sha256"
    if not data.is_file():
        run.mkdir(parents=True, exist_ok=True)
        replace_file(record, lambda path: path.write_text(config.model_dump_json(indent=1) + "\n"))
        replace_file(data, lambda path: path.write_text(fingerprint))
    elif TrainingConfig.read(record) != config or data.read_text() != fingerprint:
        raise ConfigError(
            f"The folder {run} holds a run with another configuration or version of the data; "
            "choose another folder or delete it."
        )


def make_card(config: TrainingConfig, data: TrainingData, classifier: MaskedClassifier, origin: Origin) -> Card:
    """The card of a classifier to be trained, without metrics and without its weights' checksum."""
    spec, size = backbone_spec(config.model.backbone), image_size(config)
    frozen = "; only the head was trained" if config.model.frozen else ""
    leaks = "; the blurred fill leaks the background's colours" if config.model.strategy.fill in LEAKING_FILLS else ""
    return Card(
        name=config.name,
        title=config.title,
        task="species",
        description=f"Trained on {data.description}{frozen}{leaks}.",
        architecture=Architecture(
            backbone=config.model.backbone,
            pooling=classifier.pooling,
            region=classifier.region,
            head_norm=spec.head_norm,
            grid=classifier.depths.grids[-1],
            depths=classifier.depths.last,
        ),
        strategy=config.model.strategy.model_copy(update={"depth": classifier.depth}),
        preprocessing=Preprocessing(size=size, mean=spec.mean, std=spec.std),
        classes=data.classes,
        weights=Weights(source="file", name=f"{config.name}.safetensors", sha256="", dtype="float16"),
        backbone_weights=origin.source,
        backbone_sha256=origin.sha256,
        mask_source_at_training=data.mask_source,
        training_data=Data(
            name=data.name, fingerprint=data.fingerprint, licence=data.licence, parameters=data.parameters
        ),
        config=config.model_dump(mode="json"),
        seed=config.seed,
        versions={"python": platform.python_version()}
        | {package: importlib.metadata.version(package) for package in ("torch", "timm", "accelerate", "numpy")},
    )
