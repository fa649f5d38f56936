"""Example pictures: the same few samples under every condition, and what each checkpoint called them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from bgbias_core.conditions import CONDITIONS
from bgbias_core.errors import BgBiasError
from bgbias_core.evaluation import Evaluation
from bgbias_core.evaluation.cases import Cases
from bgbias_core.images import Image, encode_jpeg, resize

SAMPLES = 4
SIDE = 192
"""Side in pixels at which Aviary is drawn, and the longest side that photographs are brought to."""
_FIRST = ("ID", "OOD", "all places")


@dataclass(frozen=True)
class Answer:
    """What one checkpoint with one mask called a picture.

    Attributes:
        checkpoint: Its name.
        title: As people read it.
        strategy: ``unmasked``, ``early`` or ``late``.
        mask_source: What it looked at.
        predicted: The name it gave; empty where it found no object.
        probability: Of that name; ``None`` where it found no object.
        right: Whether that is the class; ``None`` where it cannot name it.
    """

    checkpoint: str
    title: str
    strategy: str
    mask_source: str
    predicted: str
    probability: float | None
    right: bool | None


@dataclass(frozen=True, eq=False)
class Example:
    """One sample under one condition.

    Attributes:
        row: The row of the evaluation from which it was made.
        sample: Name of the sample.
        label: Its class, where known.
        condition: How it was presented.
        place: Where, if known.
        scene: Name of the scene or of who lent the background; empty where there is none.
        lifted_by: Which mask cut the object out; empty where nothing was cut.
        answers: One for each checkpoint and mask.
        picture: JPEG bytes; ``None`` where it cannot be made again.
        problem: Why it cannot.
    """

    row: int
    sample: str
    label: str
    condition: str
    place: str
    scene: str
    lifted_by: str
    answers: tuple[Answer, ...]
    picture: bytes | None = None
    problem: str = ""


def examples(evaluation: Evaluation, *, tick: Callable[[], None] = lambda: None) -> list[Example]:
    """Make some pictures of an evaluation again, each sample under every condition.

    The samples are the first ones of as many classes, so that nobody's answers choose them.

    Args:
        evaluation: Which.
        tick: Called after each sample.

    Returns:
        By sample, then by condition; those whose data is gone come without a picture and with the reason.
    """
    table = evaluation.table
    ordinary = table[table["dial"] == ""]
    cases = Cases(evaluation)
    made = []
    for sample in _samples(ordinary):
        own = ordinary[ordinary["sample"] == sample]
        made += [_example(cases, own, condition) for condition in _in_order(own["condition"])]
        tick()
    return made


def _samples(rows: pd.DataFrame) -> list[str]:
    """The first sample of each of the first classes; only those that were shown under most conditions."""
    shown = rows.groupby("sample", observed=True, sort=False)["condition"].nunique()
    full = rows[rows["sample"].isin(shown.index[shown == shown.max()])].drop_duplicates("sample")
    firsts = full.drop_duplicates("label")["sample"]
    others = full["sample"][~full["sample"].isin(firsts)]
    return list(islice((str(name) for name in pd.concat([firsts, others])), SAMPLES))


def _in_order(conditions: pd.Series) -> list[str]:
    known = [*_FIRST, *(spec.title for spec in CONDITIONS.values())]
    found = [str(condition) for condition in conditions.unique()]
    return sorted(found, key=lambda one: known.index(one) if one in known else len(known))


def _example(cases: Cases, own: pd.DataFrame, condition: str) -> Example:
    rows = own[own["condition"] == condition].sort_values("lifted_by", kind="stable")
    number = int(rows.index[0])
    row = cases.row(number)
    same = (
        rows["place"].astype("object").fillna("").eq(row.place or "")
        & rows["scene"].eq(row.scene)
        & rows["lifted_by"].eq(row.lifted_by)
    )
    picture, problem = _picture(cases, number)
    return Example(
        row=number,
        sample=row.sample,
        label=row.label or "",
        condition=condition,
        place=row.place or "",
        scene=row.scene,
        lifted_by=row.lifted_by,
        answers=tuple(_answer(cases, int(one)) for one in rows.index[same]),
        picture=picture,
        problem=problem,
    )


def _answer(cases: Cases, number: int) -> Answer:
    row = cases.row(number)
    about = cases.evaluation.header.checkpoint(row.checkpoint)
    certain = row.probability if row.predicted else None
    return Answer(about.name, about.title, about.strategy, row.mask_source, row.predicted, certain, row.right)


def _picture(cases: Cases, number: int) -> tuple[bytes | None, str]:
    try:
        return encode_jpeg(_small(cases.picture(number, size=SIDE)), quality=85), ""
    except BgBiasError as error:
        return None, str(error)


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    if scale >= 1:
        return image
    return resize(image, (max(1, round(height * scale)), max(1, round(width * scale))), "squash")
