"""What a segmenter trains on: images with masks, from any source, in memory and augmented together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from bgbias_core.conditions import present
from bgbias_core.data import AviaryQuery, load_aviary, open_cub
from bgbias_core.data.aviary import LICENCE as AVIARY_LICENCE
from bgbias_core.data.pairs import open_pairs
from bgbias_core.data.photographs import shuffled
from bgbias_core.errors import ConfigError
from bgbias_core.images import Image, Mask, resize_pair
from bgbias_core.models import Data
from bgbias_core.training.segmenter_config import AviaryMasks, CubMasks, PairMasks, PictureAugmentation

Batch = tuple[Tensor, Tensor]
"""Images float32 ``[B, 3, S, S]`` in [0, 1] and masks float32 ``[B, 1, S, S]``, 0 or 1."""
Part = Literal["train", "validation"]
Progress = Callable[[int, int], None]

_MARGIN = 1.125
"""Pictures are kept a little larger than the network's size: crops shall not have to be enlarged much."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with masks in memory.

    Attributes:
        images: uint8 ``[N, S, S, 3]``.
        masks: uint8 ``[N, S, S]``, 1 = foreground.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Source:
    """One source of pictures, listed and not yet opened.

    Attributes:
        data: What it is, for the card.
        held_back: Names of the images or classes that are left out.
        parts: Names of the pictures by part.
        read: Opens one picture by its name; not called where pictures are drawn.
        aviary: What is drawn, many at once; ``None`` for files.
    """

    data: Data
    held_back: tuple[str, ...]
    parts: dict[Part, Sequence[str]]
    read: Callable[[str], tuple[Image, Mask]]
    aviary: AviaryMasks | None = None

    def load(self, part: Part, size: int, progress: Progress | None = None) -> Pictures:
        """Open the pictures of a part, squashed to ``size`` pixels a side.

        Raises:
            ImageError: A picture cannot be read.
            MaskError: A mask cannot be read or has another size than its picture.
        """
        if self.aviary is not None:
            query = AviaryQuery(
                "train" if part == "train" else "validation",
                len(self.parts[part]),
                correlation=self.aviary.correlation,
                size=size,
                seed=self.aviary.seed,
            )
            made = load_aviary(query, progress=progress)
            return Pictures(made.images, made.masks)
        names = self.parts[part]
        images = np.empty((len(names), size, size, 3), np.uint8)
        masks = np.empty((len(names), size, size), np.uint8)
        for row, name in enumerate(names):
            image, mask = resize_pair(*self.read(name), (size, size), "squash")
            images[row], masks[row] = image, mask > 0.5
            if progress is not None:
                progress(row + 1, len(names))
        return Pictures(images, masks)


def open_source(spec: PairMasks | CubMasks | AviaryMasks) -> Source:
    """List a source of pictures with masks.

    Raises:
        ConfigError: A folder is missing or empty, or a held-back class is not there.
    """
    if isinstance(spec, AviaryMasks):
        data = Data(
            name="Aviary",
            fingerprint=AviaryQuery("train", spec.train, correlation=spec.correlation, seed=spec.seed).fingerprint,
            licence=AVIARY_LICENCE,
            parameters=spec.model_dump(),
        )
        names: dict[Part, Sequence[str]] = {
            "train": [str(number) for number in range(spec.train)],
            "validation": [str(number) for number in range(spec.validation)],
        }
        return Source(data, (), names, _drawn, aviary=spec)
    return _pairs(spec) if isinstance(spec, PairMasks) else _cub(spec)


def _drawn(name: str) -> tuple[Image, Mask]:
    raise NotImplementedError(f"Aviary sample {name} is drawn together with the others.")


