"""What a run trains on, described and in memory: the contract of every kind of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, Protocol

import numpy as np
import psutil
from numpy.typing import NDArray
from torch import Tensor

from bgbias_core.errors import ConfigError
from bgbias_core.models import Card

Progress = Callable[[int, int], None]
Part = Literal["train", "ID", "OOD"]
"""Training samples; held-back samples as in training; held-back samples with places independent of the label."""
Inputs = tuple[Tensor, Tensor | None]
MaskSource = Literal["none", "given", "predicted"]

_MEMORY_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Arrays:
    """Samples in memory, of the classifier's size.

    Attributes:
        images: uint8 ``[N, S, S, 3]``.
        masks: uint8 ``[N, S, S]``, 255 = foreground; all 0 where the strategy needs none.
        labels: int64 ``[N]``, index into the classes.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    labels: NDArray[np.int64]


class TrainingData(Protocol):
    """A configuration's data, described before a sample of it is opened."""

    @property
    def name(self) -> str:
        """Name of its kind: ``aviary``, ``cub``, ``waterbirds``, ``folder``."""

    @property
    def description(self) -> str:
        """What it is, how much of it and with which masks, to follow "Trained on"."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the classifier's outputs."""

    @property
    def counts(self) -> Mapping[Part, int]:
        """Number of samples of each part that there is; the first is ``train``, the second chooses the epoch."""

    @property
    def fingerprint(self) -> str:
        """sha256 over what fixes its content."""

    @property
    def licence(self) -> str:
        """Licence of use."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What it takes to make or find the same data again."""

    @property
    def mask_source(self) -> MaskSource:
        """Where the masks come from that the classifier is trained with."""

    def labels(self, part: Part) -> NDArray[np.int64]:
        """Index of the class of every sample of a part, int64 ``[N]``."""

    def key(self, part: Part, *, masked: bool) -> str:
        """What fixes the samples of a part and, where they are looked at, their masks."""

    def inputs(self, part: Part, rows: Sequence[int], cards: Sequence[Card]) -> list[Inputs]:
        """What classifiers see of some samples, each of which is opened once.

        Args:
            part: One of ``counts``.
            rows: Which samples of it.
            cards: The cards of the classifiers to be.

        Returns:
            For each card float32 ``[len(rows), 3, S, S]`` in [0, 1], and masks ``[len(rows), 1, S, S]`` where its
            strategy needs them.

        Raises:
            ConfigError: Samples are missing or cannot be read; the message lists them all together.
        """

    def load(self, part: Part, card: Card, progress: Progress | None = None) -> Arrays:
        """Open the samples of a part and bring them to what the card's classifier sees.

        Args:
            part: One of ``counts``.
            card: The card of the classifier to be.
            progress: Called with (samples done, samples of this part).

        Raises:
            ConfigError: Samples are missing or cannot be read; the message lists them all together.
        """


def load_training_data(data: TrainingData, card: Card, progress: Progress | None = None) -> dict[Part, Arrays]:
    """Open all parts of the data.

    Args:
        data: The data.
        card: The card of the classifier to be.
        progress: Called with (samples done, samples in all).

    Raises:
        ConfigError: They do not fit into this machine's memory, or samples are missing or cannot be read; the message
            lists those all together.
    """
    _check_memory(data, card.preprocessing.size)
    total = sum(data.counts.values())
    before = dict(zip(data.counts, accumulate(data.counts.values(), initial=0), strict=False))

    def counted(part: Part) -> Progress | None:
        return None if progress is None else lambda done, _: progress(before[part] + done, total)

    loaded = {part: data.load(part, card, counted(part)) for part in data.counts}
    if progress is not None:
        progress(total, total)
    return loaded


def memory_of(data: TrainingData, size: int) -> int:
    """Bytes that all parts take as arrays of ``size`` pixels a side."""
    return sum(data.counts.values()) * size**2 * 4


def _check_memory(data: TrainingData, size: int) -> None:
    needed, free = memory_of(data, size), psutil.virtual_memory().available
    if needed > _MEMORY_SHARE * free:
        raise ConfigError(
            f"{sum(data.counts.values()):,} samples of {size}×{size} pixels take {needed / 2**30:.1f} GiB of memory "
            f"and {free / 2**30:.1f} GiB are free; train on fewer, or at a smaller size."
        )
