"""The data that can be trained on: Aviary, and photographs in the layouts that the data sets' readers know."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bgbias_core.aviary import SPEC_VERSION, SPECIES
from bgbias_core.data import AviaryQuery, Sample, load_aviary, open_data
from bgbias_core.data.aviary import LICENCE
from bgbias_core.data.sample import DataSet, Entry
from bgbias_core.errors import BgBiasError, ConfigError
from bgbias_core.evaluation import network_input
from bgbias_core.images import Mask, decode_mask, digest, encode_mask_png, read_mask
from bgbias_core.masks import DEFAULT_MASKER, load_masker
from bgbias_core.models import Card, Strategy
from bgbias_core.paths import cache_folder, replace_file
from bgbias_core.training.config import AviaryData, CubData, FolderData, TrainingConfig
from bgbias_core.training.data import Arrays, MaskSource, Part, Progress


def open_training_data(config: TrainingConfig, size: int) -> AviaryTraining | PhotographTraining:
    """Find a configuration's data without opening a sample.

    Args:
        config: The configuration.
        size: Side of the classifier's square input in pixels.

    Raises:
        BgBiasError: The data are not there, or not in the layout that is expected.
        ConfigError: There is nothing to train on or to choose the epoch by.
    """
    if isinstance(config.data, AviaryData):
        return AviaryTraining(config.data, size, config.model.strategy)
    masks = config.data.masks if isinstance(config.data, FolderData) else None
    samples = open_data(config.data.name, Path(config.data.root), Path(masks) if masks else None)
    return PhotographTraining(config.data, samples, config.model.strategy)


@dataclass(frozen=True)
class AviaryTraining:
    """Aviary: rendered at the classifier's size, with given masks. See :class:`TrainingData`."""

    data: AviaryData
    size: int
    strategy: Strategy

    name = "aviary"
    licence = LICENCE
    classes = tuple(SPECIES)

    def query(self, part: Part) -> AviaryQuery:
        """The samples of a part."""
        training = part == "train"
        return AviaryQuery(
            "train" if training else "validation",
            self.data.train if training else self.data.validation,
            condition="OOD" if part == "OOD" else "ID",
            correlation=self.data.correlation,
            size=self.size,
            seed=self.data.seed,
        )

    @property
    def description(self) -> str:
        """See :class:`TrainingData`."""
        return f"Aviary at correlation {self.data.correlation:g}, {self.data.train:,} samples"

    @property
    def counts(self) -> Mapping[Part, int]:
        """See :class:`TrainingData`."""
        return {"train": self.data.train, "ID": self.data.validation, "OOD": self.data.validation}

    @property
    def fingerprint(self) -> str:
        """That of the training samples."""
        return self.query("train").fingerprint

    @property
    def parameters(self) -> dict[str, Any]:
        """See :class:`TrainingData`."""
        return {**self.data.model_dump(), "spec_version": SPEC_VERSION}

    @property
    def mask_source(self) -> MaskSource:
        """See :class:`TrainingData`."""
        return "given" if self.strategy.needs_mask else "none"

    def load(self, part: Part, card: Card, progress: Progress | None = None) -> Arrays:  # noqa: ARG002  # other data are resized by it
        """See :class:`TrainingData`."""
        made = load_aviary(self.query(part), progress=progress)
        return Arrays(made.images, made.masks * np.uint8(255), made.labels)


