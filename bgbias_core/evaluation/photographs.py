"""Evaluating checkpoints on photographs: as they are, and with their objects on other backgrounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bgbias_core.data import Entry, PhotographSet, Sample, Split
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.composites import Backgrounds, choose_conditions, object_mask
from bgbias_core.evaluation.dials import OBJECT_SIZE, choose_dials
from bgbias_core.evaluation.groups import TRAIN_GROUPS, train_groups
from bgbias_core.evaluation.judging import mask_sources
from bgbias_core.evaluation.request import Request, open_masker, plain, whole_path
from bgbias_core.evaluation.results import EvaluatedData, Evaluation
from bgbias_core.evaluation.run import Progress, Unit, Work, units_of
from bgbias_core.evaluation.shapley import Coalitions, photograph_coalitions
from bgbias_core.evaluation.sharing import LookedAt
from bgbias_core.evaluation.showing import Showing, Shown
from bgbias_core.evaluation.swaps import ORIGINAL
from bgbias_core.images import Image
from bgbias_core.masks import MaskResult, default_masker
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
    dials: Sequence[str] = (),
    workers: int = 1,
    batch_size: int | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Show checkpoints photographs as they are, and under any of the conditions.

    Where the data set has masks, objects are cut out with them, and masked checkpoints look at the given mask, moved
    along, and at what the masker finds in that very composite. Once more, or where there are none, objects are cut out
    with the mask predicted on the photograph and looked at with what is found in the composite. Where no object is
    found, nothing is put anywhere; where the object was taken out, its given mask is empty and a masked checkpoint has
    no answer. Broken off, the same call goes on where it stopped.

    Args:
        checkpoints: Which classifiers.
        data: The data set.
        scenes: Folder with one folder of scenes for each place: the condition ``foreign scene``.
        conditions: Names of further conditions of :data:`~bgbias_core.conditions.CONDITIONS`, or ``all``; backgrounds
            are lent by photographs of the same split.
        draws: How many backgrounds of other photographs and how many scenes are drawn for each photograph; by default
            one background, and one scene of every place, the same for all photographs.
        cut_with: Which masks cut objects out; given ones where there are any.
        n: How many photographs are drawn; all of the split where there are fewer.
        split: Which part of the data set.
        masker: Name of the masker; ``None`` takes the segmenter for photographs.
        seed: Seed of all draws.
        shapley: For how many photographs, the first ones drawn, two-player Shapley values are computed.
        dials: Families of :data:`~bgbias_core.evaluation.dials.DIALS` that are turned: ``mask quality`` (on one foreign
            scene, drawn for each photograph, or else on the photograph) and ``object size`` (on that scene).
        workers: How many threads make pictures ahead of the networks.
        batch_size: How many pictures go through a network at once; by default what is quick on its device.
        name: Name of the evaluation; by default made from checkpoints and options.
        progress: Called with (steps done, all of them): photographs shown, photographs classified, Shapley values.

    Raises:
        ConfigError: The split or the folder of scenes is empty, a number is not positive, given masks shall cut and
            there are none, or foreign scenes, sizes of the object or Shapley values are asked for without scenes.
        ImageError: A photograph or scene cannot be read.
        MaskError: A given mask cannot be read or marks nothing.
        UnknownNameError: There is no such masker, condition or dial.
        EvaluationError: The name cannot be one.
    """
    if n < 1 or shapley < 0:
        raise ConfigError(f"Got n = {n} and shapley = {shapley}; draw at least 1 photograph.")
    families, scene_folder = choose_dials(dials), whole_path(scenes)
    if scene_folder is None and (shapley or OBJECT_SIZE in families):
        what = "Shapley values put" if shapley else "The dial of the object's size puts"
        raise ConfigError(f"{what} the object on other scenes and none were given; give a folder of scenes.")
    chosen = choose_conditions(conditions, scenes=scene_folder is not None)
    masker = masker or default_masker("photograph")
    options: dict[str, object] = {
        "root": data.folder.resolve(),
        "masks": data.masks.resolve() if data.name != "cub" and data.masks is not None else None,
        "scenes": scene_folder,
        "condition": tuple(name for name in chosen if name != "foreign") or None,
        "draws": draws,
        "cut-with": None if len(cut_with) == len(BOTH) else cut_with[0],
        "n": n if n != PHOTOGRAPHS else None,
        "split": split if split != "test" else None,
        "masker": masker if masker != default_masker("photograph") else None,
        "seed": seed or None,
        "dial": tuple(family.replace(" ", "-") for family in families) or None,
        "batch-size": batch_size,
    }
    request = Request(
        data.name,
        checkpoints,
        options | {"shapley": shapley or None},
        name,
        open_masker(masker),
        seed,
        batch_size,
    )
    entries = _entries(data, split)
    drawn = _draw(entries, n, seed)
    photographs = _Photographs(
        data=data,
        entries=drawn,
        backgrounds=Backgrounds(entries, data.read, scene_folder, chosen, draws, seed),
        cut_with=_cut_with(cut_with, data),
        shapley=shapley,
        showing=Showing(request.masker, any("none" not in mask_sources(one) for one in checkpoints), families, seed),
    )
    return request.carry_out(
        [Work(checkpoints, photographs.units())],
        data=EvaluatedData.model_validate(
            {
                "kind": data.name,
                "title": data.title,
                "folder": str(options["root"]),
                "masks": str(options["masks"] or ""),
                "scenes": str(scene_folder or ""),
                "fingerprint": data.fingerprint,
                "parameters": {
                    "n": len(drawn),
                    "split": split,
                    "shapley": min(shapley, len(drawn)),
                    "conditions": list(chosen),
                    "dials": list(families),
                    "draws": draws,
                    "cut_with": list(photographs.cut_with),
                    "options": plain(options),
                    **({TRAIN_GROUPS: groups} if (groups := train_groups(data.entries)) else {}),
                },
            }
        ),
        title=f"{data.title}, {len(drawn):,} photographs",
        classes=data.classes,
        n=len(drawn),
        reference=ORIGINAL,
        workers=workers,
        progress=progress,
    )


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


