"""Evaluations: what checkpoints said about every picture, kept whole in one Parquet file each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bgbias_core.errors import EvaluationError
from bgbias_core.evaluation.table import read_table, write_table
from bgbias_core.models import Card
from bgbias_core.paths import SHIPPED_EVALUATIONS, own_evaluations
from bgbias_core.registry import lookup

SCHEMA_VERSION: Literal[2] = 2
SUFFIX = ".parquet"
DataKind = Literal["aviary", "cub", "waterbirds", "folder"]
NAME = r"^[a-z0-9][a-z0-9._-]*$"

_KEY = b"bgbias"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvaluatedData(_Frozen):
    """Which pictures an evaluation looked at.

    Attributes:
        kind: ``aviary``, ``cub``, ``waterbirds`` or ``folder``.
        title: As people read it.
        folder: The data set's folder; empty for Aviary. It and ``scenes`` may begin with an environment variable.
        masks: Folder of given masks, where one was named.
        scenes: Folder of the scenes; empty where none were used. The table's ``scene`` is a path below it.
        fingerprint: sha256 over what fixes the data set's content.
        parameters: What it takes to draw the same pictures again.
    """

    kind: DataKind
    title: str
    folder: str = ""
    masks: str = ""
    scenes: str = ""
    fingerprint: str
    parameters: dict[str, Any]


class EvaluatedCheckpoint(_Frozen):
    """One checkpoint of an evaluation.

    Attributes:
        name: The checkpoint's name.
        title: As people read it.
        strategy: ``unmasked``, ``early`` or ``late``.
        backbone: Name of its backbone.
        seal: What :func:`seal_of` gave for its card.
        same_classes: Whether it can name every class of the data, so that an answer is right or wrong.
        class_count: How many classes it names.
        trained_on: Name of the data that its classes come from.
        same_pixels: Whether with given masks it sees the same pixels on every background (early masking, hard masks).
        correlation: c of its training places, where it was trained on Aviary.
        depth: Where it masks: 0 = the image, ``k`` = after the ``k``-th stage or block; ``None`` for unmasked.
    """

    name: str
    title: str
    strategy: str
    backbone: str
    seal: str
    same_classes: bool
    class_count: int
    trained_on: str
    same_pixels: bool
    correlation: float | None = None
    depth: int | None = None


class Header(_Frozen):
    """What an evaluation is of, and how it was made.

    Attributes:
        schema_version: Version of header and table.
        name: Name of its file, without the ending.
        title: As people read it.
        data: Which pictures.
        classes: The data's classes.
        checkpoints: Which checkpoints, in order.
        masker: Name of the masker of predicted masks.
        seed: Seed of all draws.
        n: Number of samples.
        created: When it was made, ISO 8601.
        command: The command that makes it again.
        versions: Versions of the libraries that matter.
    """

    schema_version: Literal[2] = SCHEMA_VERSION
    name: str = Field(pattern=NAME, max_length=120)
    title: str
    data: EvaluatedData
    classes: tuple[str, ...]
    checkpoints: tuple[EvaluatedCheckpoint, ...] = Field(min_length=1)
    masker: str
    seed: int
    n: int
    created: str
    command: str
    versions: dict[str, str]

    def checkpoint(self, name: str) -> EvaluatedCheckpoint:
        """One of its checkpoints by name.

        Raises:
            UnknownNameError: The evaluation holds no such checkpoint.
        """
        return lookup({one.name: one for one in self.checkpoints}, name, "checkpoint of this evaluation")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What checkpoints said about every picture.

    Attributes:
        header: What it is of.
        table: One row for each sample × condition × scene × checkpoint × mask source, with ``COLUMNS``: texts are
            categories (missing: NaN), numbers float32 (missing: NaN), ``found`` bool, ``right`` and ``flipped``
            nullable booleans. ``dial`` and ``level`` say how a row differs from the ordinary one, whose dial is empty
            (see :mod:`bgbias_core.evaluation.dials`). ``kept_probability`` is that of ``original_predicted`` on this
            row's picture, so ``original_probability − kept_probability`` is the probability lost.
    """

    header: Header
    table: pd.DataFrame

    def save(self, path: Path) -> None:
        """Write one Parquet file, whole or not at all, creating its folder if need be."""
        write_table(self.table, path, {_KEY: self.header.model_dump_json().encode()})

    @classmethod
    def load(cls, path: Path) -> Evaluation:
        """Read an evaluation.

        Raises:
            EvaluationError: The file is missing, damaged or of another schema.
        """
        header = read_header(path)
        found = read_table(path)
        if found is None:
            raise _damaged(path)
        return cls(header, found[0])


@dataclass(frozen=True)
class EvaluationListing:
    """What was found on disk.

    Attributes:
        headers: Header of every usable evaluation by name: shipped ones first, then this person's own.
        broken: For every unusable one, the sentence that says why.
    """

    headers: dict[str, Header]
    broken: dict[str, str]


def list_evaluations() -> EvaluationListing:
    """Read the headers of all shipped and own evaluations; a broken one is reported and hides no other."""
    headers: dict[str, Header] = {}
    broken: dict[str, str] = {}
    for folder in (SHIPPED_EVALUATIONS, own_evaluations()):
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            try:
                headers.setdefault(path.stem, read_header(path))
            except EvaluationError as error:
                broken[path.stem] = str(error)
    return EvaluationListing(headers, broken)


def find_evaluation(name: str) -> Path:
    """The file of an evaluation.

    Raises:
        UnknownNameError: No evaluation has that name; the message lists the nearest.
    """
    folders = [own_evaluations(), SHIPPED_EVALUATIONS]
    paths = {path.stem: path for folder in folders for path in sorted(folder.glob(f"*{SUFFIX}"))}
    return lookup(paths, name, "evaluation")


def load_evaluation(name: str) -> Evaluation:
    """Read an evaluation by name.

    Raises:
        UnknownNameError: No evaluation has that name.
        EvaluationError: Its file is damaged or of another schema.
    """
    return Evaluation.load(find_evaluation(name))


def check_name(name: str) -> str:
    """Refuse a name that no evaluation can have.

    Raises:
        EvaluationError: The name is too long, or holds other signs than small letters, digits, dots and hyphens.
    """
    if re.match(NAME, name) is None or len(name) > 120:
        raise EvaluationError(
            f"'{name}' cannot name an evaluation; use small letters, digits, dots, hyphens and underscores."
        )
    return name


def read_header(path: Path) -> Header:
    """Read what an evaluation is of, without its table.

    Raises:
        EvaluationError: The file is missing, damaged or of another schema.
    """
    try:
        schema = pq.read_schema(path)
    except FileNotFoundError as error:
        raise EvaluationError(f"There is no file '{path}'; compute the evaluation again.") from error
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path) from error
    content = (schema.metadata or {}).get(_KEY)
    if content is None:
        raise EvaluationError(f"'{path.name}' is a Parquet file, but no evaluation; put it elsewhere.")
    try:
        return Header.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the header"
        raise EvaluationError(
            f"The evaluation '{path.name}' is not of schema {SCHEMA_VERSION}, which this version reads: {where}: "
            f"{first['msg']}. Compute it again."
        ) from error


def seal_of(card: Card) -> str:
    """What fixes a checkpoint: its card's seal without its figures, which an evaluation itself may write."""
    return card.model_copy(update={"metrics": ()}).sealed().seal


def _damaged(path: Path) -> EvaluationError:
    return EvaluationError(f"The evaluation '{path.name}' is damaged and cannot be read; compute it again.")
