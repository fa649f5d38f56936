"""The table of an evaluation: its columns, and their exact types in memory and on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bgbias_core.paths import replace_file

_TEXTS = (
    "sample", "label", "condition", "place", "place_group", "scene", "checkpoint", "mask_source", "masker", "lifted_by",
    "dial", "predicted", "original_predicted",
)  # fmt: skip
_NUMBERS = (
    "level", "probability", "original_probability", "kept_probability", "phi_background", "phi_foreground",
)  # fmt: skip
_FLAGS = ("right", "flipped")
COLUMNS: tuple[str, ...] = (
    "sample", "label", "condition", "place", "place_group", "scene", "checkpoint", "mask_source", "masker", "lifted_by",
    "dial", "level", "found", "predicted", "probability", "right", "original_predicted", "original_probability",
    "kept_probability", "flipped", "phi_background", "phi_foreground",
)  # fmt: skip
"""Columns of an evaluation's table, in order."""


def make_table(columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]) -> pd.DataFrame:
    """Build an evaluation's table with its exact types.

    Args:
        columns: ``COLUMNS`` by name, all of one length; ``None`` or NaN where a value is missing.
    """
    table = {}
    for name in COLUMNS:
        values = columns[name]
        if name in _TEXTS:
            table[name] = _categories(pd.Series(values, dtype="object"))
        elif name in _NUMBERS:
            table[name] = pd.Series(np.asarray(values, dtype=np.float32))
        elif name in _FLAGS:
            table[name] = pd.Series(pd.array(values, dtype="boolean"))
        else:
            table[name] = pd.Series(np.asarray(values, dtype=bool))
    return pd.DataFrame(table)


def _categories(values: pd.Series) -> pd.Series:
    """Categories in the order of their text, so that equal tables have equal types."""
    known = sorted(values.dropna().unique())
    return pd.Series(pd.Categorical(values, categories=pd.Index(known, dtype="str")))


def _schema() -> pa.Schema:
    kinds = dict.fromkeys(_TEXTS, pa.dictionary(pa.int32(), pa.string()))
    kinds |= dict.fromkeys(_NUMBERS, pa.float32())
    kinds |= dict.fromkeys((*_FLAGS, "found"), pa.bool_())
    return pa.schema([(name, kinds[name]) for name in COLUMNS])


def from_arrow(content: pa.Table) -> pd.DataFrame:
    """Give a table that was read from Parquet its exact types."""
    table = {}
    for name in COLUMNS:
        column = content.column(name).combine_chunks()
        if name in _TEXTS:
            values = column.to_pandas()
            known = sorted(values.cat.remove_unused_categories().cat.categories)
            table[name] = values.cat.set_categories(pd.Index(known, dtype="str"))
        elif name in _FLAGS:
            table[name] = column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
        else:
            table[name] = column.to_pandas()
    return pd.DataFrame(table)


SCHEMA = _schema()


def write_table(table: pd.DataFrame, path: Path, about: Mapping[bytes, bytes]) -> None:
    """Write a table and what is said about it as one Parquet file, whole or not at all."""
    content = pa.Table.from_pandas(table, schema=SCHEMA, preserve_index=False).replace_schema_metadata(dict(about))
    replace_file(path, lambda part: pq.write_table(content, part, compression="zstd", compression_level=9))


def read_table(path: Path) -> tuple[pd.DataFrame, dict[bytes, bytes]] | None:
    """Read what :func:`write_table` wrote; ``None`` where the file is missing, damaged or no such table."""
    try:
        content = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return None
    return (from_arrow(content), content.schema.metadata or {}) if content.schema.equals(SCHEMA) else None
