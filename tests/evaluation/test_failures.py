"""Filters, orders, counts and attractions against answers counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bgbias_core.evaluation import wilson
from bgbias_core.evaluation.failures import Filters, attraction, in_order, select, tally, without_share
from bgbias_core.evaluation.parts import parts
from tests.evaluation.tables import make_evaluation, make_row


def wrong(sample, condition="OOD", **changes):
    return make_row(sample, condition, **{"predicted": "jay", "right": False, "flipped": True, **changes})


ROWS = [
    make_row(0, "OOD", probability=0.9, kept_probability=0.9),
    wrong(1, place="snow", place_group="land", probability=0.6, kept_probability=0.1),
    wrong(
        2, label="jay", predicted="ibis", probability=0.8, kept_probability=0.5, phi_background=3.0, phi_foreground=-1.0
    ),
    wrong(3, predicted=None, found=False, probability=np.nan, flipped=None, kept_probability=np.nan),
    make_row(4, "OOD", right=None, flipped=None, predicted="wren", phi_background=0.01, phi_foreground=0.02),
]


def part(rows):
    return parts(make_evaluation(rows))[0]


def samples(rows) -> list[int]:
    return [int(sample.rsplit("-", 1)[1]) for sample in rows["sample"]]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), [0, 1, 2, 3, 4]),
        (Filters(right=False), [1, 2, 3]),
        (Filters(right=True), [0]),
        (Filters(flipped=True), [1, 2]),
        (Filters(flipped=False), [0]),
        (Filters(labels=("jay",)), [2]),
        (Filters(places=("snow",)), [1]),
        (Filters(groups=("water",)), [0, 2, 3, 4]),
        (Filters(right=False, groups=("water",), labels=("ibis",)), [3]),
        (Filters(labels=("wren",)), []),
    ],
)
def test_every_set_filter_must_hold(filters, kept) -> None:
    assert samples(select(part(ROWS).table, filters)) == kept


def test_another_model_that_names_the_same_picture_otherwise() -> None:
    rows = [*ROWS, *(dict(row, checkpoint="masked", mask_source="given", predicted="jay") for row in ROWS[:4])]
    own, rival = parts(make_evaluation(rows))
    assert samples(select(own.table, Filters(), rival)) == [0, 2, 3], (
        "4 was not shown to it; an answer differs from none"
    )
    assert samples(select(rival.table, Filters(), own)) == [0, 2, 3]


def test_the_same_bird_elsewhere_is_another_picture() -> None:
    rows = [make_row(0, "all places", place="snow"), make_row(0, "all places", place="lake")]
    other = [dict(rows[0], predicted="jay"), rows[1]]
    own, rival = parts(
        make_evaluation([*rows, *(dict(row, checkpoint="masked", mask_source="given") for row in other)])
    )
    assert list(select(own.table, Filters(), rival)["place"]) == ["snow"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("data", [0, 1, 2, 3, 4]),
        ("lost", [1, 2, 0, 4, 3]),
        ("confidence", [2, 1, 4, 0, 3]),
        ("share", [2, 0, 1, 3, 4]),
    ],
)
def test_orders_put_what_has_no_value_last(order, expected) -> None:
    rows = [dict(row) for row in ROWS]
    rows[4]["probability"], rows[4]["kept_probability"], rows[4]["right"] = 0.95, 0.95, True
    assert samples(in_order(part(rows).table, order)) == expected


def test_a_share_that_is_not_defined_counts_as_none() -> None:
    assert without_share(part(ROWS).table) == 4


def test_counts_leave_out_what_is_not_known() -> None:
    table = part(ROWS).table
    found = tally(table, "right", value=False)
    assert (found.count, found.pictures, found.samples, found.share) == (3, 4, 4, 0.75)
    assert found.interval == wilson(3, 4)
    assert tally(table[table["right"].isna()], "right", value=False) is None


def test_pictures_of_one_sample_are_not_independent() -> None:
    rows = [wrong(n, "all places", place=place, right=n % 2 == 0) for n in range(40) for place in ("a", "b", "c", "d")]
    found = tally(part(rows).table, "right", value=False)
    assert (found.count, found.pictures, found.samples) == (80, 160, 40)
    as_if = wilson(80, 160)
    assert found.interval.high - found.interval.low > 1.5 * (as_if.high - as_if.low)


def test_attraction_counts_wrong_names_by_place() -> None:
    rows = [wrong(n, place="snow", predicted="jay" if n < 9 else "wren") for n in range(10)]
    rows += [make_row(10 + n, "OOD", place="snow") for n in range(20)]
    rows += [wrong(40 + n, place="lake", predicted="tit") for n in range(5)]
    rows += [wrong(50, place=None), wrong(51, place="snow", predicted=None, found=False)]
    found = attraction(part(rows).table, "right", most=2, places=("sea", "snow"))
    assert (found.places, found.pictures, found.names) == (("snow", "lake"), (31, 5), ("jay", "tit"))
    assert found.counts.tolist() == [[9, 0], [0, 5]]
    assert found.others.tolist() == [1, 0]
    place, name, count = found.strongest()
    assert (place, name, count.count, count.samples) == ("snow", "jay", 9, 31), "5 of 5 are too few pictures"
    assert count.interval == wilson(9, 31)


def test_attraction_of_new_names_where_none_can_be_right() -> None:
    rows = [wrong(n, "foreign scene", right=None, flipped=n < 3, place="kitchen", lifted_by="given") for n in range(30)]
    found = attraction(part(rows).table, "flipped")
    assert found.counts.tolist() == [[3]]
    assert found.strongest()[2].share == 0.1


def test_nothing_wrong_attracts_nothing() -> None:
    found = attraction(part([make_row(0, "OOD")]).table, "right")
    assert (found.places, found.names, found.strongest()) == (("lake",), (), None)
    assert attraction(part([wrong(0, place=None)]).table, "right").places == ()
