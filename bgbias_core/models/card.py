"""The model card: everything that a checkpoint is, beside its weights, as validated JSON."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bgbias_core.models.preprocessing import Preprocessing
from bgbias_core.models.sealed import SealedCard
from bgbias_core.models.strategy import Pooling, Region, Strategy

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
        source: ``file`` (a safetensors file beside the card), ``head`` (the same, of the head alone: the backbone is
            loaded by its name and must be the one of ``backbone_sha256``) or ``package`` (see ``PACKAGED``).
        name: File name, or name of the packaged backbone.
        sha256: Checksum of that file.
        dtype: How the numbers are stored; they are loaded as float32.
    """

    source: Literal["file", "head", "package"]
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
    interval: Literal["wilson", "paired score", "cluster bootstrap", "paired bootstrap", "two-way bootstrap", "score"]
    command: str


class Card(SealedCard):
    """A checkpoint's model card.

    ``doubtful_below``, where it is known, is the probability under which its first answer is probably none of its
    classes; see ``bgbias_core.evaluation.doubt``.
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
    doubtful_below: float | None = Field(default=None, ge=0, le=1)
    versions: dict[str, str]

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("The names of the classes are not all different.")
        return self

    @model_validator(mode="after")
    def _backbone_is_known(self) -> Self:
        if self.weights.source == "head" and self.backbone_sha256 is None:
            raise ValueError("A head alone needs backbone_sha256, by which its backbone is known again.")
        return self

    def _left_out(self) -> set[str]:
        """Entries that a card has only where they are known: older cards were written and sealed without them."""
        return {"doubtful_below"} if self.doubtful_below is None else set()
