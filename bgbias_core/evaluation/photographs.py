"""Evaluating checkpoints on photographs: as they are, and with their objects on other backgrounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bgbias_core.compositing import Composite
from bgbias_core.data import Entry, PhotographSet, Sample, Split
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.composites import Background, Backgrounds, compose, object_mask
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
    Progress,
    Shown,
    Tick,
    evaluate,
    mask_sources,
)
from bgbias_core.evaluation.shapley import Coalitions, photograph_coalitions
from bgbias_core.evaluation.sharing import LookedAt
from bgbias_core.evaluation.swaps import ORIGINAL
from bgbias_core.images import Image, Mask
from bgbias_core.masks import KeptMasks, MaskResult, default_masker, load_masker
from bgbias_core.models import Checkpoint

BOTH: tuple[LookedAt, ...] = ("given", "predicted")
PHOTOGRAPHS = 100
"""How many photographs are drawn where nobody says."""


def evaluate_on_photographs(
    checkpoints: Sequence[Checkpoint],
    data: PhotographSet,
    *,
    scenes: str | Path | None = None,
    conditions: Sequence[str] = (),
    draws: int | None = None,
    cut_with: Sequence[LookedAt] = BOTH,
    n: int = PHOTOGRAPHS,
    split: Split = "test",
    masker: str | None = None,
    seed: int = 0,
    shapley: int = 0,
    name: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Show checkpoints photographs as they are, and their objects on foreign scenes and on each other's backgrounds.

    Where the data set has masks, objects are cut out with them, and masked checkpoints look at the given mask, moved
    along, and at what the masker finds in that very composite. Once more, or where there are none, objects are cut out
    with the mask predicted on the photograph and looked at with what is found in the composite. Where no object is
    found, nothing is put anywhere.

    Args:
        checkpoints: Which classifiers.
        data: The data set.
        scenes: Folder with one folder of scenes for each place: the condition ``foreign scene``.
        conditions: Names of further conditions, ``mixed_same`` and ``mixed_rand``: the background of another
            photograph of the same split with its own object removed.
        draws: How many backgrounds of each condition are drawn for each photograph; by default one of each further
            condition, and on foreign scenes one of every place, the same for all photographs.
        cut_with: Which masks cut objects out; given ones where there are any.
        n: How many photographs are drawn; all of the split where there are fewer.
        split: Which part of the data set.
        masker: Name of the masker; ``None`` takes the segmenter for photographs.
        seed: Seed of all draws.
        shapley: For how many photographs, the first ones drawn, two-player Shapley values are computed.
        name: Name of the evaluation; by default made from checkpoints and options.
        progress: Called with (steps done, all of them): pictures made and classified.

    Raises:
        ConfigError: The split or the folder of scenes is empty, a number is not positive, a condition is none of
            these, given masks shall cut and there are none, or Shapley values are asked for without scenes.
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
    masker = masker or default_masker("photograph")
    options: dict[str, object] = {
        # Whole paths: a page of an app that was started elsewhere opens the same files again.
        "root": data.folder.resolve(),
        "masks": data.masks.resolve() if data.name != "cub" and data.masks is not None else None,
        "scenes": None if scenes is None else Path(scenes).expanduser().resolve(),
        "condition": tuple(conditions) or None,
        "draws": draws,
        "cut-with": None if len(cut_with) == len(BOTH) else cut_with[0],
        "n": n if n != PHOTOGRAPHS else None,
        "split": split if split != "test" else None,
        "masker": masker if masker != default_masker("photograph") else None,
        "seed": seed or None,
    }
    names = [checkpoint.card.name for checkpoint in checkpoints]
    command = command_of(data.name, names, options | {"shapley": shapley or None})
    name = check_name(name or usual_name(data.name, names, command))
    entries = _entries(data, split)
    photographs = _Photographs(
        data=data,
        entries=_draw(entries, n, seed),
        backgrounds=Backgrounds(
            data, entries, None if scenes is None else Path(scenes).expanduser(), conditions, draws, seed
        ),
        cut_with=_cut_with(cut_with, data),
        shapley=shapley,
        masker=KeptMasks(load_masker(masker)),
        seed=seed,
        looks_at_masks=any("none" not in mask_sources(checkpoint) for checkpoint in checkpoints),
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
                    "conditions": list(conditions),
                    "draws": draws,
                    "cut_with": list(photographs.cut_with),
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


def _entries(data: PhotographSet, split: Split) -> list[Entry]:
    entries = [entry for entry in data.entries if entry.split == split]
    if not entries:
        raise ConfigError(f"{data.title} has no photographs in its {split} split; choose another split or data set.")
    return entries


def _draw(entries: Sequence[Entry], n: int, seed: int) -> list[Entry]:
    drawn = np.random.default_rng(seed).choice(len(entries), size=min(n, len(entries)), replace=False)
    return [entries[int(index)] for index in drawn]


def _cut_with(asked: Sequence[LookedAt], data: PhotographSet) -> tuple[LookedAt, ...]:
    had = tuple(source for source in BOTH if source in asked and (data.has_masks or source == "predicted"))
    if not had:
        raise ConfigError(
            f"{data.title} has no given masks to cut objects out with; name their folder, or cut with predicted ones."
        )
    return had


@dataclass(eq=False)
class _Photographs:
    """The photographs of an evaluation.

    Attributes:
        data: Where they come from.
        entries: Which of them.
        backgrounds: What their objects are put on.
        cut_with: Which masks cut objects out.
        shapley: How many get Shapley values.
        masker: What predicts masks.
        seed: Seed of the Shapley scenes.
        looks_at_masks: Whether any checkpoint does.
        hard: Whether every given mask seen so far is hard.
    """

    data: PhotographSet
    entries: Sequence[Entry]
    backgrounds: Backgrounds
    cut_with: tuple[LookedAt, ...]
    shapley: int
    masker: KeptMasks
    seed: int
    looks_at_masks: bool
    hard: bool = field(default=True, init=False)

    @property
    def sources(self) -> tuple[LookedAt, ...]:
        """Which masks the photographs themselves are looked at with."""
        return BOTH if self.data.has_masks else ("predicted",)

    def steps(self, checkpoints: Sequence[Checkpoint]) -> int:
        """How many pictures are made and classified, where an object is found in all."""
        photographs, games = len(self.entries), min(self.shapley, len(self.entries))
        composites = photographs * self.backgrounds.count
        steps = photographs * len(self.sources) + composites * len(self.cut_with)
        for checkpoint in checkpoints:
            if checkpoint.card.strategy.needs_mask:
                # Composites that a given mask cut out are looked at with both.
                looks = sum(len(self.sources) if cut == "given" else 1 for cut in self.cut_with)
                steps += photographs * len(self.sources) + composites * looks
                steps += games * len(self.sources) * SHAPLEY_PICTURES
            else:
                steps += photographs + composites * len(self.cut_with) + games * SHAPLEY_PICTURES
        return steps

    def shown(self, checkpoints: Sequence[Checkpoint], tick: Tick) -> Iterator[Shown]:
        """Every photograph, first as it is, then on each background, cut out with each mask."""
        needed = bool(self.backgrounds.count) or any("none" not in mask_sources(one) for one in checkpoints)
        for index, entry in enumerate(self.entries):
            sample = self.data.read(entry)
            lifts = self._lift(sample) if needed else {}
            tick(len(self.sources))
            yield Shown(
                sample=entry.name,
                label=entry.label,
                condition=ORIGINAL,
                image=sample.image,
                masks={source: lifted.mask for source, lifted in lifts.items()},
                place=entry.place,
                place_group=entry.place_group,
                players=self._players(sample.image, lifts) if index < self.shapley else None,
            )
            cuts = {source: lifts[source] for source in self.cut_with if source in lifts and not lifts[source].empty}
            backgrounds = list(self.backgrounds.of(entry)) if cuts else []
            for source, lifted in cuts.items():
                yield from self._composites(entry, sample, source, lifted, backgrounds)
                tick(len(backgrounds))

    def _composites(
        self, entry: Entry, sample: Sample, source: LookedAt, lifted: MaskResult, backgrounds: Sequence[Background]
    ) -> Iterator[Shown]:
        """One object on its backgrounds, with the masks that masked checkpoints look at."""
        made: list[tuple[Background, Composite]] = []
        for background in backgrounds:
            composite = compose(sample.image, lifted, background, masker=self.masker)
            if composite is not None:
                made.append((background, composite))
        found: Sequence[MaskResult | None] = [None] * len(made)
        if self.looks_at_masks:
            found = self.masker.find_all([composite.image for _, composite in made])
        for (background, composite), predicted in zip(made, found, strict=True):
            masks: dict[LookedAt, Mask] = {"given": composite.mask} if source == "given" else {}
            if predicted is not None:
                masks["predicted"] = predicted.mask
            yield Shown(
                sample=entry.name,
                label=entry.label,
                condition=background.condition,
                image=composite.image,
                masks=masks,
                place=background.place,
                scene=background.name,
                lifted_by=source,
            )

    def _lift(self, sample: Sample) -> dict[LookedAt, MaskResult]:
        lifts = {source: object_mask(sample, source == "given", self.masker) for source in self.sources}
        self.hard = self.hard and ("given" not in lifts or lifts["given"].hard)
        return lifts

    def _players(self, image: Image, lifts: dict[LookedAt, MaskResult]) -> Callable[[LookedAt], Coalitions | None]:
        scenes = [scene.image for scene in self.backgrounds.common]
        return lambda source: (
            None
            if lifts[source].empty
            else photograph_coalitions(image, lifts[source], scenes, masker=self.masker, seed=self.seed)
        )
