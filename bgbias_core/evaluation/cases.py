"""One row of an evaluation made again: the photograph, and the very picture that was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from bgbias_core.aviary import TEST_BIRDS, Recipe, draw_recipes, render
from bgbias_core.compositing import Composite
from bgbias_core.conditions import seed_of
from bgbias_core.data import Entry, PhotographSet, Sample, aviary_sample, open_data
from bgbias_core.errors import EvaluationError
from bgbias_core.evaluation.birds import lender_sample
from bgbias_core.evaluation.composites import MIXED, Background, Scene, compose
from bgbias_core.evaluation.parts import probability_lost, shapley_share
from bgbias_core.evaluation.results import Evaluation
from bgbias_core.evaluation.swaps import ORIGINAL, Presentation
from bgbias_core.images import Image, read_image
from bgbias_core.masks import Masker, MaskResult, given, load_masker
from bgbias_core.models import find_checkpoint
from bgbias_core.paths import named_folder


@dataclass(frozen=True)
class Row:
    """What a row of an evaluation says; texts are empty and numbers missing where the table has none.

    Attributes:
        number: Its position in the table, from 0.
        sample: Name of the sample.
        label: Its class, where known.
        condition: How it was presented.
        place: Where it was shown.
        scene: The scene's path below the folder of scenes; or the name of the photograph that lent its background.
        checkpoint: Who judged it.
        mask_source: What the checkpoint looked at: ``none``, ``given`` or ``predicted``.
        lifted_by: What cut the object out; empty where nothing was cut.
        predicted: The name that was given; empty where no object was found.
        probability: Its probability.
        right: Whether that is its class; ``None`` where the checkpoint cannot name it.
        original_predicted: The name that the same checkpoint gave to the reference presentation.
        flipped: Whether the two differ; ``None`` on the reference itself and where no object was found.
        lost: What ``original_predicted`` lost in probability, or NaN.
        share: Shapley background share of the name given to this picture, in [0, 1], or NaN.
    """

    number: int
    sample: str
    label: str | None
    condition: str
    place: str | None
    scene: str
    checkpoint: str
    mask_source: Literal["none", "given", "predicted"]
    lifted_by: Literal["", "given", "predicted"]
    predicted: str
    probability: float
    right: bool | None
    original_predicted: str
    flipped: bool | None
    lost: float
    share: float


@dataclass(frozen=True, eq=False)
class RemadeCase:
    """A row with its pictures.

    Attributes:
        row: What the evaluation says.
        sample: The reference presentation: the bird where it stands ID, the photograph as it was taken.
        sample_recipe: What that bird was drawn from; ``None`` for photographs.
        shown: The very picture that was judged, with the mask that was looked at. Where the checkpoint looked at none,
            the given mask of that picture if there is one, else what the masker finds in it.
        recipe: What the judged picture was drawn from; ``None`` for photographs.
        scene: What the object was put on, or the photograph that lent its background; ``None`` for the reference
            itself.
    """

    row: Row
    sample: Sample
    sample_recipe: Recipe | None
    shown: Presentation
    recipe: Recipe | None
    scene: Scene | None


def remake(evaluation: Evaluation, row: int, *, size: int | None = None) -> RemadeCase:
    """Make the pictures of one row again; for many rows of one evaluation see :class:`Cases`.

    Raises:
        EvaluationError: There is no such row, or its sample is not in the data any more.
        UnknownNameError: The checkpoint of an Aviary row, whose input size is needed, is gone.
        ConfigError: The data's folder is gone.
        ImageError: A photograph or scene is gone or cannot be read.
        MaskError: The given mask is gone or cannot be read.
    """
    return Cases(evaluation).remake(row, size=size)


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases of one evaluation; its data is opened once, when the first picture is asked for.

    Attributes:
        evaluation: Which.
    """

    evaluation: Evaluation

    def row(self, number: int) -> Row:
        """What a row says.

        Raises:
            EvaluationError: There is no such row.
        """
        table = self.evaluation.table
        if not 0 <= number < len(table):
            raise EvaluationError(
                f"The evaluation '{self.evaluation.header.name}' has rows 0 to {len(table) - 1}, and no row "
                f"{number}; choose a case of Failure cases."
            )
        one = table.iloc[[number]]
        if one["dial"].item():
            raise EvaluationError(
                f"Row {number} of '{self.evaluation.header.name}' is a step of the dial '{one['dial'].item()}', and "
                "pictures of dials are not made again; choose an ordinary row."
            )
        values: dict[str, Any] = {
            column: None if pd.isna(one[column].iloc[0]) else one[column].iloc[0] for column in one
        }
        return Row(
            number=number,
            sample=values["sample"],
            label=values["label"],
            condition=values["condition"],
            place=values["place"],
            scene=values["scene"] or "",
            checkpoint=values["checkpoint"],
            mask_source=values["mask_source"],
            lifted_by=values["lifted_by"] or "",
            predicted=values["predicted"] or "",
            probability=float("nan") if values["probability"] is None else float(values["probability"]),
            right=None if values["right"] is None else bool(values["right"]),
            original_predicted=values["original_predicted"] or "",
            flipped=None if values["flipped"] is None else bool(values["flipped"]),
            lost=float(probability_lost(one).iloc[0]),
            share=float(shapley_share(one).iloc[0]),
        )

    def remake(self, number: int, *, size: int | None = None) -> RemadeCase:
        """Make the pictures of a row again.

        Args:
            number: The row's position in the table.
            size: Side of an Aviary picture in pixels; by default what the checkpoint was shown, byte for byte.

        Raises:
            BgBiasError: As for :func:`remake`.
        """
        row = self.row(number)
        if self.evaluation.header.data.kind == "aviary":
            return self._bird(row, size or find_checkpoint(row.checkpoint)[0].preprocessing.size)
        return self._photograph(row)

    def picture(self, number: int, *, size: int) -> Image:
        """Only the picture that was judged, without its mask where none is needed to make it.

        Args:
            number: The row's position in the table.
            size: Side of an Aviary picture in pixels; photographs keep their own size.

        Returns:
            uint8 ``[H, W, 3]``.

        Raises:
            BgBiasError: As for :func:`remake`.
        """
        row = self.row(number)
        if self.evaluation.header.data.kind == "aviary":
            if row.lifted_by:
                return self._bird_composite(row, size).image
            return aviary_sample(self._recipe(row, moved=True), size).image
        sample = self._read(row)
        if not row.lifted_by:
            return sample.image
        return self._composite(row, sample, self._background(row)).image

    def _bird(self, row: Row, size: int) -> RemadeCase:
        home = self._recipe(row, moved=False)
        sample = replace(aviary_sample(home, size), name=row.sample)
        if row.lifted_by:
            composite = self._bird_composite(row, size)
            shown = Presentation(row.condition, composite.image, self._looked_at(row, composite))
            return RemadeCase(row, sample, home, shown, None, None)
        recipe = self._recipe(row, moved=True)
        judged = sample if recipe == home else aviary_sample(recipe, size)
        shown = Presentation(row.condition, judged.image, self._mask(judged, row.mask_source))
        scene = None if judged.scene is None or recipe == home else Scene("", recipe.place, judged.scene)
        return RemadeCase(row, sample, home, shown, recipe, scene)

    def _bird_composite(self, row: Row, size: int) -> Composite:
        """A bird where it stands ID, under a condition."""
        drawn = render(self._recipe(row, moved=False), size)
        background = self._background(row, size)
        made = compose(drawn.image, given(drawn.image, drawn.mask), background, masker=self._masker, rim=drawn.coverage)
        if made is None:
            raise self._gone(row)
        return made

    def _looked_at(self, row: Row, composite: Composite) -> MaskResult:
        # A checkpoint that looks at no mask is shown with the mask that is sure, where there is one.
        source = row.lifted_by if row.mask_source == "none" else row.mask_source
        return given(composite.image, composite.mask) if source == "given" else self._masker(composite.image)

    def _photograph(self, row: Row) -> RemadeCase:
        sample = self._read(row)
        if not row.lifted_by:
            shown = Presentation(ORIGINAL, sample.image, self._mask(sample, row.mask_source))
            return RemadeCase(row, sample, None, shown, None, None)
        background = self._background(row)
        composite = self._composite(row, sample, background)
        image = background.donor.image if background.scene is None and background.donor else background.scene
        scene = None if image is None else Scene(row.scene, row.place or "", image)
        return RemadeCase(
            row,
            sample,
            None,
            Presentation(row.scene or row.condition, composite.image, self._looked_at(row, composite)),
            None,
            scene,
        )

    def _composite(self, row: Row, sample: Sample, background: Background) -> Composite:
        made = compose(sample.image, self._mask(sample, row.lifted_by), background, masker=self._masker)
        if made is None:
            raise self._gone(row)
        return made

    def _mask(self, sample: Sample, source: str) -> MaskResult:
        if sample.mask is not None and source != "predicted":
            return given(sample.image, sample.mask)
        return self._masker(sample.image)

    def _recipe(self, row: Row, *, moved: bool) -> Recipe:
        number = row.sample.rsplit("-", 1)[-1]
        if not number.isdecimal() or int(number) >= len(self._recipes):
            raise self._gone(row)
        recipe = self._recipes[int(number)]
        return replace(recipe, place=row.place) if moved and row.place is not None else recipe

    def _read(self, row: Row) -> Sample:
        entry = self._entries.get(row.sample)
        if entry is None:
            raise self._gone(row)
        return self._data.read(entry)

    def _gone(self, row: Row) -> EvaluationError:
        header = self.evaluation.header
        return EvaluationError(
            f"{header.data.title} holds no '{row.sample}' any more, which the evaluation '{header.name}' looked at; "
            "compute the evaluation again."
        )

    def _background(self, row: Row, size: int = 0) -> Background:
        """What the object was put on; of Aviary's birds at a size."""
        if not row.scene:
            return Background(row.condition, place=row.place, seed=seed_of(row.sample, self.evaluation.header.seed))
        if row.condition in MIXED and size:
            recipe = self._recipe(replace(row, sample=row.scene), moved=False)
            return Background(
                row.condition, row.scene, row.place, donor=lender_sample(row.scene, recipe, render(recipe, size))
            )
        if row.condition in MIXED:
            lender = self._entries.get(row.scene)
            if lender is None:
                raise self._gone(row)
            return Background(row.condition, row.scene, row.place, donor=self._data.read(lender))
        path = named_folder(self.evaluation.header.data.scenes) / row.scene
        return Background(row.condition, row.scene, row.place, scene=read_image(path))

    @cached_property
    def _masker(self) -> Masker:
        return load_masker(self.evaluation.header.masker)

    @cached_property
    def _recipes(self) -> list[Recipe]:
        header = self.evaluation.header
        birds = max(header.n, TEST_BIRDS)  # others lend their backgrounds
        return draw_recipes("test", birds, correlation=header.data.parameters["correlation"], seed=header.seed)

    @cached_property
    def _data(self) -> PhotographSet:
        data = self.evaluation.header.data
        return open_data(data.kind, named_folder(data.folder), data.masks or None)

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        return {entry.name: entry for entry in self._data.entries}