@dataclass(frozen=True, eq=False)
class _Photographs:
    """The photographs of an evaluation.

    Attributes:
        data: Where they come from.
        entries: Which of them.
        backgrounds: What their objects are put on.
        cut_with: Which masks cut objects out.
        shapley: How many get Shapley values.
        showing: How pictures are made and looked at.
    """

    data: PhotographSet
    entries: Sequence[Entry]
    backgrounds: Backgrounds
    cut_with: tuple[LookedAt, ...]
    shapley: int
    showing: Showing

    def units(self) -> list[Unit]:
        """All photographs; each is a piece of its own, for one may be large."""
        return [
            Unit(
                f"{some[0]:06d}",
                len(some),
                sum(index < self.shapley for index in some),
                [partial(self._piece, index) for index in some],
            )
            for some in units_of(len(self.entries))
        ]

    def _piece(self, index: int) -> list[Shown]:
        return list(self._shown(self.entries[index], with_players=index < self.shapley))

    def _shown(self, entry: Entry, with_players: bool) -> Iterator[Shown]:
        """One photograph as it is, and then on each background, cut out with each mask."""
        sample = self.data.read(entry)
        lifts = self._lift(sample)
        original = Shown(
            sample=entry.name,
            label=entry.label,
            condition=ORIGINAL,
            image=sample.image,
            masks={source: lifted.mask for source, lifted in lifts.items()},
            place=entry.place,
            place_group=entry.place_group,
            players=self._players(sample.image, lifts) if with_players else None,
        )
        yield original
        if self.backgrounds.scenes is None:
            yield from self.showing.mask_levels(original)
        cuts = {source: lifts[source] for source in self.cut_with if source in lifts and not lifts[source].empty}
        backgrounds = list(self.backgrounds.of(entry)) if cuts else []
        yield from self.showing.on_backgrounds(sample, cuts, backgrounds)

    def _lift(self, sample: Sample) -> dict[LookedAt, MaskResult]:
        if not self.backgrounds.conditions and not self.showing.looks_at_masks:
            return {}
        sources = BOTH if self.data.has_masks else BOTH[1:]
        return {source: object_mask(sample, source == "given", self.showing.masker) for source in sources}

    def _players(self, image: Image, lifts: Mapping[LookedAt, MaskResult]) -> Callable[[LookedAt], Coalitions | None]:
        scenes = [scene.image for scene in self.backgrounds.common]
        masker, seed = self.showing.masker, self.showing.seed
        return lambda source: (
            None
            if lifts[source].empty
            else photograph_coalitions(image, lifts[source], scenes, masker=masker, seed=seed)
        )
