"""Cards as files: validated JSON whose seal tells whether it was altered."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bgbias_core.errors import CheckpointError
from bgbias_core.paths import replace_file


class SealedCard(BaseModel):
    """A card with a name, written and read whole.

    ``seal`` is the sha256 of everything else in the card. It finds damage and careless edits; it is no signature.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seal: str = ""

    def sealed(self) -> Self:
        """The same card with the seal that belongs to it."""
        return self.model_copy(update={"seal": self._digest()})

    def _digest(self) -> str:
        body = self.model_dump(mode="json", exclude={"seal", *self._left_out()})
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    def _left_out(self) -> set[str]:
        """Entries that are not written: those that cards had not, in which they stand for nothing known."""
        return set()

    def write(self, path: Path) -> None:
        """Write the sealed card, whole or not at all."""
        content = self.sealed().model_dump_json(indent=1, exclude=self._left_out()) + "\n"
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
                f"The card {path.name} is not a valid model card: {where}: {first['msg']}. "
                "Restore it, or train the network again."
            ) from error
        if card.seal != card._digest():
            raise CheckpointError(
                f"The card {path.name} was altered after it was written (its seal does not match); "
                "restore it, or train the network again."
            )
        return card