def _pairs(spec: PairMasks) -> Source:
    pairs = open_pairs(spec.images, spec.masks)
    order = shuffled(pairs.names)
    held_back = tuple(sorted(order[: spec.held_back]))
    rest = order[spec.held_back :]
    if len(rest) <= spec.validation:
        raise ConfigError(
            f"'{spec.images}' holds {len(order):,} pairs, and {spec.held_back} are held back and {spec.validation} "
            "choose the epoch; none is left to train on. Give more pairs, or smaller numbers."
        )
    data = Data(
        name=spec.title,
        fingerprint=pairs.fingerprint,
        licence=spec.licence,
        parameters=spec.model_dump(exclude={"images", "masks"}),
    )
    return Source(
        data, held_back, {"train": rest[spec.validation :], "validation": rest[: spec.validation]}, pairs.read
    )


def _cub(spec: CubMasks) -> Source:
    data_set = open_cub(Path(spec.root))
    if not data_set.has_masks:
        raise ConfigError(f"'{spec.root}' has no folder 'segmentations'; unpack CUB's masks there, or leave CUB out.")
    if unknown := sorted(set(spec.held_back_classes) - set(data_set.classes)):
        raise ConfigError(
            f"'{spec.root}' has no class '{unknown[0]}' to hold back; its classes are {', '.join(data_set.classes)}."
        )
    entries = {entry.name: entry for entry in data_set.entries if entry.label not in spec.held_back_classes}

    def read(name: str) -> tuple[Image, Mask]:
        sample = data_set.read(entries[name])
        return sample.image, cast("Mask", sample.mask)  # data_set.has_masks

    parts: dict[Part, Sequence[str]] = {
        "train": [name for name, entry in entries.items() if entry.split == "train"],
        "validation": [name for name, entry in entries.items() if entry.split == "validation"],
    }
    data = Data(
        name=f"{data_set.title}, train split",
        fingerprint=data_set.fingerprint,
        licence=data_set.licence,
        parameters=spec.model_dump(exclude={"root"}),
    )
    return Source(data, tuple(spec.held_back_classes), parts, read)


class SegmentationSamples(Dataset[Batch]):
    """Pictures of several sources in turn, so that each has the same share of every epoch.

    Args:
        sources: The pictures.
        size: Side of the squares that come out.
        augmentation: How each is changed at random, from torch's global generator; ``None`` leaves them as they are.
    """

    def __init__(self, sources: Sequence[Pictures], size: int, augmentation: PictureAugmentation | None = None) -> None:
        self._sources = sources
        self._paste = 0.0 if augmentation is None else augmentation.paste
        self._change = v2.Resize((size, size), antialias=True) if augmentation is None else _changes(augmentation, size)

    def __len__(self) -> int:
        return len(self._sources) * max(len(source.images) for source in self._sources)

    def __getitem__(self, index: int) -> Batch:
        image, mask = self._picture(index)
        if self._paste and torch.rand(()) < self._paste:
            image = _pasted(image, mask, *self._picture(int(torch.randint(len(self), ()))))
        pixels = tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1))
        changed: Any = self._change(pixels, tv_tensors.Mask(torch.from_numpy(mask).unsqueeze(0)))
        return changed[0].float().div(255).as_subclass(Tensor), changed[1].float().as_subclass(Tensor)

    def _picture(self, index: int) -> tuple[Image, NDArray[np.uint8]]:
        source = self._sources[index % len(self._sources)]
        row = index // len(self._sources) % len(source.images)
        return source.images[row], source.masks[row]


def _pasted(image: Image, mask: NDArray[np.uint8], other: Image, covered: NDArray[np.uint8]) -> Image:
    """The object on another picture of the same size; as it came where either mask marks nothing."""
    if image.shape != other.shape or not (mask.any() and covered.any()):
        return image
    return present("mixed_rand", image, mask.astype(np.float32), donor=(other, covered.astype(np.float32))).image


def _changes(augmentation: PictureAugmentation, size: int) -> v2.Transform:
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(augmentation.smallest_crop, 1.0), ratio=(0.7, 1.4), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4, augmentation.hue),
            v2.RandomApply([v2.RandomChannelPermutation()], augmentation.permute_channels),
            v2.RandomGrayscale(0.1),
        ]
    )


def stored_size(size: int) -> int:
    """Side at which pictures are kept in memory for a network of this size."""
    return round(size * _MARGIN)
