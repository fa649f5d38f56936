"""The model card: everything that a checkpoint is, beside its weights, as validated JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bgbias_core.errors import CheckpointError
from bgbias_core.models.preprocessing import Preprocessing
from bgbias_core.models.strategy import Pooling, Region, Strategy
from bgbias_core.paths import replace_file

SCHEMA_VERSION: Literal[1] = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Architecture(_Frozen):
    """What is built before the weights are loaded.

    Attributes:
        backbone: A name of ``BACKBONES`` or ``timm/…``.
        pooling: How features become one vector.
        region: Which cells ``gap`` averages.
        head_norm: Whether a LayerNorm stands before the linear head.
        grid: Rows and columns of the last feature grid.
        depths: Number of depths.
    """

    backbone: str
    pooling: Pooling
    region: Region
    head_norm: bool
    grid: tuple[int, int]
    depths: int


class Weights(_Frozen):
    """Where the weights lie.

    Attributes:
        source: ``file`` (a safetensors file beside the card) or ``package`` (see ``PACKAGED``).
        name: File name, or name of the packaged backbone.
        sha256: Checksum of that file.
        dtype: How the numbers are stored; they are loaded as float32.
    """

    source: Literal["file", "package"]
    name: str
    sha256: str
    dtype: Literal["float16", "float32"]


class Data(_Frozen):
    """What a classifier was trained on.

    Attributes:
        name: The data set.
        fingerprint: sha256 over what fixes its content.
        licence: Licence of use.
        parameters: What it takes to make or find the same data again.
    """

    name: str
    fingerprint: str
    licence: str
    parameters: dict[str, Any]


class Metric(_Frozen):
    """One measured number with its 95% interval.

    Attributes:
        measure: Name of the measure ("accuracy", "flip rate").
        condition: Condition ("ID", "OOD", "foreign scene").
        mask_source: ``given``, ``predicted`` or, for classifiers that look at no mask, ``none``.
        masker: Name of the masker where the mask is predicted.
        value: The number: a share in [0, 1], a gap in [−1, 1].
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.
        n: Number of samples (photographs, where one counts several times).
        interval: How the interval was computed.
        command: The command that prints it again.
    """

    measure: str
    condition: str
    mask_source: Literal["given", "predicted", "none"]
    masker: str = ""
    value: float
    low: float
    high: float
    n: int
    interval: Literal["wilson", "cluster bootstrap", "paired bootstrap"]
    command: str


class Card(_Frozen):
    """A checkpoint's model card.

    ``seal`` is the sha256 of everything else in the card. It finds damage and careless edits; it is no signature.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    title: str
    task: Literal["species", "imagenet"]
    description: str
    architecture: Architecture
    strategy: Strategy
    preprocessing: Preprocessing
    classes: tuple[str, ...] = Field(min_length=2)
    weights: Weights
    backbone_weights: str
    backbone_sha256: str | None
    mask_source_at_training: Literal["given", "predicted", "none"]
    training_data: Data
    config: dict[str, Any]
    seed: int | None
    metrics: tuple[Metric, ...] = ()
    versions: dict[str, str]
    seal: str = ""

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("The names of the classes are not all different.")
        return self

    def sealed(self) -> Self:
        """The same card with the seal that belongs to it."""
        return self.model_copy(update={"seal": self._digest()})

    def _digest(self) -> str:
        body = self.model_dump(mode="json", exclude={"seal"})
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write the sealed card, whole or not at all."""
        content = self.sealed().model_dump_json(indent=1) + "\n"
        replace_file(path, lambda part: part.write_text(content, encoding="utf-8"))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a card and check its seal.

        Raises:
            CheckpointError: The card is missing, is no card of this schema, or was altered.
        """
        try:
            card = cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise CheckpointError(
                f"The card {path.name} cannot be read ({error.strerror}); restore the file."
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise CheckpointError(
                f"The card {path.name} is not a valid model card (schema {SCHEMA_VERSION}): {where}: {first['msg']}. "
                "Restore it, or train the checkpoint again."
            ) from error
        if card.seal != card._digest():
            raise CheckpointError(
                f"The card {path.name} was altered after it was written (its seal does not match); "
                "restore it, or train the checkpoint again."
            )
        return card
