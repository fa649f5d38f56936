"""The small evaluation with known answers, and in it a dial that was turned."""

from __future__ import annotations

import pandas as pd

from bgbias_core.evaluation import COLUMNS, Evaluation
from bgbias_core.evaluation.table import make_table
from bgbias_core.paths import own_evaluations
from tests.pages.made_up_evaluations import BIRDS, NAMES, save_evaluation


def save_turned(name: str) -> None:
    """Save one: unmasked is right OOD on the first species; early on half of the birds, then on none, as masks grow."""
    evaluation = save_evaluation(name)
    table = evaluation.table.astype("object")
    table.loc[
        (table["mask_source"] == "none") & (table["condition"] == "OOD") & (table["label"] == NAMES[0]), "right"
    ] = True
    given = table[(table["mask_source"] == "given") & (table["condition"] == "OOD")]
    turned = [
        given.assign(dial="grow", level=level, right=[bird < right for bird in range(BIRDS)])
        for level, right in ((0.1, BIRDS // 2), (0.4, 0))
    ]
    columns = pd.concat([table, *turned])
    made = make_table({column: columns[column].tolist() for column in COLUMNS})
    Evaluation(evaluation.header, made).save(own_evaluations() / f"{name}.parquet")
