"""The configuration of a training run: frozen, validated, and written beside what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bgbias_core.errors import ConfigError
from bgbias_core.models import Pooling, Region, Strategy


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AviaryData(_Frozen):
    """Aviary samples to train on and to select on.

    Attributes:
        name: The data set.
        train: Number of training samples.
        validation: Number of samples that choose the epoch; drawn as in training, never from test.
        correlation: c: how often a species stands in its home place.
        seed: Another seed gives another data set.
    """

    name: Literal["aviary"] = "aviary"
    train: int = Field(default=5000, ge=12)
    validation: int = Field(default=600, ge=12)
    correlation: float = Field(default=0.95, ge=0, le=1)
    seed: int = Field(default=0, ge=0)


class ModelConfig(_Frozen):
    """What is trained.

    Attributes:
        backbone: A name of ``BACKBONES`` or ``timm/…``.
        weights: ``pretrained``, or ``random`` (only when said).
        strategy: Whether and at which depth the background is removed.
        pooling: How features become one vector.
        region: Which cells ``gap`` averages.
        size: Side of the square images in pixels; ``None`` takes the backbone's usual one.
    """

    backbone: str
    weights: Literal["pretrained", "random"] = "pretrained"
    strategy: Strategy
    pooling: Pooling = "gap"
    region: Region = "all"
    size: int | None = Field(default=None, ge=32, le=1024)


class Augmentation(_Frozen):
    """Random changes of each training image together with its mask.

    Attributes:
        flip: Whether to mirror left and right, half of the time.
        shift: Largest shift in pixels along each axis; the border is repeated.
    """

    flip: bool = True
    shift: int = Field(default=6, ge=0)


class Optimisation(_Frozen):
    """AdamW with linear warm-up and cosine decay to zero.

    Attributes:
        epochs: Passes over the training samples.
        batch_size: Samples a step and process.
        learning_rate: Peak learning rate.
        weight_decay: Decoupled decay of matrices and kernels; none of biases and norms.
        betas: AdamW's moments.
        warmup_epochs: Epochs until the peak.
        clip: Largest gradient norm.
        label_smoothing: Share of the target spread over all classes.
        mixed_precision: Autocast of the forward pass.
    """

    epochs: int = Field(default=8, ge=1)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    betas: tuple[float, float] = (0.9, 0.98)
    warmup_epochs: float = Field(default=2, ge=0)
    clip: float = Field(default=1.0, gt=0)
    label_smoothing: float = Field(default=0.05, ge=0, lt=1)
    mixed_precision: Literal["no", "bf16", "fp16"] = "bf16"


class TrainingConfig(_Frozen):
    """One training run; the name is also the checkpoint's."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    title: str
    data: AviaryData = AviaryData()
    model: ModelConfig
    augmentation: Augmentation = Augmentation()
    optimisation: Optimisation = Optimisation()
    seed: int = Field(default=0, ge=0)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a configuration from a JSON file.

        Raises:
            ConfigError: The file is missing or holds no valid configuration; the message names the first fault.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ConfigError(
                f"The configuration {path} cannot be read ({error.strerror}); give a JSON file."
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            message = first["msg"].removeprefix("Value error, ").rstrip(".")
            raise ConfigError(
                f"The configuration {path.name} is not valid: {where}: {message}. Mend that entry."
            ) from error
