"""How many top names change when photographs get other scenes: for every checkpoint and mask source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bgbias_core.data.places import MAX_FILES, SUFFIXES, find_scenes
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.evaluation.intervals import cluster_bootstrap
from bgbias_core.evaluation.swaps import Presentation, changed, judge, present
from bgbias_core.images import Image, read_image
from bgbias_core.masks import Masker, MaskResult, from_file
from bgbias_core.models import Checkpoint, StrategyName

Progress = Callable[[int, int], None]
LiftedBy = Literal["given", "predicted"]


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph whose object is to be lifted.

    Attributes:
        name: What tells it from the others.
        image: uint8 ``[H, W, 3]``.
        given: Its given mask, where there is one.
    """

    name: str
    image: Image
    given: MaskResult | None = None


@dataclass(frozen=True)
class FlipCount:
    """How often one checkpoint changed its mind.

    Attributes:
        checkpoint: Name of the checkpoint.
        strategy: Its strategy.
        mask_source: The mask that lifts the object off its photograph and that masked strategies look at: ``given``
            and moved along, or ``predicted`` on the photograph and again on every composite.
        masker: Name of the masker where the mask is predicted.
        photographs: Number of photographs with at least one pair.
        pairs: Number of (photograph, scene) pairs with a name before and after.
        changed: In how many of those the top name differs from the original's.
        no_object: Pairs left out because no object was found before or after.
        identity: Whether the checkpoint sees the same pixels on every scene, so that there is nothing to measure.
        rate: ``changed / pairs``; none for an identity or without pairs.
        low: Lower end of the 95% interval, resampling photographs.
        high: Upper end.
    """

    checkpoint: str
    strategy: StrategyName
    mask_source: LiftedBy
    masker: str
    photographs: int
    pairs: int
    changed: int
    no_object: int
    identity: bool
    rate: float | None
    low: float | None
    high: float | None


def count_flips(
    checkpoints: Sequence[Checkpoint],
    photographs: Sequence[Photograph],
    scenes: Mapping[str, Image],
    masker: Masker,
    *,
    progress: Progress | None = None,
) -> list[FlipCount]:
    """Put every photograph's object on every scene and count the changed names.

    Args:
        checkpoints: Which classifiers.
        photographs: Which photographs; given masks are used where every photograph has one.
        scenes: Scenes by name.
        masker: What predicts masks.
        progress: Called with (photographs done, photographs in all), each counted once for each mask source.

    Returns:
        One count for each mask source and checkpoint.

    Raises:
        ConfigError: There is no photograph, or no scene.
        MaskError: A given mask is empty or does not belong to its photograph.
    """
    if not photographs or not scenes:
        raise ConfigError(f"Got {len(photographs)} photographs and {len(scenes)} scenes; give at least one of each.")
    with_given = all(photograph.given is not None for photograph in photographs)
    sources: tuple[LiftedBy, ...] = ("given", "predicted") if with_given else ("predicted",)
    counts = []
    for round_, source in enumerate(sources):
        flips: dict[str, list[NDArray[np.float64]]] = {checkpoint.card.name: [] for checkpoint in checkpoints}
        for done, photograph in enumerate(photographs, start=1):
            presentations = _presentations(photograph, source, scenes, masker)
            for checkpoint in checkpoints:
                flips[checkpoint.card.name].append(_flips(checkpoint, presentations, len(scenes)))
            if progress is not None:
                progress(round_ * len(photographs) + done, len(sources) * len(photographs))
        name = masker.name if source == "predicted" else ""
        hard = source == "given" and all(photo.given is not None and photo.given.hard for photo in photographs)
        counts += [
            _count(checkpoint, source, name, np.stack(flips[checkpoint.card.name]), hard=hard)
            for checkpoint in checkpoints
        ]
    return counts


def _presentations(
    photograph: Photograph, source: LiftedBy, scenes: Mapping[str, Image], masker: Masker
) -> list[Presentation]:
    if source == "given" and photograph.given is not None:
        return present(photograph.image, photograph.given, scenes)
    lifted = masker(photograph.image)
    return present(photograph.image, lifted, {} if lifted.empty else scenes, masker=masker)


def _flips(checkpoint: Checkpoint, presentations: Sequence[Presentation], scenes: int) -> NDArray[np.float64]:
    """One value for each scene: 1 where the name changed, NaN where there is nothing to compare."""
    answers = changed(judge(checkpoint, presentations))[1:]
    flips = np.full(scenes, np.nan)
    flips[: len(answers)] = [np.nan if answer is None else float(answer) for answer in answers]
    return flips


def _count(
    checkpoint: Checkpoint, source: LiftedBy, masker: str, flips: NDArray[np.float64], *, hard: bool
) -> FlipCount:
    strategy = checkpoint.card.strategy
    identity = hard and strategy.hides_background
    compared = ~np.isnan(flips)
    measured = bool(compared.any()) and not identity
    interval = cluster_bootstrap(flips) if measured else None
    return FlipCount(
        checkpoint=checkpoint.card.name,
        strategy=strategy.name,
        mask_source=source,
        masker=masker,
        photographs=int(compared.any(axis=1).sum()),
        pairs=int(compared.sum()),
        changed=int(np.nansum(flips)),
        no_object=int((~compared).sum()),
        identity=identity,
        rate=float(np.nanmean(flips)) if measured else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
    )


def draw_photographs(folder: Path, masks: Path | None, n: int, seed: int) -> list[Photograph]:
    """Draw photographs from a folder of any depth.

    Args:
        folder: The photographs.
        masks: Their given masks: the same paths below this folder, ending in ``.png``.
        n: How many; all of them where there are fewer.
        seed: Seed of the draw.

    Raises:
        ConfigError: A folder is missing or holds no photograph, or a photograph has no mask.
        ImageError: A photograph or mask cannot be read.
        MaskError: A mask is empty or has another size than its photograph.
    """
    if not folder.is_dir():
        raise ConfigError(f"There is no folder '{folder}'; give the path of a folder of photographs.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ConfigError(f"No photograph lies in '{folder}' (looked for {', '.join(sorted(SUFFIXES))}); give another.")
    drawn = np.random.default_rng(seed).choice(len(paths), size=min(n, len(paths)), replace=False)
    return [_photograph(paths[index], folder, masks) for index in sorted(drawn)]


def _photograph(path: Path, folder: Path, masks: Path | None) -> Photograph:
    name, image = path.relative_to(folder), read_image(path)
    if masks is None:
        return Photograph(name.as_posix(), image)
    given = from_file(image, masks / name.with_suffix(".png"))
    if given.empty:
        raise MaskError(f"The mask of {name} marks nothing; mend it, or take the photograph out of the folder.")
    return Photograph(name.as_posix(), image, given)


def draw_scenes(folder: Path, seed: int) -> dict[str, Image]:
    """Draw one scene of every place of a folder.

    Args:
        folder: One folder of scenes for each place.
        seed: Seed of the draw.

    Returns:
        Scenes by place, in the order of their names.

    Raises:
        ConfigError: The folder is missing or holds no scene.
        ImageError: A scene cannot be read.
    """
    random = np.random.default_rng(seed)
    places = find_scenes(folder, per_place=MAX_FILES)
    return {place: read_image(paths[int(random.integers(len(paths)))]) for place, paths in places.items()}
