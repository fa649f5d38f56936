"""The configuration of a training run: frozen, validated, and written beside what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from bgbias_core.errors import ConfigError
from bgbias_core.models import Pooling, Region, Strategy


class Frozen(BaseModel):
    """What cannot be changed, and has no entry that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AviaryData(Frozen):
    """Aviary samples to train on and to select on.

    Attributes:
        name: The data set.
        train: Number of training samples.
        validation: Number of samples that choose the epoch, drawn as in training, and of the same birds OOD, which are
            only watched; never from test.
        correlation: c: how often a species stands in its home place.
        seed: Another seed gives another data set.
    """

    name: Literal["aviary"] = "aviary"
    train: int = Field(default=5000, ge=12)
    validation: int = Field(default=600, ge=12)
    correlation: float = Field(default=0.95, ge=0, le=1)
    seed: int = Field(default=0, ge=0)


class _Photographs(Frozen):
    """Photographs in a folder.

    Attributes:
        root: The folder. It may begin with an environment variable (``$BGBIAS_CUB``), so that a configuration says the
            same on every machine.
        masks_from: ``given``: the data set's own, where it has any; ``predicted``: a masker's, whatever there is.
    """

    root: str
    masks_from: Literal["given", "predicted"] = "given"


class CubData(_Photographs):
    """Photographs in the layout of CUB-200-2011.

    Attributes:
        name: The data set.
        root: Its folder, which holds ``images.txt``.
    """

    name: Literal["cub"] = "cub"


class WaterbirdsData(_Photographs):
    """Photographs of birds on other places, with ``metadata.csv``.

    Attributes:
        name: The data set.
        root: Its folder.
        masks: The folder of the masks; ``None`` where there are none.
    """

    name: Literal["waterbirds"] = "waterbirds"
    masks: str | None = None


class FolderData(_Photographs):
    """A person's own photographs, one folder a class.

    Attributes:
        name: The data set.
        root: The folder of the classes' folders.
        masks: The folder of the masks; ``None`` where there are none.
    """

    name: Literal["folder"] = "folder"
    masks: str | None = None


def _data_name(data: Any) -> str:
    # Configurations older than the choice of data do not name theirs, which is Aviary.
    return str(data.get("name", "aviary") if isinstance(data, dict) else getattr(data, "name", "aviary"))


PhotographData = CubData | WaterbirdsData | FolderData
AnyData = Annotated[
    Annotated[AviaryData, Tag("aviary")]
    | Annotated[CubData, Tag("cub")]
    | Annotated[WaterbirdsData, Tag("waterbirds")]
    | Annotated[FolderData, Tag("folder")],
    Discriminator(_data_name),
]


class ModelConfig(Frozen):
    """What is trained.

    Attributes:
        backbone: A name of ``BACKBONES`` or ``timm/…``.
        weights: ``pretrained``, or ``random`` (only when said).
        strategy: Whether and at which depth the background is removed.
        pooling: How features become one vector.
        region: Which cells ``gap`` averages.
        size: Side of the square images in pixels; ``None`` takes the backbone's usual one.
        frozen: Whether only the head is trained and the backbone stays as it came.
    """

    backbone: str
    weights: Literal["pretrained", "random"] = "pretrained"
    strategy: Strategy
    pooling: Pooling = "gap"
    region: Region = "all"
    size: int | None = Field(default=None, ge=32, le=1024)
    frozen: bool = False


class Augmentation(Frozen):
    """Random changes of each training image together with its mask.

    A head on a frozen backbone is trained on features of the images as they are: there, all of it is off.

    Attributes:
        flip: Whether to mirror left and right, half of the time.
        shift: Largest shift in pixels along each axis; the border is repeated.
    """

    flip: bool = True
    shift: int = Field(default=6, ge=0)


_UNCHANGED = Augmentation(flip=False, shift=0)


class Optimisation(Frozen):
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


class TrainingConfig(Frozen):
    """One training run; the name is also the checkpoint's."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    title: str
    data: AnyData = AviaryData()
    model: ModelConfig
    augmentation: Augmentation = Augmentation()
    optimisation: Optimisation = Optimisation()
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_augmentation(cls, body: Any) -> Any:
        model = body.get("model") if isinstance(body, dict) else None
        frozen = model.get("frozen") if isinstance(model, dict) else getattr(model, "frozen", False)
        return {"augmentation": _UNCHANGED, **body} if frozen else body

    @model_validator(mode="after")
    def _frozen_is_not_augmented(self) -> Self:
        if self.model.frozen and self.augmentation != _UNCHANGED:
            raise ValueError("A frozen backbone looks at every picture once, as it is; leave augmentation out.")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a configuration from a JSON file.

        Raises:
            ConfigError: The file is missing or holds no valid configuration; the message names the first fault.
        """
        return read_config(cls, path)


Config = TypeVar("Config", bound=BaseModel)


def read_config(kind: type[Config], path: Path) -> Config:
    """Read a configuration from a JSON file.

    Raises:
        ConfigError: The file is missing or holds no valid configuration; the message names the first fault.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read ({error.strerror}); give a JSON file.") from error
    except ValidationError as error:
        raise invalid_config(path.name, error) from error


def invalid_config(name: str, error: ValidationError) -> ConfigError:
    """The sentence for the first fault of a configuration."""
    first = error.errors()[0]
    # Pydantic names the kind of data as if it were an entry: data, aviary, correlation.
    path_there = [part for place, part in enumerate(first["loc"]) if (place, first["loc"][0]) != (1, "data")]
    where = ".".join(str(part) for part in path_there) or "the file"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return ConfigError(f"The configuration {name} is not valid: {where}: {message}. Mend that entry.")
