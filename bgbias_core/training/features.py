"""What heads on a frozen backbone are trained on: one vector a sample, made in as few passes as can be, and kept.

A frozen backbone gives the same features of the same picture every time. So it looks at every picture once, as it is,
and what the heads of several strategies and poolings read from one pass is read from that pass: unmasked and late
(masked after the last depth) share theirs; early, and late at an inner depth, need one of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bgbias_core.models import Card, MaskedClassifier
from bgbias_core.paths import cache_folder, replace_file
from bgbias_core.training.data import Part, Progress, TrainingData

BLOCK = 64
"""Samples that are kept together: at most so many are lost when the work is interrupted."""

_BATCH = 16
_VERSION = 1  # of what is kept; another one makes it anew


@dataclass(frozen=True, eq=False)
class Reader:
    """A classifier whose pooled vectors are wanted.

    Attributes:
        classifier: The network; only its head may still change.
        card: Its card, which says what it is shown and with which backbone weights.
    """

    classifier: MaskedClassifier
    card: Card

    @property
    def one_pass(self) -> tuple[object, ...]:
        """What the backbone's last features depend on beside picture and mask: equal ones share a pass."""
        strategy, depth = self.classifier.strategy, self.classifier.depth
        if depth == 0:
            return depth, strategy.fill
        if depth is None or depth == self.classifier.depths.last:
            return ()
        return depth, strategy.mask_resize


def extract(
    readers: Sequence[Reader],
    data: TrainingData,
    part: Part,
    accelerator: Accelerator,
    *,
    progress: Progress | None = None,
) -> list[Tensor]:
    """Pooled vectors of all samples of a part, from the cache or from the backbone.

    Args:
        readers: Classifiers that share one backbone and one preprocessing.
        data: The data.
        part: One of ``data.counts``.
        accelerator: Device and precision.
        progress: Called with (samples done, samples of this part).

    Returns:
        For each reader float32 ``[N, width]`` on the CPU: what its head is applied to.

    Raises:
        ConfigError: Samples are missing or cannot be read; the message lists them all together.
    """
    folders = [_folder(reader, data, part, accelerator) for reader in readers]
    wanted = dict(zip(folders, readers, strict=True))  # heads that differ in seed alone read the same
    blocks: dict[Path, list[Tensor]] = {folder: [] for folder in wanted}
    for rows in _rows(data.counts[part]):
        kept = {folder: vectors for folder in wanted if (vectors := _read(folder, rows)) is not None}
        missing = [folder for folder in wanted if folder not in kept]
        made = pool([wanted[folder] for folder in missing], data, part, rows, accelerator) if missing else []
        for folder, vectors in zip(missing, made, strict=True):
            _write(folder, rows, vectors)
        kept |= zip(missing, made, strict=True)
        for folder, block in blocks.items():
            block.append(kept[folder])
        if progress is not None:
            progress(rows.stop, data.counts[part])
    vectors_of = {folder: torch.cat(block) for folder, block in blocks.items()}
    return [vectors_of[folder] for folder in folders]


def missing_rows(reader: Reader, data: TrainingData, part: Part, accelerator: Accelerator) -> int:
    """How many samples of a part are not in the cache."""
    folder = _folder(reader, data, part, accelerator)
    return sum(len(rows) for rows in _rows(data.counts[part]) if not _file(folder, rows).is_file())


@torch.no_grad()
def pool(
    readers: Sequence[Reader], data: TrainingData, part: Part, rows: Sequence[int], accelerator: Accelerator
) -> list[Tensor]:
    """Pooled vectors of some samples, straight from the backbone.

    Args:
        readers: Classifiers that share one backbone and one preprocessing.
        data: The data.
        part: One of ``data.counts``.
        rows: Which samples of it.
        accelerator: Device and precision.

    Returns:
        For each reader float32 ``[len(rows), width]`` on the CPU.
    """
    passes: dict[tuple[object, ...], list[int]] = {}
    for number, reader in enumerate(readers):
        passes.setdefault(reader.one_pass, []).append(number)
    # Of one pass, whoever looks at masks is shown the same picture as who does not, and its masks too.
    shown = [max((readers[number] for number in sharing), key=_needs_mask) for sharing in passes.values()]
    pictures = data.inputs(part, rows, [reader.card for reader in shown])
    vectors: list[list[Tensor]] = [[] for _ in readers]
    for leader, sharing, (images, masks) in zip(shown, passes.values(), pictures, strict=True):
        leader.classifier.backbone.to(memory_format=torch.channels_last)
        leader.classifier.to(accelerator.device).eval()
        for start in range(0, len(rows), _BATCH):
            some = images[start : start + _BATCH].to(accelerator.device)
            covers = None if masks is None else masks[start : start + _BATCH].to(accelerator.device)
            with accelerator.autocast():
                features = leader.classifier.features(some, covers)
                for number in sharing:
                    classifier = readers[number].classifier
                    own = covers if classifier.strategy.needs_mask else None
                    pooled = classifier.pool(classifier.mask_last(features, own), own)
                    vectors[number].append(pooled.float().cpu())
    return [torch.cat(parts) for parts in vectors]


def _needs_mask(reader: Reader) -> bool:
    return reader.classifier.strategy.needs_mask


def _rows(count: int) -> Iterator[range]:
    return (range(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def _folder(reader: Reader, data: TrainingData, part: Part, accelerator: Accelerator) -> Path:
    """Where a reader's vectors lie: named after everything that they depend on."""
    classifier, card = reader.classifier, reader.card
    masked = classifier.strategy.needs_mask
    key: dict[str, Any] = {
        "version": _VERSION,
        "backbone": [card.architecture.backbone, card.backbone_sha256],
        "preprocessing": card.preprocessing.model_dump(mode="json"),
        "data": data.key(part, masked=masked),
        "strategy": [card.strategy.model_dump(mode="json"), classifier.depth] if masked else None,
        "read": [classifier.pooling, classifier.region],
        "precision": accelerator.mixed_precision,
    }
    return cache_folder() / "features" / hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]


def _file(folder: Path, rows: range) -> Path:
    return folder / f"{rows.start:07d}.safetensors"


def _read(folder: Path, rows: range) -> Tensor | None:
    try:
        vectors = load_file(_file(folder, rows))["vectors"]
    except (SafetensorError, OSError, KeyError):
        return None  # absent or damaged: it is made again
    return vectors if len(vectors) == len(rows) else None


def _write(folder: Path, rows: range, vectors: Tensor) -> None:
    with suppress(SafetensorError, OSError):  # nothing needs the cache: where it cannot be written, all goes on
        replace_file(_file(folder, rows), lambda path: save_file({"vectors": vectors.contiguous()}, path))
