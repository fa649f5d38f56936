"""Evaluating checkpoints on photographs: as they are, and with their objects on foreign scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bgbias_core.data import Entry, PhotographSet, Split
from bgbias_core.data.places import MAX_FILES, find_scenes
from bgbias_core.errors import ConfigError, MaskError
from bgbias_core.evaluation.headers import (
    check_checkpoints,
    command_of,
    describe_checkpoint,
    now,
    usual_name,
    versions,
)
from bgbias_core.evaluation.results import EvaluatedData, Evaluation, Header, check_name
from bgbias_core.evaluation.run import (
    SHAPLEY_PICTURES,
    LookedAt,
    Progress,
    Shown,
    Tick,
    evaluate,
    mask_sources,
)
from bgbias_core.evaluation.shapley import Coalitions, photograph_coalitions
from bgbias_core.evaluation.swaps import ORIGINAL, present
from bgbias_core.images import Image, read_image
from bgbias_core.masks import DEFAULT_MASKER, Masker, MaskResult, given, load_masker
from bgbias_core.models import Checkpoint

FOREIGN = "foreign scene"
PHOTOGRAPHS = 100
"""How many photographs are drawn where nobody says."""


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


def evaluate_on_photographs(
    checkpoints: Sequence[Checkpoint],
    data: PhotographSet,
    *,
    scenes: str | Path | None = None,
    n: int = PHOTOGRAPHS,
    split: Split = "test",
    masker: str = DEFAULT_MASKER,
    seed: int = 0,
    shapley: int = 0,
    name: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Show checkpoints photographs as they are and, where there are scenes, their objects on one scene of each place.

    Where the data set has masks, objects are cut out and looked at with them, moved along; and once more with masks
    predicted on the photograph and again on every composite. Where no object is found, nothing is put on scenes.

    Args:
        checkpoints: Which classifiers.
        data: The data set.
        scenes: Folder with one folder of scenes for each place.
        n: How many photographs are drawn; all of the split where there are fewer.
        split: Which part of the data set.
        masker: Name of the masker.
        seed: Seed of all draws.
        shapley: For how many photographs, the first ones drawn, two-player Shapley values are computed.
        name: Name of the evaluation; by default made from checkpoints and options.
        progress: Called with (steps done, all of them): pictures made and classified.

    Raises:
        ConfigError: The split or the folder of scenes is empty, a number is not positive, or Shapley values are asked
            for without scenes.
        ImageError: A photograph or scene cannot be read.
        MaskError: A given mask cannot be read or marks nothing.
        UnknownNameError: There is no such masker.
        EvaluationError: The name cannot be one.
    """
    if n < 1 or shapley < 0:
        raise ConfigError(f"Got n = {n} and shapley = {shapley}; draw at least 1 photograph.")
    if shapley and scenes is None:
        raise ConfigError("Shapley values put the object on other scenes and none were given; give a folder of scenes.")
    check_checkpoints(checkpoints)
    options: dict[str, object] = {
        # Whole paths: a page of an app that was started elsewhere opens the same files again.
        "root": data.folder.resolve(),
        "masks": data.masks.resolve() if data.name == "folder" and data.masks is not None else None,
        "scenes": None if scenes is None else Path(scenes).expanduser().resolve(),
        "n": n if n != PHOTOGRAPHS else None,
        "split": split if split != "test" else None,
        "masker": masker if masker != DEFAULT_MASKER else None,
        "seed": seed or None,
    }
    names = [checkpoint.card.name for checkpoint in checkpoints]
    command = command_of(data.name, names, options | {"shapley": shapley or None})
    name = check_name(name or usual_name(data.name, names, command))
    photographs = _Photographs(
        data=data,
        entries=_draw(data, split, n, seed),
        scenes=[] if scenes is None else draw_scenes(scenes, seed),
        shapley=shapley,
        masker=load_masker(masker),
        seed=seed,
    )
    tick = Tick(progress, photographs.steps(checkpoints))
    table = evaluate(checkpoints, photographs.shown(checkpoints, tick), reference=ORIGINAL, masker=masker, tick=tick)
    tick(tick.total - tick.done)  # photographs without an object took fewer steps
    n = len(photographs.entries)
    header = Header(
        name=name,
        title=f"{data.title}, {n:,} photographs: "
        + (checkpoints[0].card.title if len(checkpoints) == 1 else f"{len(checkpoints)} checkpoints"),
        data=EvaluatedData.model_validate(
            {
                "kind": data.name,
                "title": data.title,
                "folder": str(options["root"]),
                "masks": "" if options["masks"] is None else str(options["masks"]),
                "scenes": "" if scenes is None else str(options["scenes"]),
                "fingerprint": data.fingerprint,
                "parameters": {
                    "n": n,
                    "split": split,
                    "shapley": min(shapley, n),
                    "options": {key: str(value) for key, value in options.items() if value is not None},
                },
            }
        ),
        classes=data.classes,
        checkpoints=tuple(describe_checkpoint(one, data.classes, hard_masks=photographs.hard) for one in checkpoints),
        masker=masker,
        seed=seed,
        n=n,
        created=now(),
        command=command,
        versions=versions(),
    )
    return Evaluation(header, table)


