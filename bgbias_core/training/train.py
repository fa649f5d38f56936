"""Training a masked classifier from a configuration to a checkpoint with its card."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from bgbias_core.aviary import SPEC_VERSION, SPECIES
from bgbias_core.data import AviaryQuery, load_aviary
from bgbias_core.errors import ConfigError
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
from bgbias_core.training.config import Augmentation, TrainingConfig
from bgbias_core.training.loop import Progress, fit

LICENCE = "MIT (rendered by this project)"


def train(config: TrainingConfig, run: Path, checkpoints: Path, *, progress: Progress | None = None) -> Card:
    """Train what a configuration describes and write the checkpoint; an interrupted run in ``run`` is continued.

    Args:
        config: The configuration.
        run: The run's folder: configuration, history and the state to resume from.
        checkpoints: Where weights and card are written.
        progress: Called with (steps done, steps in all).

    Returns:
        The card, not yet with any metric.

    Raises:
        ConfigError: The folder holds the run of another configuration, or the precision cannot be had in this process.
        ModelError: The model cannot be built or its weights cannot be had.
    """
    accelerator = _accelerator(config)
    set_seed(config.seed)
    classifier, origin = build(config)
    size = image_size(config)
    with accelerator.main_process_first():
        _claim(run, config)  # only now: what cannot be built leaves no run behind
        samples = _samples(config, "train", size, config.augmentation)
        held_back = _samples(config, "validation", size, None)
    validation = accelerator.prepare(loader(held_back, 4 * config.optimisation.batch_size, shuffle=False))

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        images, masks, labels = batch
        return functional.cross_entropy(
            network(images, masks).float(), labels, label_smoothing=config.optimisation.label_smoothing
        )

    fit(
        classifier,
        loader(samples, config.optimisation.batch_size, shuffle=True),
        loss,
        lambda network: accuracy(network, validation, accelerator),
        config.optimisation,
        accelerator=accelerator,
        folder=run,
        seed=config.seed,
        progress=progress,
    )
    card = _card(config, classifier, origin)
    if accelerator.is_main_process:
        card = save_checkpoint(checkpoints, card, classifier)
    accelerator.wait_for_everyone()
    return card


def _accelerator(config: TrainingConfig) -> Accelerator:
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


def build(config: TrainingConfig) -> tuple[MaskedClassifier, Origin]:
    """Build the classifier of a configuration, with the backbone's weights and a new head.

    Raises:
        ModelError: The combination means nothing, or the weights cannot be had.
    """
    spec = backbone_spec(config.model.backbone)
    size = image_size(config)
    network, origin = load_backbone(config.model.backbone, size, config.model.weights)
    classifier = MaskedClassifier(
        network,
        len(SPECIES),
        config.model.strategy,
        size=size,
        pooling=config.model.pooling,
        region=config.model.region,
        mean=spec.mean,
        std=spec.std,
        head_norm=spec.head_norm,
    )
    return classifier, origin


@torch.no_grad()
def accuracy(network: nn.Module, batches: DataLoader[Batch], accelerator: Accelerator) -> float:
    """Share of correct top-1 names over all samples of all processes, each counted once."""
    right = []
    for images, masks, labels in batches:
        right.append(accelerator.gather_for_metrics(network(images, masks).argmax(dim=1) == labels))
    return float(torch.cat(right).float().mean())


def _samples(config: TrainingConfig, split: str, size: int, augmentation: Augmentation | None) -> MaskedImages:
    data = load_aviary(_query(config, split, size))
    return MaskedImages(data.images, data.masks, data.labels, augmentation)


def _query(config: TrainingConfig, split: str, size: int) -> AviaryQuery:
    n = config.data.train if split == "train" else config.data.validation
    return AviaryQuery(split, n, correlation=config.data.correlation, size=size, seed=config.data.seed)  # type: ignore[arg-type]


def _claim(run: Path, config: TrainingConfig) -> None:
    """Make the folder this run's own, or refuse one that holds another configuration or another version of the data."""
    record, data = run / "config.json", run / "data.sha256"
    fingerprint = _query(config, "train", image_size(config)).fingerprint
    if not data.is_file():
        run.mkdir(parents=True, exist_ok=True)
        replace_file(record, lambda path: path.write_text(config.model_dump_json(indent=1) + "\n"))
        replace_file(data, lambda path: path.write_text(fingerprint))
    elif TrainingConfig.read(record) != config or data.read_text() != fingerprint:
        raise ConfigError(
            f"The folder {run} holds a run with another configuration or version of the data; "
            "choose another folder or delete it."
        )


def _card(config: TrainingConfig, classifier: MaskedClassifier, origin: Origin) -> Card:
    spec, size = backbone_spec(config.model.backbone), image_size(config)
    data = config.data
    leaks = "; the blurred fill leaks the background's colours" if config.model.strategy.fill in LEAKING_FILLS else ""
    return Card(
        name=config.name,
        title=config.title,
        task="species",
        description=f"Trained on Aviary at correlation {data.correlation:g}, {data.train:,} samples{leaks}.",
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
        classes=tuple(SPECIES),
        weights=Weights(source="file", name=f"{config.name}.safetensors", sha256="", dtype="float16"),
        backbone_weights=origin.source,
        backbone_sha256=origin.sha256,
        mask_source_at_training="given" if config.model.strategy.needs_mask else "none",
        training_data=Data(
            name="aviary",
            fingerprint=_query(config, "train", size).fingerprint,
            licence=LICENCE,
            parameters={**config.data.model_dump(), "spec_version": SPEC_VERSION},
        ),
        config=config.model_dump(mode="json"),
        seed=config.seed,
        versions={"python": platform.python_version()}
        | {package: importlib.metadata.version(package) for package in ("torch", "timm", "accelerate", "numpy")},
    )
