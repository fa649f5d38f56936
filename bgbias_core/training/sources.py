"""The data that can be trained on: Aviary, and photographs in the layouts that the data sets' readers know."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from bgbias_core.aviary import SPEC_VERSION, SPECIES
from bgbias_core.data import AviaryQuery, PhotographSet, Sample, load_aviary, open_data
from bgbias_core.data.aviary import LICENCE, AviarySet
from bgbias_core.data.sample import Entry
from bgbias_core.data.validation import check_data
from bgbias_core.errors import ConfigError, ImageError, MaskError
from bgbias_core.evaluation import network_input
from bgbias_core.images import Mask
from bgbias_core.masks import KeptMasks, default_masker, load_masker, masker_key
from bgbias_core.models import Card, Strategy
from bgbias_core.paths import named_folder
from bgbias_core.training.config import AviaryData, CubData, PhotographData, TrainingConfig
from bgbias_core.training.data import Arrays, Inputs, MaskSource, Part, Progress

_MASKER = default_masker("photograph")
_OPEN = 64  # samples that may wait to be taken over


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
    masks = None if isinstance(config.data, CubData) else config.data.masks
    samples = open_data(config.data.name, named_folder(config.data.root), named_folder(masks) if masks else None)
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

    def labels(self, part: Part) -> NDArray[np.int64]:
        """See :class:`TrainingData`."""
        return np.array([self.classes.index(recipe.species) for recipe in self.query(part).recipes()], dtype=np.int64)

    def key(self, part: Part, *, masked: bool) -> str:  # noqa: ARG002  # masks are rendered with the pictures
        """See :class:`TrainingData`."""
        return self.query(part).fingerprint

    def inputs(self, part: Part, rows: Sequence[int], cards: Sequence[Card]) -> list[Inputs]:
        """See :class:`TrainingData`."""
        made, some = self._rendered(part), np.asarray(rows)
        images = torch.from_numpy(made.images[some]).permute(0, 3, 1, 2).float().div_(255)
        masks = torch.from_numpy(made.masks[some]).unsqueeze(1).float()
        return [(images, masks if card.strategy.needs_mask else None) for card in cards]

    @cached_property
    def _rendered(self) -> Callable[[Part], AviarySet]:
        return cache(lambda part: load_aviary(self.query(part)))


@dataclass(frozen=True, eq=False)
class PhotographTraining:
    """Photographs of a data set's ``train`` and ``validation`` splits. See :class:`TrainingData`.

    They are brought to the classifier's size exactly as when it predicts later: an early-masked classifier's background
    is filled before the resize. Masks are the data set's; where it has none, or where they shall be predicted, the
    default masker finds them on the whole photographs, several at a time, and they are kept in the cache.

    Raises:
        ConfigError: There is nothing to train on or to choose the epoch by.
    """

    data: PhotographData
    samples: PhotographSet
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
        masks = {"none": "", "given": " with given masks", "predicted": f" with masks predicted by {_MASKER}"}
        return f"{self.samples.title}, {self.counts['train']:,} photographs{masks[self.mask_source]}"

    @property
    def parameters(self) -> dict[str, Any]:
        """See :class:`TrainingData`."""
        masker = {"masker": _MASKER} if self.mask_source == "predicted" else {}
        return {**self.data.model_dump(), "train": self.counts["train"], "validation": self.counts["ID"], **masker}

    @property
    def mask_source(self) -> MaskSource:
        """See :class:`TrainingData`."""
        return self._masks_from if self.strategy.needs_mask else "none"

    @property
    def _masks_from(self) -> Literal["given", "predicted"]:
        return "given" if self.samples.has_masks and self.data.masks_from == "given" else "predicted"

    @cached_property
    def _masker(self) -> KeptMasks:
        return KeptMasks(load_masker(_MASKER))

    def labels(self, part: Part) -> NDArray[np.int64]:
        """See :class:`TrainingData`."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        return np.array([numbers[entry.label] for entry in self.entries[part]], dtype=np.int64)

    def key(self, part: Part, *, masked: bool) -> str:
        """See :class:`TrainingData`."""
        masks = (
            "none"
            if not masked
            else "given"
            if self._masks_from == "given"
            else f"by {masker_key(self._masker.masker)}"
        )
        return f"{self.fingerprint} {part}, masks: {masks}"

    def inputs(self, part: Part, rows: Sequence[int], cards: Sequence[Card]) -> list[Inputs]:
        """See :class:`TrainingData`."""
        shown = list(self._each([self.entries[part][row] for row in rows], cards))
        stacked: list[Inputs] = []
        for number in range(len(cards)):
            images = torch.cat([one[number][0] for one in shown])
            masks = [mask for one in shown if (mask := one[number][1]) is not None]
            stacked.append((images, torch.cat(masks) if masks else None))
        return stacked

    def load(self, part: Part, card: Card, progress: Progress | None = None) -> Arrays:
        """See :class:`TrainingData`."""
        entries, size = self.entries[part], card.preprocessing.size
        images = np.empty((len(entries), size, size, 3), np.uint8)
        masks = np.zeros((len(entries), size, size), np.uint8)
        for row, [(pixels, foreground)] in enumerate(self._each(entries, [card])):
            images[row] = pixels[0].mul(255).round().byte().permute(1, 2, 0).numpy()
            if foreground is not None:
                masks[row] = foreground[0, 0].mul(255).round().byte().numpy()
            if progress is not None:
                progress(row + 1, len(entries))
        return Arrays(images, masks, self.labels(part))

    def _each(self, entries: Sequence[Entry], cards: Sequence[Card]) -> Iterator[list[Inputs]]:
        """What each card's classifier sees of one sample after another; several are opened at a time."""

        def see(entry: Entry) -> list[Inputs]:
            sample = self.samples.read(entry)
            masks = [self._mask(sample)] if any(card.strategy.needs_mask for card in cards) else None
            return [network_input(card, [sample.image], masks) for card in cards]

        pool = ThreadPoolExecutor(os.cpu_count())
        try:
            for start in range(0, len(entries), _OPEN):
                yield from pool.map(see, entries[start : start + _OPEN])
        except (ImageError, MaskError):
            used = [entry for part in self.entries.values() for entry in part]
            check_data(self.samples, entries=used, open_files=True).refuse()
            raise
        finally:
            pool.shutdown(cancel_futures=True)  # at the first photograph that cannot be read

    def _mask(self, sample: Sample) -> Mask:
        if self._masks_from == "given" and sample.mask is not None:
            return sample.mask
        return self._masker(sample.image).mask