def _draw(data: PhotographSet, split: Split, n: int, seed: int) -> list[Entry]:
    entries = [entry for entry in data.entries if entry.split == split]
    if not entries:
        raise ConfigError(f"{data.title} has no photographs in its {split} split; choose another split or data set.")
    drawn = np.random.default_rng(seed).choice(len(entries), size=min(n, len(entries)), replace=False)
    return [entries[int(index)] for index in drawn]


@dataclass(eq=False)
class _Photographs:
    """The photographs of an evaluation.

    Attributes:
        data: Where they come from.
        entries: Which of them.
        scenes: What their objects are put on.
        shapley: How many get Shapley values.
        masker: What predicts masks.
        seed: Seed of the Shapley scenes.
        hard: Whether every given mask seen so far is hard.
    """

    data: PhotographSet
    entries: Sequence[Entry]
    scenes: Sequence[Scene]
    shapley: int
    masker: Masker
    seed: int
    hard: bool = field(default=True, init=False)

    @property
    def sources(self) -> tuple[LookedAt, ...]:
        """Which masks cut objects out."""
        return ("given", "predicted") if self.data.has_masks else ("predicted",)

    def steps(self, checkpoints: Sequence[Checkpoint]) -> int:
        """How many pictures are made and classified, where an object is found in all."""
        made = len(self.entries) * (1 + len(self.scenes)) * len(self.sources)
        composites = len(self.entries) * len(self.scenes)
        rows = games = 0
        for checkpoint in checkpoints:
            if checkpoint.card.strategy.needs_mask:
                rows += (len(self.entries) + composites) * len(self.sources)
                games += min(self.shapley, len(self.entries)) * len(self.sources)
            else:
                rows += len(self.entries) + composites * len(self.sources)
                games += min(self.shapley, len(self.entries))
        return made + rows + games * SHAPLEY_PICTURES

    def shown(self, checkpoints: Sequence[Checkpoint], tick: Tick) -> Iterator[Shown]:
        """Every photograph, first as it is, then on each scene, cut out with each mask."""
        needed = bool(self.scenes) or any("none" not in mask_sources(checkpoint) for checkpoint in checkpoints)
        for index, entry in enumerate(self.entries):
            sample = self.data.read(entry)
            lifts = self._lift(sample.image, sample.mask, entry.name) if needed else {}
            tick(len(self.sources))
            yield Shown(
                sample=entry.name,
                label=entry.label,
                condition=ORIGINAL,
                image=sample.image,
                masks={source: lifted.mask for source, lifted in lifts.items()},
                place=entry.place,
                players=self._players(sample.image, lifts) if index < self.shapley else None,
            )
            for source, lifted in lifts.items():
                if lifted.empty:
                    continue
                for scene in self.scenes:
                    _, composite = present(sample.image, lifted, {scene.name: scene.image}, masker=self.masker)
                    tick()
                    yield Shown(
                        sample=entry.name,
                        label=entry.label,
                        condition=FOREIGN,
                        image=composite.image,
                        masks={source: composite.mask.mask},
                        place=scene.place,
                        scene=scene.name,
                        lifted_by=source,
                    )

    def _lift(self, image: Image, mask: np.ndarray | None, name: str) -> dict[LookedAt, MaskResult]:
        lifts: dict[LookedAt, MaskResult] = {}
        if mask is not None:
            lifts["given"] = given(image, mask)
            if lifts["given"].empty:
                raise MaskError(f"The mask of {name} marks nothing; mend it, or take the photograph out of the data.")
            self.hard = self.hard and lifts["given"].hard
        lifts["predicted"] = self.masker(image)
        return lifts

    def _players(self, image: Image, lifts: dict[LookedAt, MaskResult]) -> Callable[[LookedAt], Coalitions | None]:
        scenes = [scene.image for scene in self.scenes]
        return lambda source: (
            None
            if lifts[source].empty
            else photograph_coalitions(image, lifts[source], scenes, masker=self.masker, seed=self.seed)
        )
