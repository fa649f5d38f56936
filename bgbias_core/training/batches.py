"""Samples in memory, handed out as whole batches, and how a network that names their classes is taught and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from bgbias_core.training.config import Augmentation
from bgbias_core.training.loop import Step

Batch = tuple[Tensor, Tensor, Tensor]
"""Images float32 ``[B, 3, S, S]`` in [0, 1], masks float32 ``[B, 1, S, S]`` in [0, 1], labels int64 ``[B]``."""


class MaskedImages(Dataset[Batch]):
    """Images with masks and labels in memory, fetched a batch at a time.

    Args:
        images: uint8 ``[N, S, S, 3]``.
        masks: uint8 ``[N, S, S]``, 255 = foreground.
        labels: int64 ``[N]``.
        augmentation: Random changes; drawn from torch's global generator, so that a seed repeats them.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        labels: NDArray[np.int64],
        augmentation: Augmentation | None = None,
    ) -> None:
        self._images = torch.from_numpy(images).permute(0, 3, 1, 2)
        self._masks = torch.from_numpy(masks).unsqueeze(1)
        self._labels = torch.from_numpy(labels)
        self._augmentation = augmentation

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """One batch; torch's loader prefers this to fetching and stacking single samples."""
        rows = torch.as_tensor(indices)
        images, masks = self._images[rows], self._masks[rows]
        if self._augmentation is not None:
            images, masks = _augment(images, masks, self._augmentation)
        return images.float().div_(255), masks.float().div_(255), self._labels[rows]


def _augment(images: Tensor, masks: Tensor, augmentation: Augmentation) -> tuple[Tensor, Tensor]:
    count, _, height, width = images.shape
    span = augmentation.shift
    down, right = torch.randint(-span, span + 1, (2, count, 1))
    rows = (torch.arange(height) + down).clamp(0, height - 1)
    columns = (torch.arange(width) + right).clamp(0, width - 1)
    if augmentation.flip:
        mirrored = torch.rand(count, 1) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    which = torch.arange(count)[:, None, None]
    # Indexing with [B, H, W] arrays moves the channels last.
    pick = (which, slice(None), rows[:, :, None], columns[:, None, :])
    return images[pick].permute(0, 3, 1, 2), masks[pick].permute(0, 3, 1, 2)


def _whole(batch: Batch) -> Batch:
    return batch


def loader(samples: MaskedImages, batch_size: int, *, shuffle: bool) -> DataLoader[Batch]:
    """A loader over whole batches; the last one may be smaller, and none is dropped."""
    return DataLoader(samples, batch_size=batch_size, shuffle=shuffle, collate_fn=_whole)  # type: ignore[arg-type]  # the stub expects single samples


def classification_step(label_smoothing: float) -> Step:
    """Cross-entropy and accuracy of a batch whose last entry is the labels; the others are what the network takes."""

    def step(network: nn.Module, batch: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        *inputs, labels = batch
        logits = network(*inputs).float()
        loss = functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
        return loss, (logits.argmax(dim=1) == labels).float().mean()

    return step


def accuracy_on(batches: DataLoader[Any], accelerator: Accelerator) -> Callable[[nn.Module], float]:
    """A monitor: the share of correct top-1 names over all samples of all processes, each counted once.

    Args:
        batches: Of held-back samples; the last entry of a batch is the labels.
        accelerator: Device and processes.
    """
    prepared = accelerator.prepare(batches)

    @torch.no_grad()
    def accuracy(network: nn.Module) -> float:
        right = []
        for *inputs, labels in prepared:
            right.append(accelerator.gather_for_metrics(network(*inputs).argmax(dim=1) == labels))
        return float(torch.cat(right).float().mean())

    return accuracy
