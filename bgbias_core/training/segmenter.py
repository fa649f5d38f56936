"""Training a segmenter from a configuration to its files."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from bgbias_core.errors import ConfigError
from bgbias_core.masks.network import build_segmentation_network
from bgbias_core.masks.segmenters import SegmenterCard, load_segmenter, save_segmenter
from bgbias_core.models import Origin
from bgbias_core.training.loop import Progress, fit
from bgbias_core.training.runs import alone, claim, make_accelerator
from bgbias_core.training.segmenter_config import SegmenterConfig
from bgbias_core.training.segmenter_data import Batch, Pictures, SegmentationSamples, Source, open_source, stored_size

_VERSIONS = ("torch", "torchvision", "timm", "segmentation-models-pytorch", "accelerate")


def train_segmenter(
    config: SegmenterConfig,
    run: Path,
    segmenters: Path,
    *,
    progress: Progress | None = None,
    preparing: Progress | None = None,
) -> SegmenterCard:
    """Train what a configuration describes and write the segmenter; an interrupted run in ``run`` is continued.

    The loss is binary cross-entropy plus one minus the soft Dice coefficient of each image; the epoch with the best
    mean IoU on the validation pictures is kept.

    Args:
        config: The configuration.
        run: The run's folder.
        segmenters: Where weights and card are written.
        progress: Called with (steps done, steps in all).
        preparing: Called with (pictures opened, pictures in all) before the first step.

    Raises:
        ConfigError: The folder holds the run of another configuration or is in use, a source cannot be used, or the
            precision cannot be had in this process.
        ModelError: The network cannot be built or its weights cannot be had.
        BgBiasError: A picture or mask cannot be read.

    Reference:
        Milletari, Navab, Ahmadi, V-Net, 3DV 2016 (soft Dice).
    """
    accelerator = make_accelerator(config)
    sources = [open_source(spec) for spec in config.data]
    set_seed(config.seed)
    network, origin = build_segmentation_network(config.encoder, config.weights, full_size=config.full_size)
    if config.begin_with is not None:
        _begin_with(network, config)
    if config.freeze_low_stages:
        network.freeze_low_stages()
    network.to(memory_format=torch.channels_last)
    keep_depthwise_in_float32(network)
    card = _card(config, sources, origin)
    with alone(run, accelerator):
        with accelerator.main_process_first():
            claim(run, config, "-".join(source.data.fingerprint for source in sources))
            loaded = _load(sources, config.size, preparing)
        held_back = accelerator.prepare(_batches(loaded["validation"], config.size, config, augment=False))
        before = 0
        lengths = [stage.epochs * _steps(loaded["train"], config) for stage in config.stages]
        for number, stage in enumerate(config.stages, start=1):
            batches = _batches(loaded["train"], stage.size, config, augment=True)
            fit(
                network,
                batches,
                _step,
                {"IoU": lambda trained: _mean_iou(trained, held_back, accelerator)},
                config.optimisation.model_copy(update={"epochs": stage.epochs, "learning_rate": stage.learning_rate}),
                accelerator=accelerator,
                folder=run / f"stage-{number}",
                seed=config.seed,
                rate_of=lambda name: config.encoder_rate if name.startswith("unet.encoder.") else 1.0,
                progress=_shifted(progress, before, sum(lengths)),
            )
            before += lengths[number - 1]
        if accelerator.is_main_process:
            card = save_segmenter(segmenters, card, network)
        accelerator.wait_for_everyone()
    return card


def _begin_with(network: nn.Module, config: SegmenterConfig) -> None:
    card, trained = load_segmenter(str(config.begin_with))
    if (card.encoder, card.full_size) != (config.encoder, config.full_size):
        raise ConfigError(
            f"'{card.name}' has another network ({card.encoder}, full_size {card.full_size}) than '{config.name}' "
            f"({config.encoder}, full_size {config.full_size}); make them equal, or begin anew."
        )
    network.load_state_dict(trained.state_dict())


def keep_depthwise_in_float32(network: nn.Module) -> None:
    """Take depthwise convolutions out of autocast: on CPUs their bf16 gradients take several times as long as these."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.forward = _without_autocast(module.forward)  # type: ignore[method-assign, assignment]