@dataclass(frozen=True, eq=False)
class PhotographTraining:
    """Photographs of a data set's ``train`` and ``validation`` splits. See :class:`TrainingData`.

    They are brought to the classifier's size exactly as when it predicts later: an early-masked classifier's background
    is filled before the resize. Masks are the data set's; where it has none, the default masker predicts them on the
    whole photographs, several at a time, and they are kept in the cache.

    Raises:
        ConfigError: There is nothing to train on or to choose the epoch by.
    """

    data: CubData | FolderData
    samples: DataSet
    strategy: Strategy

    def __post_init__(self) -> None:
        """Refuse data that leave a part empty."""
        for part, count in self.counts.items():
            if count == 0:
                raise ConfigError(
                    f"{self.samples.title} in '{self.data.root}' holds no photographs "
                    f"{'to train on' if part == 'train' else 'to choose the epoch by'} (split "
                    f"'{'train' if part == 'train' else 'validation'}'); add some."
                )

    @cached_property
    def entries(self) -> dict[Part, Sequence[Entry]]:
        """The samples of each part."""
        return {
            "train": [entry for entry in self.samples.entries if entry.split == "train"],
            "ID": [entry for entry in self.samples.entries if entry.split == "validation"],
        }

    @property
    def name(self) -> str:
        """See :class:`TrainingData`."""
        return self.samples.name

    @property
    def classes(self) -> tuple[str, ...]:
        """See :class:`TrainingData`."""
        return self.samples.classes

    @property
    def counts(self) -> Mapping[Part, int]:
        """See :class:`TrainingData`."""
        return {part: len(entries) for part, entries in self.entries.items()}

    @property
    def fingerprint(self) -> str:
        """See :class:`TrainingData`."""
        return self.samples.fingerprint

    @property
    def licence(self) -> str:
        """See :class:`TrainingData`."""
        return self.samples.licence

    @property
    def description(self) -> str:
        """See :class:`TrainingData`."""
        masks = {"none": "", "given": " with given masks", "predicted": f" with masks predicted by {DEFAULT_MASKER}"}
        return f"{self.samples.title}, {self.counts['train']:,} photographs{masks[self.mask_source]}"

    @property
    def parameters(self) -> dict[str, Any]:
        """See :class:`TrainingData`."""
        masker = {"masker": DEFAULT_MASKER} if self.mask_source == "predicted" else {}
        return {**self.data.model_dump(), "train": self.counts["train"], "validation": self.counts["ID"], **masker}

    @property
    def mask_source(self) -> MaskSource:
        """See :class:`TrainingData`."""
        if not self.strategy.needs_mask:
            return "none"
        return "given" if self.samples.has_masks else "predicted"

    def load(self, part: Part, card: Card, progress: Progress | None = None) -> Arrays:
        """See :class:`TrainingData`."""
        return self.prepare(self.entries[part], card, progress)

    def prepare(self, entries: Sequence[Entry], card: Card, progress: Progress | None = None) -> Arrays:
        """Open some samples and bring them to what the card's classifier sees; as :meth:`load`."""
        size = card.preprocessing.size
        numbers = {name: number for number, name in enumerate(self.classes)}
        images = np.empty((len(entries), size, size, 3), np.uint8)
        masks = np.zeros((len(entries), size, size), np.uint8)

        def prepare(row: int) -> None:
            sample = self.samples.read(entries[row])
            mask = None if self.mask_source == "none" else [self._mask(sample)]
            pixels, foreground = network_input(card, [sample.image], mask)
            images[row] = pixels[0].mul(255).round().byte().permute(1, 2, 0).numpy()
            if foreground is not None:
                masks[row] = foreground[0, 0].mul(255).round().byte().numpy()

        pool = ThreadPoolExecutor(os.cpu_count())
        try:
            for done, _ in enumerate(pool.map(prepare, range(len(entries))), start=1):
                if progress is not None:
                    progress(done, len(entries))
        finally:
            pool.shutdown(cancel_futures=True)  # at the first photograph that cannot be read
        return Arrays(images, masks, np.array([numbers[entry.label] for entry in entries], dtype=np.int64))

    def _mask(self, sample: Sample) -> Mask:
        if self.mask_source == "given" and sample.mask is not None:
            return sample.mask
        kept = cache_folder() / "masks" / DEFAULT_MASKER / f"{digest(sample.image)[:32]}.png"
        with suppress(BgBiasError):  # absent or damaged: it is predicted again
            return read_mask(kept)
        found = encode_mask_png(load_masker(DEFAULT_MASKER)(sample.image).mask)
        with suppress(OSError):  # nothing needs the cache: where it cannot be written, all goes on
            replace_file(kept, lambda path: path.write_bytes(found))
        return decode_mask(found)  # in the file's 256 steps, the first time as every other
