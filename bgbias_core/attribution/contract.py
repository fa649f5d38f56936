"""What every attribution is, and how it is kept in a file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from bgbias_core.errors import ConfigError
from bgbias_core.images import ResizeRule
from bgbias_core.masks import Source
from bgbias_core.paths import replace_file

SCHEMA_VERSION = 1

Level = Literal["input", "features", "players"]
"""What an attribution distributes the score over: the picture's pixels, the cells of the last feature grid, or the two
players foreground and background."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """What earned a checkpoint's score for one class in one picture.

    Attributes:
        method: A name of ``METHODS``.
        checkpoint: The checkpoint's name.
        target: The class whose score is explained.
        contrast: The class that it is explained against ("why A rather than B"), or ``None``.
        level: What the score is distributed over.
        values: float32 ``[S, S]`` at the network's input size; negative values speak against the target.
        score: The target's logit, or its difference to the contrast's; for two-player Shapley log-odds.
        rule: How the picture was brought to the square.
        mask_source: Where the mask comes from that the checkpoint looked at; ``none`` where it looks at none.
        masker: What made that mask; empty where there is none.
        object_source: Where the mask comes from that the share is measured against; ``none`` without a mask.
        background_share: Share of the positive attribution (for Shapley: of both players' sizes) outside the object,
            in [0, 1]; ``None`` where nothing is positive or no object is known.
        chance: The share that a map would have which treats all pixels alike; ``None`` for Shapley.
        by_identity: Why the share is 0 by construction, as a sentence; empty where it is a finding.
        steps: Steps of integrated gradients.
        error: Completeness error of integrated gradients in logits, ``|Σ values − (score − baseline's score)|``.
        complete: Whether that error is within tolerance; ``None`` for other methods.
        phi_background: Two-player Shapley value of the background in log-odds.
        phi_foreground: That of the object.
    """

    method: str
    checkpoint: str
    target: str
    contrast: str | None
    level: Level
    values: NDArray[np.float32] = field(repr=False)
    score: float
    rule: ResizeRule
    mask_source: Source | Literal["none"]
    masker: str
    object_source: Source | Literal["none"]
    background_share: float | None
    chance: float | None
    by_identity: str = ""
    steps: int | None = None
    error: float | None = None
    complete: bool | None = None
    phi_background: float | None = None
    phi_foreground: float | None = None

    def describe(self) -> dict[str, Any]:
        """Everything but the values, as JSON can hold it."""
        return {key: value for key, value in asdict(self).items() if key != "values"}

    def save(self, path: Path) -> None:
        """Write an NPZ file, whole or not at all: ``values``, and ``about`` as JSON with its schema version."""
        about = json.dumps({"schema_version": SCHEMA_VERSION, **self.describe()}, ensure_ascii=False)
        replace_file(path, lambda part: _write(part, self.values, about))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: There is no such file, or it holds no attribution of this schema.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                values, about = stored["values"], json.loads(str(stored["about"]))
            version = about.pop("schema_version")
            read = cls(values=values, **about)
        except OSError as error:
            raise ConfigError(
                f"The attribution {path.name} cannot be read ({error.strerror}); choose another."
            ) from error
        except (KeyError, TypeError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{path.name} holds no attribution; make it anew with the command explain.") from error
        if version != SCHEMA_VERSION or values.dtype != np.float32 or values.ndim != 2:
            raise ConfigError(
                f"{path.name} holds an attribution of schema {version}, and this version reads {SCHEMA_VERSION}; "
                "make it anew with the command explain."
            )
        return read


def _write(path: Path, values: NDArray[np.float32], about: str) -> None:
    with path.open("wb") as file:  # given a name, NumPy would add an ending to it
        np.savez_compressed(file, values=values, about=np.array(about))