def _without_autocast(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def in_float32(images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return forward(images.float())

    return in_float32


def _card(config: SegmenterConfig, sources: Sequence[Source], origin: Origin) -> SegmenterCard:
    return SegmenterCard(
        name=config.name,
        title=config.title,
        description=config.description,
        encoder=config.encoder,
        full_size=config.full_size,
        size=config.size,
        second_look=config.second_look,
        least_confidence=config.least_confidence,
        encoder_weights=origin.source,
        encoder_sha256=origin.sha256,
        training_data=tuple(source.data for source in sources),
        held_back={source.data.name: source.held_back for source in sources if source.held_back},
        # Where the data lay is nobody else's business.
        config=config.model_dump(mode="json", exclude={"data"}),
        seed=config.seed,
        versions={name: importlib.metadata.version(name) for name in _VERSIONS},
    )


def _load(sources: Sequence[Source], size: int, preparing: Progress | None) -> dict[str, list[Pictures]]:
    total = sum(len(names) for source in sources for names in source.parts.values())
    done = 0
    loaded: dict[str, list[Pictures]] = {"train": [], "validation": []}
    for source in sources:
        for part, names in source.parts.items():
            # Drawn pictures have no pixels to spare and are drawn at the size that they are looked at.
            side = size if source.aviary is not None else stored_size(size)
            loaded[part].append(source.load(part, side, _shifted(preparing, done, total)))
            done += len(names)
    if not all(len(pictures.images) for part in loaded.values() for pictures in part):
        raise ConfigError(
            "A source has no pictures to train on or none to choose the epoch by; give more, or leave it out."
        )
    return loaded


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    return None if progress is None else lambda done, _: progress(before + done, total)


def _steps(pictures: Sequence[Pictures], config: SegmenterConfig) -> int:
    return -(-len(SegmentationSamples(pictures, 32)) // config.optimisation.batch_size)


def _batches(pictures: Sequence[Pictures], size: int, config: SegmenterConfig, *, augment: bool) -> DataLoader[Batch]:
    samples = SegmentationSamples(pictures, size, config.augmentation if augment else None)
    return DataLoader(samples, batch_size=config.optimisation.batch_size, shuffle=augment)


def _step(network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    images, masks = batch
    logits = network(images).float()
    loss = functional.binary_cross_entropy_with_logits(logits, masks) + dice_loss(logits, masks)
    return loss, iou((logits > 0).float(), masks).mean()


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """One minus the soft Dice coefficient, averaged over images, each of which counts the same.

    Args:
        logits: float ``[B, 1, H, W]``.
        masks: float ``[B, 1, H, W]``, 0 or 1.

    Returns:
        A scalar in [0, 1].
    """
    probabilities, dimensions = logits.sigmoid(), (1, 2, 3)
    overlap = (probabilities * masks).sum(dimensions)
    # One pixel more on both sides: an image without an object has a defined loss.
    return 1 - ((2 * overlap + 1) / (probabilities.sum(dimensions) + masks.sum(dimensions) + 1)).mean()


def iou(found: Tensor, masks: Tensor) -> Tensor:
    """Intersection over union of each image; 1 where both masks are empty.

    Args:
        found: float ``[B, 1, H, W]``, 0 or 1.
        masks: float ``[B, 1, H, W]``, 0 or 1.

    Returns:
        float ``[B]`` in [0, 1].
    """
    overlap = (found * masks).sum((1, 2, 3))
    union = torch.maximum(found, masks).sum((1, 2, 3))
    return torch.where(union > 0, overlap / union.clamp_min(1), torch.ones_like(union))


@torch.no_grad()
def _mean_iou(network: Callable[[Tensor], Tensor], batches: DataLoader[Batch], accelerator: Accelerator) -> float:
    reached = [accelerator.gather_for_metrics(iou((network(images) > 0).float(), masks)) for images, masks in batches]
    return float(torch.cat(reached).mean())
