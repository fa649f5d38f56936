"""One pass of checkpoints over pictures, unit by unit: pictures are made ahead, finished rows are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

import numpy as np
import pandas as pd

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.judging import Columns, Originals, add_shapley, ask, judge_answers, mask_sources
from bgbias_core.evaluation.kept import KeptRows, Rows
from bgbias_core.evaluation.shapley import SCENES
from bgbias_core.evaluation.sharing import SharedPasses
from bgbias_core.evaluation.showing import Shown, all_hard
from bgbias_core.evaluation.table import COLUMNS, make_table
from bgbias_core.models import Checkpoint

Progress = Callable[[int, int], None]
Made = TypeVar("Made")

SAMPLES_A_UNIT = 16
"""Samples that are evaluated, kept and read again together; it is part of what fixes the rows to the byte."""

SHAPLEY_PICTURES = 2 + 2 * SCENES
"""Pictures that the Shapley values of one picture take."""

_PICTURES_AT_ONCE = 512
_BYTES_AT_ONCE = 2**28


@dataclass(frozen=True, eq=False)
class Unit:
    """Some samples with all their pictures, complete in themselves: their rows depend on no other unit.

    Attributes:
        name: What tells it from the other units of its evaluation.
        samples: How many samples.
        games: For how many of its pictures Shapley values are computed, at most.
        pieces: Each makes a part of the pictures, in order, in a thread of its own; a sample's reference comes before
            its others.
    """

    name: str
    samples: int
    games: int
    pieces: Sequence[Callable[[], Sequence[Shown]]]

    @property
    def steps(self) -> int:
        """Steps of work: to make each sample's pictures, to have them answered, and each game."""
        return 2 * self.samples + self.games


@dataclass(frozen=True, eq=False)
class Work:
    """Checkpoints that are asked about the same pictures.

    Attributes:
        checkpoints: Which classifiers, each once.
        units: All the pictures.
    """

    checkpoints: Sequence[Checkpoint]
    units: Sequence[Unit]


def units_of(count: int) -> list[range]:
    """The positions of each unit's samples.

    >>> units_of(20)
    [range(0, 16), range(16, 20)]
    """
    return [range(start, min(start + SAMPLES_A_UNIT, count)) for start in range(0, count, SAMPLES_A_UNIT)]


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


def evaluate(
    works: Sequence[Work],
    kept: KeptRows,
    *,
    reference: str,
    masker: str,
    workers: int = 1,
    batch_size: int | None = None,
    tick: Tick,
) -> Rows:
    """Let every checkpoint name every picture of its work.

    Only some pictures are held at once, and checkpoints with the same backbone share its passes over them. Units that
    are kept are read; the others are computed and kept. The rows depend neither on the order of works and checkpoints
    nor on the number of workers.

    Args:
        works: Who is asked about what.
        kept: Where finished units lie.
        reference: The condition to which names and probabilities are compared.
        masker: Name of what made the predicted masks.
        workers: How many threads make pictures ahead of the networks.
        batch_size: How many pictures go through a network at once; by default what is quick on its device.
        tick: Counts the steps of every unit.

    Returns:
        The table of an :class:`Evaluation`, ordered by names of checkpoints and mask source, then as the pictures came.

    Raises:
        ConfigError: A number is not positive.
    """
    if workers < 1 or (batch_size is not None and batch_size < 1):
        raise ConfigError(f"Got {workers} workers and a batch size of {batch_size}; give at least 1 of each.")
    done = {unit.name: rows for work in works for unit in work.units if (rows := kept.read(unit.name)) is not None}
    waiting = [[unit for unit in work.units if unit.name not in done] for work in works]
    tick(sum(unit.steps for work in works for unit in work.units if unit.name in done))
    with closing(_ahead([piece for units in waiting for unit in units for piece in unit.pieces], workers)) as pieces:
        for work, units in zip(works, waiting, strict=True):
            if not units:
                continue
            judge = _Judge(sorted(work.checkpoints, key=lambda one: one.card.name), reference, masker, batch_size)
            for unit in units:
                done[unit.name] = judge.rows_of(unit, pieces, tick)
                kept.write(unit.name, done[unit.name])
    in_order = [done[unit.name] for work in works for unit in work.units]
    return Rows(_joined([rows.table for rows in in_order]), all(rows.hard_masks for rows in in_order))


@dataclass(eq=False)
class _Judge:
    """Checkpoints with the backbone passes that they share."""

    checkpoints: Sequence[Checkpoint]
    reference: str
    masker: str
    batch_size: int | None

    def __post_init__(self) -> None:
        self.passes = SharedPasses(self.checkpoints)

    def rows_of(self, unit: Unit, pieces: Iterator[Sequence[Shown]], tick: Tick) -> Rows:
        """The rows of one unit; takes its pieces from those that are being made."""
        columns: list[Columns] = []
        originals: Originals = {}
        end, hard = tick.done + unit.steps, True
        for chunk in _chunks(_counted(islice(pieces, len(unit.pieces)), tick)):
            hard = hard and all_hard(chunk)
            questions = [ask(one, chunk, source) for one in self.checkpoints for source in mask_sources(one)]
            answers = self.passes.predict(
                [one.image for one in chunk], [question for question, _ in questions], batch_size=self.batch_size
            )
            blocks = [
                judge_answers(question, rows, chunk, answer, self.reference, originals)
                for (question, rows), answer in zip(questions, answers, strict=True)
            ]
            for games in add_shapley(chunk, blocks):
                tick(games)
            columns += [block.columns(self.masker) for block in blocks]
        tick(end - tick.done)
        return Rows(
            make_table({name: list(chain.from_iterable(some[name] for some in columns)) for name in COLUMNS}), hard
        )


def _ahead(pieces: Sequence[Callable[[], Made]], workers: int) -> Generator[Made, None, None]:
    """What each piece makes, in order, made by threads that are never more than a few pieces ahead."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")
    left = iter(pieces)
    waiting: deque[Future[Made]] = deque()
    try:
        waiting.extend(pool.submit(piece) for piece in islice(left, workers + 1))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(piece) for piece in islice(left, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)


def _counted(pieces: Iterator[Sequence[Shown]], tick: Tick) -> Iterator[Shown]:
    """The pictures of pieces, one step for each of their samples."""
    for piece in pieces:
        yield from piece
        tick(len({one.sample for one in piece}))


def _chunks(pictures: Iterator[Shown]) -> Iterator[list[Shown]]:
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


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Units under each other, by names of checkpoints and mask source."""
    whole = pd.concat([table.astype("object") for table in tables], ignore_index=True)
    sources = whole["mask_source"].map({"none": 0, "given": 1, "predicted": 2})
    whole = whole.iloc[np.lexsort((sources.to_numpy(), whole["checkpoint"].to_numpy().astype(str)))]
    return make_table({column: whole[column].tolist() for column in COLUMNS})
