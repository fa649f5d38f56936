"""What checkpoints answered about some pictures, as rows of an evaluation's table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgbias_core.evaluation.dials import DIALS
from bgbias_core.evaluation.shapley import Coalitions, shapley_batch
from bgbias_core.evaluation.sharing import LookedAt, MaskSource, Question, usual_batch
from bgbias_core.evaluation.showing import Shown
from bgbias_core.models import Checkpoint


def mask_sources(checkpoint: Checkpoint) -> tuple[MaskSource, ...]:
    """Which masks a checkpoint may look at."""
    return ("given", "predicted") if checkpoint.card.strategy.needs_mask else ("none",)


Columns = dict[str, Sequence[Any] | NDArray[Any]]
Originals = dict[tuple[str, MaskSource, str], tuple[int, float]]
"""By checkpoint, mask source and sample: which class the reference was named as, and its probability."""

_NO_ANSWER = -1
_PLAYERS_AT_ONCE = 8  # each of them is many pictures


@dataclass(eq=False)
class Block:
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

    def columns(self, masker: str) -> Columns:
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
            "dial": [one.dial for one in self.shown],
            "level": [one.level for one in self.shown],
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


def ask(checkpoint: Checkpoint, chunk: Sequence[Shown], source: MaskSource) -> tuple[Question, NDArray[np.int64]]:
    """What a checkpoint is asked, and which pictures it has rows for.

    They are those with a mask of the source, empty or not; and for who looks at none all but those that differ from
    another in the mask alone.
    """
    if source == "none":
        told = [row for row, one in enumerate(chunk) if not one.dial or not DIALS[one.dial].changes_mask]
        rows = np.array(told, dtype=np.int64)
        return Question(checkpoint, rows, None, source), rows
    masks = {row: one.masks[source] for row, one in enumerate(chunk) if source in one.masks}
    # What a masked checkpoint says of an empty mask would be made up: it is not asked.
    found = {row: mask for row, mask in masks.items() if mask.any()}
    return Question(checkpoint, np.array([*found], dtype=np.int64), found, source), np.array([*masks], dtype=np.int64)


def judge_answers(
    question: Question,
    at: NDArray[np.int64],
    chunk: Sequence[Shown],
    answers: NDArray[np.float32],
    reference: str,
    originals: Originals,
) -> Block:
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
    is_reference = np.array([one.condition == reference and not one.dial for one in shown], dtype=bool)
    key = (checkpoint.card.name, source)
    for row in np.flatnonzero(is_reference):
        originals[*key, shown[row].sample] = int(named[row]), float(probability[row])
    pairs = [originals[*key, one.sample] for one in shown]
    before = np.array([index for index, _ in pairs], dtype=np.int64)
    kept = np.where(before == _NO_ANSWER, np.nan, probabilities[rows, before]).astype(np.float32)
    before_probability = np.array([value for _, value in pairs], dtype=np.float32)
    return Block(checkpoint, source, shown, named, probability, before, before_probability, kept, is_reference)


def add_shapley(chunk: Sequence[Shown], blocks: Sequence[Block]) -> Iterator[int]:
    """Fill in the Shapley values of the names that were given to these very pictures; yields how many are done."""
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
        yield len(some)


def looks_at(source: MaskSource, shown: Sequence[Shown]) -> LookedAt | None:
    """Whose coalitions a row takes: its own mask's; where it looks at none, the given mask's if there is one."""
    if not shown:
        return None
    if source != "none":
        return source
    return "given" if "given" in shown[0].masks else "predicted"


def _fill_shapley(block: Block, games: Mapping[int, Coalitions]) -> None:
    rows = [row for row, one in enumerate(block.shown) if id(one) in games and block.named[row] != _NO_ANSWER]
    classes = block.checkpoint.card.classes
    values = shapley_batch(
        block.checkpoint,
        [games[id(block.shown[row])] for row in rows],
        [classes[block.named[row]] for row in rows],
        batch_size=usual_batch(block.checkpoint),
    )
    for row, value in zip(rows, values, strict=True):
        block.phi_background[row], block.phi_foreground[row] = value.phi_background, value.phi_foreground
