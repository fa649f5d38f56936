"""Finished rows of an evaluation that is under way, kept on disk so that it goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from bgbias_core.evaluation.table import read_table, write_table
from bgbias_core.paths import cache_folder

_HARD = b"hard masks"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of an evaluation.

    Attributes:
        table: With the columns of an :class:`~bgbias_core.evaluation.results.Evaluation`.
        hard_masks: Whether every given mask of the samples as they are was hard.
    """

    table: pd.DataFrame
    hard_masks: bool


class KeptRows:
    """Rows by the name of their unit, in a folder of their own for each evaluation.

    Args:
        facts: Everything that fixes the rows; other facts find nothing.
    """

    def __init__(self, facts: Mapping[str, object]) -> None:
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        self.folder = cache_folder() / "evaluations" / key[:32]

    def read(self, unit: str) -> Rows | None:
        """The rows of a unit; ``None`` where they are not there or damaged."""
        found = read_table(self.folder / f"{unit}.parquet")
        return None if found is None else Rows(found[0], found[1].get(_HARD) == b"yes")

    def write(self, unit: str, rows: Rows) -> None:
        """Keep the rows of a unit, whole or not at all."""
        with suppress(OSError):  # nothing needs them: where they cannot be kept, all goes on
            write_table(rows.table, self.folder / f"{unit}.parquet", {_HARD: b"yes" if rows.hard_masks else b"no"})

    def remove(self) -> None:
        """Forget all units: the evaluation is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)
