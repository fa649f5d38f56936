"""Which cases of an evaluation to look at, how many there are, and which places attract which names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bgbias_core.evaluation.intervals import Interval, cluster_bootstrap, wilson
from bgbias_core.evaluation.parts import Part, by_sample, probability_lost, shapley_share

Outcome = Literal["right", "flipped"]
Order = Literal["lost", "confidence", "share", "data"]

SMALLEST_PLACE = 20
"""Pictures of a place below which nothing is said about what it attracts."""


@dataclass(frozen=True)
class Filters:
    """Which rows are wanted; every filter that is set must hold.

    Attributes:
        right: Named right or not; ``None`` for both.
        flipped: Whether the name differs from the reference's; ``None`` for both and for where that is not known.
        labels: Classes; empty for all.
        places: Places; empty for all.
        groups: Place groups; empty for all.
    """

    right: bool | None = None
    flipped: bool | None = None
    labels: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """How many pictures an outcome holds for.

    Attributes:
        count: How many.
        pictures: Of how many it is known.
        samples: How many samples these show.
        share: ``count / pictures``.
        interval: 95%: Wilson's where every sample is shown once, else a bootstrap over samples.
    """

    count: int
    pictures: int
    samples: int
    share: float
    interval: Interval


def select(rows: pd.DataFrame, filters: Filters, rival: Part | None = None) -> pd.DataFrame:
    """The rows that filters let through, in their order.

    Args:
        rows: Rows of one part of an evaluation.
        filters: Which.
        rival: Where given, only pictures that this other part names otherwise, an answer against none included.
    """
    keep = np.ones(len(rows), dtype=bool)
    for column, wanted in (("right", filters.right), ("flipped", filters.flipped)):
        if wanted is not None:
            keep &= (rows[column] == wanted).fillna(value=False).to_numpy(dtype=bool)
    for column, names in (("label", filters.labels), ("place", filters.places), ("place_group", filters.groups)):
        if names:
            keep &= rows[column].isin(names).to_numpy()
    if rival is not None:
        keep &= _disagree(rows, rival)
    return rows[keep]


def _disagree(rows: pd.DataFrame, rival: Part) -> NDArray[np.bool_]:
    """Whether the rival looked at the same picture and named it otherwise."""
    own, other = _pictures(rows), _pictures(rival.table)
    answers = pd.Series(rival.table["predicted"].cat.codes.to_numpy(), index=other)
    theirs = answers.reindex(own)
    named: NDArray[np.bool_] = theirs.notna().to_numpy() & (theirs.to_numpy() != rows["predicted"].cat.codes.to_numpy())
    return named


def _pictures(rows: pd.DataFrame) -> NDArray[np.int64]:
    """A number for each row that is the same for the same picture, in any part of one table."""
    key = np.zeros(len(rows), dtype=np.int64)
    for column in ("sample", "condition", "place", "scene"):
        # All parts of a table share its categories, so their codes agree.
        key = key * (len(rows[column].cat.categories) + 1) + rows[column].cat.codes.to_numpy() + 1
    return key


def in_order(rows: pd.DataFrame, order: Order) -> pd.DataFrame:
    """Sort rows; those without a value come last, and equal ones keep the order of the data.

    Args:
        rows: Any rows.
        order: ``lost``: the most probability lost first; ``confidence``: wrong answers first, and of them the surest;
            ``share``: the largest Shapley background share first; ``data``: as they are.
    """
    if order == "data":
        return rows
    if order == "lost":
        values = probability_lost(rows)
    elif order == "share":
        values = shapley_share(rows)
    else:
        right = rows["right"].fillna(value=False).to_numpy(dtype=bool)
        values = rows["probability"].astype(np.float64) - right
    return rows.iloc[np.argsort(-values.to_numpy(), kind="stable")]


def without_share(rows: pd.DataFrame) -> int:
    """How many rows have no Shapley background share."""
    return int(shapley_share(rows).isna().sum())


def tally(rows: pd.DataFrame, outcome: Outcome, *, value: bool) -> Tally | None:
    """How often an outcome has a value, where it is known.

    Returns:
        ``None`` where it is known of no row.
    """
    known = rows[rows[outcome].notna()]
    if known.empty:
        return None
    holds = (known[outcome] == value).to_numpy(dtype=bool)
    count, samples = int(holds.sum()), known["sample"].nunique()
    if samples == len(known):
        interval = wilson(count, samples)
    else:
        index = pd.MultiIndex.from_arrays([known["sample"].cat.codes])
        interval = cluster_bootstrap(by_sample(pd.Series(holds.astype(np.float64), index=index)))
    return Tally(count, len(known), samples, count / len(known), interval)


@dataclass(frozen=True, eq=False)
class Attraction:
    """Which names the pictures of each place are wrongly given.

    Attributes:
        places: The places.
        pictures: How many pictures there are of each.
        names: The names, those that most pictures were given first.
        counts: int64 ``[places, names]``: how many pictures of the place were wrongly given the name.
        others: int64 ``[places]``: how many were wrongly given a name that is not among ``names``.
    """

    places: tuple[str, ...]
    pictures: tuple[int, ...]
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    others: NDArray[np.int64]

    def strongest(self) -> tuple[str, str, Tally] | None:
        """The place and name with the largest share among places with at least ``SMALLEST_PLACE`` pictures.

        Every picture of a place shows another sample, so Wilson's interval holds; it does not know that the largest of
        many was chosen, which a reader must be told.
        """
        pictures = np.array(self.pictures, dtype=np.float64)
        shares = np.where(pictures[:, None] >= SMALLEST_PLACE, self.counts / pictures[:, None], 0.0)
        if shares.size == 0 or shares.max() == 0:
            return None
        place, name = np.unravel_index(int(shares.argmax()), shares.shape)
        count, n = int(self.counts[place, name]), self.pictures[place]
        return self.places[place], self.names[name], Tally(count, n, n, count / n, wilson(count, n))


def attraction(rows: pd.DataFrame, outcome: Outcome, *, most: int = 12, places: Sequence[str] = ()) -> Attraction:
    """Count for every place which names its pictures are wrongly given.

    Args:
        rows: Rows of one part and one condition, which show each sample at most once in a place.
        outcome: What counts as wrong: ``right`` = named wrong; ``flipped`` = named otherwise than the reference, for
            checkpoints that cannot be right because their classes are others.
        most: How many names get a column of their own.
        places: Places in the order wanted; others follow by name.
    """
    known = rows[rows["place"].notna()]
    wrong = known[(known[outcome] == (outcome == "flipped")).fillna(value=False) & known["predicted"].notna()]
    table = pd.crosstab(wrong["place"].astype("object"), wrong["predicted"].astype("object"))
    per_place = known["place"].astype("object").value_counts()
    listed = [*(place for place in places if place in per_place), *sorted(set(per_place.index) - set(places))]
    names = sorted(table.columns, key=lambda name: (-int(table[name].sum()), name))
    whole = table.reindex(index=listed, columns=names, fill_value=0).to_numpy(dtype=np.int64)
    return Attraction(
        places=tuple(listed),
        pictures=tuple(int(per_place[place]) for place in listed),
        names=tuple(names[:most]),
        counts=whole[:, :most],
        others=whole[:, most:].sum(axis=1),
    )
