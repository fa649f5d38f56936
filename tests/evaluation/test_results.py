"""Evaluations on disk: what was written comes back, and what cannot be read is said in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bgbias_core.errors import EvaluationError, UnknownNameError
from bgbias_core.evaluation import (
    COLUMNS,
    Evaluation,
    find_evaluation,
    list_evaluations,
    load_evaluation,
    seal_of,
)
from bgbias_core.evaluation.results import check_name
from bgbias_core.models import Metric, Strategy
from bgbias_core.paths import own_evaluations
from tests.evaluation.stand_ins import make_checkpoint
from tests.evaluation.tables import make_evaluation, make_row

WRONG = {"predicted": "jay", "right": False, "flipped": True, "probability": 0.7, "kept_probability": 0.1}
NOT_FOUND = {"found": False, "predicted": None, "probability": None, "right": None, "kept_probability": None}


@pytest.fixture
def made() -> Evaluation:
    return make_evaluation(
        [
            make_row(2, "ID"),
            make_row(10, "OOD", **WRONG, place=None, place_group=None, phi_background=0.25),
            make_row(2, "all places", **NOT_FOUND, flipped=None, label=None),
        ]
    )


def test_what_was_saved_comes_back_to_the_type(made, tmp_path) -> None:
    made.save(tmp_path / "new" / "made.parquet")
    loaded = Evaluation.load(tmp_path / "new" / "made.parquet")
    pd.testing.assert_frame_equal(loaded.table, made.table, check_exact=True)
    assert loaded.header == made.header
    assert list(loaded.table) == list(COLUMNS)
    kinds = {name: str(kind) for name, kind in loaded.table.dtypes.items()}
    assert (kinds["sample"], kinds["found"], kinds["right"], kinds["kept_probability"]) == (
        "category", "bool", "boolean", "float32",
    )  # fmt: skip
    assert loaded.table["flipped"].tolist() == [pd.NA, True, pd.NA]
    assert np.isnan(loaded.table["phi_background"][0])
    assert loaded.table["predicted"].isna().tolist() == [False, False, True]


def test_evaluations_are_listed_and_a_broken_one_hides_no_other(made) -> None:
    folder = own_evaluations()
    made.save(folder / "made.parquet")
    (folder / "cut.parquet").write_bytes((folder / "made.parquet").read_bytes()[:-40])
    (folder / "text.parquet").write_text("no Parquet")
    listing = list_evaluations()
    assert listing.headers["made"] == made.header
    assert set(listing.broken) == {"cut", "text"}
    assert all("damaged" in sentence for sentence in listing.broken.values())
    assert find_evaluation("made") == folder / "made.parquet"
    assert load_evaluation("made").header == made.header
    with pytest.raises(UnknownNameError, match="no evaluation named 'mad'; did you mean made"):
        load_evaluation("mad")


def rewritten(made: Evaluation, path, **changes):
    """The evaluation's file with another header."""
    made.save(path)
    table = pq.read_table(path)
    header = json.loads(table.schema.metadata[b"bgbias"]) | changes
    pq.write_table(table.replace_schema_metadata({b"bgbias": json.dumps(header).encode()}), path)


@pytest.mark.parametrize("changes", [{"schema_version": 1}, {"schema_version": 3, "novel": True}, {"n": "many"}])
def test_another_schema_is_refused_in_a_sentence(made, tmp_path, changes) -> None:
    path = tmp_path / "made.parquet"
    rewritten(made, path, **changes)
    with pytest.raises(EvaluationError, match=r"'made\.parquet' is not of schema 2.*Compute it again"):
        Evaluation.load(path)


def test_what_is_no_evaluation_is_refused_in_a_sentence(made, tmp_path) -> None:
    with pytest.raises(EvaluationError, match="There is no file"):
        Evaluation.load(tmp_path / "nowhere.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(EvaluationError, match="no evaluation; put it elsewhere"):
        Evaluation.load(tmp_path / "other.parquet")
    path = tmp_path / "made.parquet"
    made.save(path)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["flipped"]), path)
    with pytest.raises(EvaluationError, match="damaged"):
        Evaluation.load(path)
    made.save(path)
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    with pytest.raises(EvaluationError, match="damaged"):
        Evaluation.load(path)


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "../up", "a b", "x" * 121])
def test_names_that_no_file_should_bear_are_refused(name) -> None:
    with pytest.raises(EvaluationError, match="cannot name an evaluation"):
        check_name(name)


def test_a_seal_stays_when_figures_are_written_into_the_card() -> None:
    card = make_checkpoint(Strategy(name="early")).card
    figures = {"measure": "accuracy", "condition": "ID", "mask_source": "given", "value": 1, "low": 0, "high": 1}
    metric = Metric.model_validate(figures | {"n": 1, "interval": "wilson", "command": ""})
    assert seal_of(card.model_copy(update={"metrics": (metric,)})) == seal_of(card)
    assert seal_of(card.model_copy(update={"seed": 9})) != seal_of(card)
