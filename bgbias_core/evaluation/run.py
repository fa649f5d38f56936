"""One pass of checkpoints over pictures: batches in, the rows of an evaluation out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bgbias_core.evaluation.shapley import SCENES, Coalitions, shapley_batch
from bgbias_core.evaluation.sharing import LookedAt, MaskSource, Question, SharedPasses
from bgbias_core.evaluation.table import COLUMNS, make_table
from bgbias_core.images import Image, Mask
from bgbias_core.models import Checkpoint

Progress = Callable[[int, int], None]

SHAPLEY_PICTURES = 2 + 2 * SCENES
"""Pictures that the Shapley values of one picture take."""

_NO_ANSWER = -1
_PICTURES_AT_ONCE = 512
_BYTES_AT_ONCE = 2**28
_PLAYERS_AT_ONCE = 8  # each of them is SHAPLEY_PICTURES pictures


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
    players: Callable[[LookedAt], Coalitions | None] | None = None


class Tick:
    """Counts steps of work for a progress callback.

    Args:
        progress: Called with (steps done, all of them).
        total: All steps.
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, steps: int = 1) -> None:
        """Count some steps."""
        self.done += steps
        if self.progress is not None and steps:
            self.progress(self.done, self.total)

    def within(self, steps: int) -> Progress:
        """A callback for work that counts its own steps, which are ``steps`` of these; call it once more at the end."""
        start = self.done

        def show(done: int, total: int) -> None:
            self(start + steps * done // max(total, 1) - self.done)

        return show


def mask_sources(checkpoint: Checkpoint) -> tuple[MaskSource, ...]:
    """Which masks a checkpoint may look at."""
    return ("given", "predicted") if checkpoint.card.strategy.needs_mask else ("none",)


def evaluate(
    checkpoints: Sequence[Checkpoint],
    pictures: Iterable[Shown],
    *,
    reference: str,
    masker: str,
    tick: Tick,
) -> pd.DataFrame:
    """Let every checkpoint name every picture.

    Only some pictures are held at once, and checkpoints with the same backbone share its passes over them.

    Args:
        checkpoints: Which classifiers, each once.
        pictures: The pictures; a sample's reference comes before its others.
        reference: The condition to which names and probabilities are compared.
        masker: Name of what made the predicted masks.
        tick: Counts one step for each row, and ``SHAPLEY_PICTURES`` for each pair of Shapley values.

    Returns:
        The table of an :class:`Evaluation`, ordered by checkpoint and mask source, then as the pictures came.
    """
    rows: dict[tuple[str, MaskSource], list[_Columns]] = {
        (checkpoint.card.name, source): [] for checkpoint in checkpoints for source in mask_sources(checkpoint)
    }
    originals: dict[tuple[str, MaskSource, str], tuple[int, float]] = {}
    passes = SharedPasses(checkpoints)
    for chunk in _chunks(pictures):
        questions = [
            _question(checkpoint, chunk, source) for checkpoint in checkpoints for source in mask_sources(checkpoint)
        ]
        answers = passes.predict([one.image for one in chunk], [question for question, _ in questions])
        blocks = [
            _judge(question, shown, chunk, answer, reference, originals)
            for (question, shown), answer in zip(questions, answers, strict=True)
        ]
        tick(sum(len(block.shown) for block in blocks))
        _add_shapley(chunk, blocks, tick)
        for block in blocks:
            rows[block.checkpoint.card.name, block.source].append(block.columns(masker))
    ordered = [columns for some in rows.values() for columns in some]
    return make_table({name: list(chain.from_iterable(columns[name] for columns in ordered)) for name in COLUMNS})


def _chunks(pictures: Iterable[Shown]) -> Iterator[list[Shown]]:
    chunk: list[Shown] = []
    size = 0
    for one in pictures:
        chunk.append(one)
        size += one.image.nbytes + sum(mask.nbytes for mask in one.masks.values())
        if len(chunk) == _PICTURES_AT_ONCE or size > _BYTES_AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


_Columns = dict[str, Sequence[Any] | NDArray[Any]]


@dataclass(eq=False)
class _Block:
    """What one checkpoint with one mask source said about some pictures."""

    checkpoint: Checkpoint
    source: MaskSource
    shown: Sequence[Shown]
    named: NDArray[np.int64]
    probability: NDArray[np.float32]
    before: NDArray[np.int64]
    before_probability: NDArray[np.float32]
    kept: NDArray[np.float32]
    reference: NDArray[np.bool_]
    phi_background: NDArray[np.float32] = field(init=False)
    phi_foreground: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.phi_background = np.full(len(self.shown), np.nan, dtype=np.float32)
        self.phi_foreground = np.full(len(self.shown), np.nan, dtype=np.float32)

    def columns(self, masker: str) -> _Columns:
        """The block's rows, column by column."""
        classes = self.checkpoint.card.classes
        known = set(classes)
        found = self.named != _NO_ANSWER
        names = [classes[index] if index >= 0 else None for index in self.named]
        befores = [classes[index] if index >= 0 else None for index in self.before]
        compared = found & (self.before != _NO_ANSWER) & ~self.reference
        rows = len(self.shown)
        return {
            "sample": [one.sample for one in self.shown],
            "label": [one.label for one in self.shown],
            "condition": [one.condition for one in self.shown],
            "place": [one.place for one in self.shown],
            "place_group": [one.place_group for one in self.shown],
            "scene": [one.scene for one in self.shown],
            "checkpoint": [self.checkpoint.card.name] * rows,
            "mask_source": [self.source] * rows,
            "masker": [masker if self.source == "predicted" else ""] * rows,
            "lifted_by": [one.lifted_by for one in self.shown],
            "found": found,
            "predicted": names,
            "probability": self.probability,
            "right": [
                name == one.label if one.label in known else None for name, one in zip(names, self.shown, strict=True)
            ],
            "original_predicted": befores,
            "original_probability": self.before_probability,
            "kept_probability": self.kept,
            "flipped": [
                bool(after != before) if comparable else None
                for after, before, comparable in zip(self.named, self.before, compared, strict=True)
            ],
            "phi_background": self.phi_background,
            "phi_foreground": self.phi_foreground,
        }


def _question(checkpoint: Checkpoint, chunk: Sequence[Shown], source: MaskSource) -> tuple[Question, NDArray[np.int64]]:
    """What a checkpoint is asked, and which pictures it has rows for: those with a mask of the source, empty or not."""
    if source == "none":
        rows = np.arange(len(chunk))
        return Question(checkpoint, rows, None, source), rows
    masks = {row: one.masks[source] for row, one in enumerate(chunk) if source in one.masks}
    # What a masked checkpoint says of an empty mask would be made up: it is not asked.
    found = {row: mask for row, mask in masks.items() if mask.any()}
    return Question(checkpoint, np.array([*found], dtype=np.int64), found, source), np.array([*masks], dtype=np.int64)


def _judge(
    question: Question,
    at: NDArray[np.int64],
    chunk: Sequence[Shown],
    answers: NDArray[np.float32],
    reference: str,
    originals: dict[tuple[str, MaskSource, str], tuple[int, float]],
) -> _Block:
    """The block of a question's answers; pictures ``at`` of the chunk have rows in it."""
    checkpoint, source = question.checkpoint, question.source
    shown = [chunk[row] for row in at]
    probabilities = np.full((len(shown), len(checkpoint.card.classes)), np.nan, dtype=np.float32)
    seen = np.flatnonzero(np.isin(at, question.rows))
    probabilities[seen] = answers
    named = np.full(len(shown), _NO_ANSWER, dtype=np.int64)
    named[seen] = answers.argmax(axis=1)
    rows = np.arange(len(shown))
    probability = probabilities[rows, named]
    is_reference = np.array([one.condition == reference for one in shown], dtype=bool)
    key = (checkpoint.card.name, source)
    for row in np.flatnonzero(is_reference):
        originals[*key, shown[row].sample] = int(named[row]), float(probability[row])
    pairs = [originals[*key, one.sample] for one in shown]
    before = np.array([index for index, _ in pairs], dtype=np.int64)
    kept = np.where(before == _NO_ANSWER, np.nan, probabilities[rows, before]).astype(np.float32)
    before_probability = np.array([value for _, value in pairs], dtype=np.float32)
    return _Block(checkpoint, source, shown, named, probability, before, before_probability, kept, is_reference)


def _add_shapley(chunk: Sequence[Shown], blocks: Sequence[_Block], tick: Tick) -> None:
    """Fill in the Shapley values of the names that were given to these very pictures."""
    wanted = [one for one in chunk if one.players is not None]
    for start in range(0, len(wanted), _PLAYERS_AT_ONCE):
        some = wanted[start : start + _PLAYERS_AT_ONCE]
        for source in ("given", "predicted"):
            with_mask = [one for one in some if source in one.masks]
            asking = [block for block in blocks if looks_at(block.source, with_mask) == source]
            if not asking:
                continue
            made = {id(one): one.players(source) for one in with_mask if one.players is not None}
            games = {key: game for key, game in made.items() if game is not None}
            for block in asking:
                _fill_shapley(block, games)
                tick(SHAPLEY_PICTURES * len(with_mask))


def looks_at(source: MaskSource, shown: Sequence[Shown]) -> LookedAt | None:
    """Whose coalitions a row takes: its own mask's; where it looks at none, the given mask's if there is one."""
    if not shown:
        return None
    if source != "none":
        return source
    return "given" if "given" in shown[0].masks else "predicted"


def _fill_shapley(block: _Block, games: Mapping[int, Coalitions]) -> None:
    rows = [row for row, one in enumerate(block.shown) if id(one) in games and block.named[row] != _NO_ANSWER]
    classes = block.checkpoint.card.classes
    values = shapley_batch(
        block.checkpoint,
        [games[id(block.shown[row])] for row in rows],
        [classes[block.named[row]] for row in rows],
    )
    for row, value in zip(rows, values, strict=True):
        block.phi_background[row], block.phi_foreground[row] = value.phi_background, value.phi_foreground
