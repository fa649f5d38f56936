"""What a photograph's object is put on: drawn scenes, and backgrounds that other photographs lend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bgbias_core.compositing import Composite
from bgbias_core.conditions import CONDITIONS, Donor, draw_donors, present
from bgbias_core.data import Entry, PhotographSet, Sample
from bgbias_core.data.places import MAX_FILES, find_scenes
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.images import Image, read_image
from bgbias_core.masks import Masker, MaskResult, given

FOREIGN, MIXED_SAME, MIXED_RAND = (CONDITIONS[name].title for name in ("foreign", "mixed_same", "mixed_rand"))
MIXED: dict[str, str] = {CONDITIONS[name].title: name for name in ("mixed_same", "mixed_rand")}
"""Conditions whose background another photograph of the same split lends, from their titles to their names."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph of a place.

    Attributes:
        name: Its path below the folder of scenes.
        place: Its place.
        image: uint8 ``[H, W, 3]``.
    """

    name: str
    place: str
    image: Image


def draw_scenes(folder: str | Path, seed: int) -> list[Scene]:
    """Draw one scene of every place of a folder.

    Args:
        folder: One folder of scenes for each place.
        seed: Seed of the draw.

    Returns:
        Scenes in the order of their places' names.

    Raises:
        ConfigError: The folder is missing or holds no scene.
        ImageError: A scene cannot be read.
    """
    random = np.random.default_rng(seed)
    root = Path(folder).expanduser()
    drawn = {
        place: paths[int(random.integers(len(paths)))]
        for place, paths in find_scenes(root, per_place=MAX_FILES).items()
    }
    return [Scene(path.relative_to(root).as_posix(), place, read_image(path)) for place, path in drawn.items()]


def draw_scenes_for(sample: str, places: Mapping[str, Sequence[Path]], draws: int, seed: int) -> list[tuple[str, Path]]:
    """Draw scenes for one photograph: each time a place uniformly, then one of its scenes that was not yet drawn.

    Args:
        sample: Name of the photograph; what is drawn depends on nothing else that is or was drawn.
        places: Scenes by place.
        draws: How many; all where there are fewer.
        seed: Another seed draws others.

    Returns:
        Places and paths; more draws begin with the same ones.
    """
    own = int.from_bytes(hashlib.sha256(sample.encode()).digest()[:8])
    random = np.random.default_rng([seed, own])
    left = {place: list(paths) for place, paths in places.items()}
    drawn: list[tuple[str, Path]] = []
    while left and len(drawn) < draws:
        place = list(left)[int(random.integers(len(left)))]
        drawn.append((place, left[place].pop(int(random.integers(len(left[place]))))))
        left = {place: paths for place, paths in left.items() if paths}
    return drawn


@dataclass(frozen=True, eq=False)
class Background:
    """What one object is put on.

    Attributes:
        condition: Title of the condition.
        name: The scene's path below its folder, or the name of the photograph that lends its background.
        place: Where that was taken, if it is known.
        scene: uint8 ``[H, W, 3]``; ``None`` where a photograph lends its background.
        donor: The photograph that does; ``None`` for a scene.
    """

    condition: str
    name: str
    place: str | None
    scene: Image | None = None
    donor: Sample | None = None


def compose(image: Image, lifted: MaskResult, background: Background, *, masker: Masker) -> Composite | None:
    """Put an object on a background; a lender's own object is found the way the object itself was.

    Args:
        image: The photograph, uint8 ``[H, W, 3]``.
        lifted: The object's mask in it: given, or else predicted.
        background: Where to.
        masker: What finds the lender's object where ``lifted`` is not given.

    Returns:
        The composite; ``None`` where the lender's own object is not found, for it would stay in the picture.

    Raises:
        MaskError: A given mask marks nothing.
    """
    if background.donor is None:
        return present("foreign", image, lifted.mask, scene=background.scene)
    found = object_mask(background.donor, lifted.source == "given", masker)
    if found.empty:
        return None
    donor: Donor = (background.donor.image, found.mask)
    return present(MIXED[background.condition], image, lifted.mask, donor=donor)


def object_mask(sample: Sample, is_given: bool, masker: Masker) -> MaskResult:
    """The given mask of a photograph, or what the masker finds in it.

    Raises:
        MaskError: The given mask marks nothing, or there is none.
    """
    if not is_given:
        return masker(sample.image)
    if sample.mask is None or not sample.mask.any():
        raise MaskError(f"The mask of {sample.name} marks nothing; mend it, or take the photograph out of the data.")
    return given(sample.image, sample.mask)


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """Draws and opens what each photograph of a split is put on.

    Attributes:
        data: The data set.
        split: The photographs of one split, all of them: any may lend its background.
        scenes: Folder of scenes; ``None`` for no foreign scenes.
        conditions: Names of further conditions.
        draws: How many backgrounds of each condition; ``None`` for one of each further condition, and on foreign
            scenes for one of every place, the same for all photographs.
        seed: Seed of all draws.
    """

    data: PhotographSet
    split: Sequence[Entry]
    scenes: Path | None
    conditions: Sequence[str]
    draws: int | None
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            ConfigError: A condition is none of those that lend backgrounds, or the number of draws is not positive.
        """
        if self.draws is not None and self.draws < 1:
            raise ConfigError(f"Got {self.draws} draws; draw at least 1 background of each condition.")
        for name in self.conditions:
            if name not in MIXED.values():
                raise ConfigError(
                    f"'{name}' is no condition that an evaluation can add; choose among {', '.join(MIXED.values())}."
                )

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {entry.name: row for row, entry in enumerate(self.split)}

    @cached_property
    def _labels(self) -> list[str]:
        return [entry.label for entry in self.split]

    @cached_property
    def common(self) -> list[Scene]:
        """One scene of every place; none without a folder of scenes."""
        return [] if self.scenes is None else draw_scenes(self.scenes, self.seed)

    @cached_property
    def _places(self) -> dict[str, tuple[Path, ...]]:
        return {} if self.scenes is None else find_scenes(self.scenes, per_place=MAX_FILES)

    @property
    def count(self) -> int:
        """How many backgrounds a photograph gets, at most."""
        scenes = 0
        if self.scenes is not None:
            scenes = len(self._places) if self.draws is None else self.draws
        return scenes + len(self.conditions) * (self.draws or 1)

    def of(self, entry: Entry) -> Iterator[Background]:
        """Open the backgrounds of one photograph; the order in which photographs come does not matter.

        Raises:
            ConfigError: No other class can lend a background.
            ImageError: A scene or photograph cannot be read.
            MaskError: A lender's given mask cannot be read.
        """
        for name in self.conditions:
            title = CONDITIONS[name].title
            if name == "mixed_same" and self._labels.count(entry.label) == 1:
                continue  # nobody else of its class: left out, and so of the paired gap
            drawn = draw_donors(self._labels, self._rows[entry.name], name, self.draws or 1, self.seed)
            for row in dict.fromkeys(drawn):
                lender = self.split[row]
                yield Background(title, lender.name, lender.place, donor=self.data.read(lender))
        if self.draws is None:
            for scene in self.common:
                yield Background(FOREIGN, scene.name, scene.place, scene=scene.image)
        elif self.scenes is not None:
            for place, path in draw_scenes_for(entry.name, self._places, self.draws, self.seed):
                name = path.relative_to(self.scenes).as_posix()
                yield Background(FOREIGN, name, place, scene=read_image(path))
