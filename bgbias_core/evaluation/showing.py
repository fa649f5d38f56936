"""Pictures as checkpoints get them: one sample under every condition and at every level of the dials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bgbias_core.compositing import Composite
from bgbias_core.conditions import seed_of
from bgbias_core.data import Sample
from bgbias_core.evaluation.composites import FOREIGN, Background, compose
from bgbias_core.evaluation.dials import MASK_QUALITY, OBJECT_SIZE, resized, steps_of, worsened
from bgbias_core.evaluation.shapley import Coalitions
from bgbias_core.evaluation.sharing import LookedAt
from bgbias_core.images import Image, Mask
from bgbias_core.masks import Masker, MaskResult


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture as the checkpoints get it, and where it belongs in the table.

    Attributes:
        sample: Name of the sample.
        label: Its class, where known.
        condition: How the sample is presented.
        image: uint8 ``[H, W, 3]``.
        masks: What masked checkpoints may look at; each source is a row of its own.
        place: Its place, where known.
        place_group: The place's group, where known.
        scene: Name of the scene; empty without one.
        lifted_by: Which mask cut the object out; empty where nothing was cut.
        dial: What was changed beside the condition, a name of :data:`~bgbias_core.evaluation.dials.DIALS`; empty for
            ordinary rows.
        level: How far.
        players: Makes the coalitions of its Shapley values, with masks of the source it is given (none where there is
            no object); ``None`` where they are not asked for.
    """

    sample: str
    label: str | None
    condition: str
    image: Image
    masks: Mapping[LookedAt, Mask]
    place: str | None = None
    place_group: str | None = None
    scene: str = ""
    lifted_by: str = ""
    dial: str = ""
    level: float | None = None
    players: Callable[[LookedAt], Coalitions | None] | None = None


@dataclass(frozen=True, eq=False)
class Showing:
    """How the pictures of an evaluation are made and looked at, whatever its data.

    Attributes:
        masker: What predicts masks.
        looks_at_masks: Whether any checkpoint does.
        dials: Families of dials that are turned.
        seed: Seed of the draws that dials take.
    """

    masker: Masker
    looks_at_masks: bool
    dials: tuple[str, ...]
    seed: int

    def looked_at(self, image: Image, given: Mask | None, *, predicted: bool = True) -> dict[LookedAt, Mask]:
        """The masks of one picture: the given one, and what the masker finds in that very picture.

        Args:
            image: The picture.
            given: Where the object stands in it; ``None`` where nobody knows.
            predicted: Whether a mask is to be predicted at all.
        """
        masks: dict[LookedAt, Mask] = {} if given is None else {"given": given}
        if predicted and self.looks_at_masks:
            # One by one, so that a mask depends on nothing but its picture, not even in its last digits.
            masks["predicted"] = self.masker(image).mask
        return masks

    def on_backgrounds(
        self,
        sample: Sample,
        cuts: Mapping[LookedAt, MaskResult],
        backgrounds: Sequence[Background],
        *,
        rim: Mask | None = None,
        predicted: bool = True,
    ) -> Iterator[Shown]:
        """One sample under every condition, and its object at other sizes where there is a foreign scene.

        Args:
            sample: The sample as it is.
            cuts: The masks, none of them empty, that cut its object out, one after the other.
            backgrounds: Of every condition.
            rim: As for :func:`~bgbias_core.evaluation.composites.compose`.
            predicted: Whether masks are to be predicted.
        """
        foreign = [background for background in backgrounds if background.condition == FOREIGN]
        chosen = None
        if foreign and self.dials:
            chosen = foreign[int(np.random.default_rng(seed_of(sample.name, self.seed)).integers(len(foreign)))]
        for source, lifted in cuts.items():
            for background in backgrounds:
                composite = compose(sample.image, lifted, background, masker=self.masker, rim=rim)
                if composite is None:
                    continue
                shown = self._composite(sample, source, background, composite, predicted)
                yield shown
                if background is chosen:
                    yield from self.mask_levels(shown)
            if chosen is not None and chosen.scene is not None and OBJECT_SIZE in self.dials:
                for dial, scale in steps_of(OBJECT_SIZE):
                    composite = resized(sample.image, lifted.mask, chosen.scene, scale)
                    made = self._composite(sample, source, chosen, composite, predicted)
                    yield replace(made, dial=dial, level=scale)

    def _composite(
        self, sample: Sample, source: LookedAt, background: Background, composite: Composite, predicted: bool
    ) -> Shown:
        return Shown(
            sample=sample.name,
            label=sample.label,
            condition=background.condition,
            image=composite.image,
            masks=self.looked_at(composite.image, composite.mask if source == "given" else None, predicted=predicted),
            place=background.place,
            place_group=background.place_group,
            scene=background.name,
            lifted_by=source,
        )

    def mask_levels(self, shown: Shown) -> Iterator[Shown]:
        """The same picture with its given mask wrong in every way and at every level; nothing where it has none."""
        if MASK_QUALITY not in self.dials or "given" not in shown.masks or not shown.masks["given"].any():
            return
        for dial, level in steps_of(MASK_QUALITY):
            wrong = worsened(shown.masks["given"], dial, level, seed=seed_of(shown.sample, self.seed))
            yield replace(shown, masks={"given": wrong}, dial=dial, level=level, players=None)


def all_hard(shown: Iterable[Shown]) -> bool:
    """Whether every given mask of the samples as they are is hard, so that none mixes object and background."""
    masks = (one.masks.get("given") for one in shown if not one.dial and not one.lifted_by)
    return all(mask is None or bool(((mask == 0) | (mask == 1)).all()) for mask in masks)
