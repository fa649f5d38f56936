"""Looking a name up in an explicit registry, with the nearest names when it is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from bgbias_core.errors import UnknownNameError

Spec = TypeVar("Spec")


def lookup(registry: Mapping[str, Spec], name: str, kind: str) -> Spec:
    """Return ``registry[name]``.

    Args:
        registry: The known names.
        name: The name asked for.
        kind: What is looked up, in the singular, for the message ("checkpoint", "masker").

    Raises:
        UnknownNameError: The name is not known; the message lists the nearest ones.

    >>> lookup({"early": 0}, "early", "strategy")
    0
    """
    if name in registry:
        return registry[name]
    near = get_close_matches(name, registry, n=3, cutoff=0.4)
    known = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(sorted(registry)) or 'none'}."
    raise UnknownNameError(f"There is no {kind} named '{name}'; {known}")
