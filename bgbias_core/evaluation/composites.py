"""What a sample's object is put on: drawn scenes, backgrounds that other samples lend, and what is left without it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bgbias_core.compositing import Composite
from bgbias_core.conditions import CONDITIONS, Donor, draw_donors, present, seed_of
from bgbias_core.data import Entry, Sample
from bgbias_core.data.places import MAX_FILES, find_scenes
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.images import Image, Mask, read_image
from bgbias_core.masks import Masker, MaskResult, given
from bgbias_core.registry import lookup

FOREIGN, MIXED_SAME, MIXED_RAND = (CONDITIONS[name].title for name in ("foreign", "mixed_same", "mixed_rand"))
MIXED: dict[str, str] = {CONDITIONS[name].title: name for name in ("mixed_same", "mixed_rand")}
"""Conditions whose background another sample lends, from their titles to their names."""
ALL = "all"
"""Stands for every condition that can be had."""

_BY_TITLE = {spec.title: spec for spec in CONDITIONS.values()}


def choose_conditions(asked: Sequence[str], *, scenes: bool) -> tuple[str, ...]:
    """The conditions that an evaluation adds, each once and in the order of ``CONDITIONS``.

    Args:
        asked: Names of ``CONDITIONS``, or ``all``. ``original`` is always there and need not be asked for.
        scenes: Whether there are scenes; ``foreign`` is added wherever there are.

    Raises:
        UnknownNameError: There is no such condition.
        ConfigError: A foreign scene is asked for and there are none.
    """
    known = {**CONDITIONS, ALL: None}
    for name in asked:
        lookup(known, name, "condition")
    if "foreign" in asked and not scenes:
        raise ConfigError("Foreign scenes were asked for and none were given; give a folder of scenes.")
    wanted = CONDITIONS if ALL in asked else {*asked}
    wanted = {*wanted} - {"original", "foreign"} | ({"foreign"} if scenes else set())
    return tuple(name for name in CONDITIONS if name in wanted)


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
    """What one object is put on, or what is made of its own background.

    Attributes:
        condition: Title of the condition.
        name: The scene's path below its folder, or the name of the sample that lends its background; else empty.
        place: Where that was taken, if it is known.
        place_group: The place's group, if it is known.
        scene: uint8 ``[H, W, 3]``; ``None`` where there is no other scene.
        donor: The sample that lends its background; ``None`` where none does.
        seed: Seed of the noise, where there is any.
    """

    condition: str
    name: str = ""
    place: str | None = None
    place_group: str | None = None
    scene: Image | None = None
    donor: Sample | None = None
    seed: int = 0


def compose(
    image: Image, lifted: MaskResult, background: Background, *, masker: Masker, rim: Mask | None = None
) -> Composite | None:
    """Present an object under a condition; a lender's own object is found the way the object itself was.

    Args:
        image: The picture, uint8 ``[H, W, 3]``.
        lifted: The object's mask in it: given, or else predicted.
        background: Where to.
        masker: What finds the lender's object where ``lifted`` is not given.
        rim: The object with every pixel that it touches, float32 ``[H, W]``, where that is known: what has to go where
            the object is taken out.

    Returns:
        The composite; ``None`` where the lender's own object is not found, for it would stay in the picture.

    Raises:
        MaskError: A given mask marks nothing.
    """
    spec = _BY_TITLE[background.condition]
    donor: Donor | None = None
    if background.donor is not None:
        found = object_mask(background.donor, lifted.source == "given", masker)
        if found.empty:
            return None
        donor = (background.donor.image, found.mask)
    mask = lifted.mask if spec.shows_object or rim is None else rim
    return present(spec.name, image, mask, donor=donor, scene=background.scene, seed=background.seed)


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
    """Draws and opens what each sample of a split is put on.

    Attributes:
        lenders: The samples of one split, all of them: any may lend its background.
        read: Opens one of them.
        scenes: Folder of scenes; ``None`` for no foreign scenes.
        conditions: Names of conditions, as :func:`choose_conditions` gives them.
        draws: How many backgrounds of each condition that draws any; ``None`` for one of another sample, and on foreign
            scenes for one of every place, the same for all samples.
        seed: Seed of all draws.
    """

    lenders: Sequence[Entry]
    read: Callable[[Entry], Sample]
    scenes: Path | None
    conditions: Sequence[str]
    draws: int | None
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            ConfigError: The number of draws is not positive.
        """
        if self.draws is not None and self.draws < 1:
            raise ConfigError(f"Got {self.draws} draws; draw at least 1 background of each condition.")

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {entry.name: row for row, entry in enumerate(self.lenders)}

    @cached_property
    def _labels(self) -> list[str]:
        return [entry.label for entry in self.lenders]

    @cached_property
    def common(self) -> list[Scene]:
        """One scene of every place; none without a folder of scenes."""
        return [] if self.scenes is None else draw_scenes(self.scenes, self.seed)

    @cached_property
    def _places(self) -> dict[str, tuple[Path, ...]]:
        return {} if self.scenes is None else find_scenes(self.scenes, per_place=MAX_FILES)

    def of(self, entry: Entry) -> Iterator[Background]:
        """Open the backgrounds of one sample; the order in which samples come does not matter.

        Raises:
            ConfigError: No other class can lend a background.
            ImageError: A scene or photograph cannot be read.
            MaskError: A lender's given mask cannot be read.
        """
        for name in self.conditions:
            spec = CONDITIONS[name]
            if spec.needs == "donor":
                yield from self._lent(entry, name)
            elif spec.needs == "scene":
                yield from self._foreign(entry)
            elif name == "only_fg":
                yield Background(spec.title)
            else:
                own = seed_of(entry.name, self.seed)
                yield Background(spec.title, place=entry.place, place_group=entry.place_group, seed=own)

    def _lent(self, entry: Entry, name: str) -> Iterator[Background]:
        if name == "mixed_same" and self._labels.count(entry.label) == 1:
            return  # nobody else of its class: left out, and so of the paired gap
        drawn = draw_donors(self._labels, self._rows[entry.name], name, self.draws or 1, self.seed)
        for row in dict.fromkeys(drawn):
            lender = self.lenders[row]
            yield Background(
                CONDITIONS[name].title, lender.name, lender.place, lender.place_group, donor=self.read(lender)
            )

    def _foreign(self, entry: Entry) -> Iterator[Background]:
        if self.scenes is None:
            return
        if self.draws is None:
            for scene in self.common:
                yield Background(FOREIGN, scene.name, scene.place, scene=scene.image)
            return
        for place, path in draw_scenes_for(entry.name, self._places, self.draws, self.seed):
            yield Background(FOREIGN, path.relative_to(self.scenes).as_posix(), place, scene=read_image(path))
