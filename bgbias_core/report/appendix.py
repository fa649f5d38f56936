"""The last sections of a report's page: example pictures, the glossary, and how it was made."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bgbias_core.masks import masker_title
from bgbias_core.report.content import Report
from bgbias_core.report.glossary import TERMS
from bgbias_core.report.markup import Html, join, tag
from bgbias_core.report.origin import Maker
from bgbias_core.report.pictures import SIDE, Answer, Example
from bgbias_core.report.tables import wide_table
from bgbias_core.report.words import scale_words
from bgbias_core.spelling import spell_class

_LOOKED = {"none": "", "given": ", given mask", "predicted": ", predicted mask"}


def show_examples(report: Report) -> Iterator[Html]:
    """The same samples under every condition."""
    drawn = f" Birds are drawn at {SIDE} pixels here." if report.header.data.kind == "aviary" else ""
    yield tag(
        "p",
        "The first samples of as many classes, chosen without looking at any answer. Below each picture: how many of "
        f"the checkpoints name it right, and what the others say instead.{drawn}",
    )
    samples: dict[str, list[Example]] = {}
    for one in report.examples:
        samples.setdefault(one.sample, []).append(one)
    for sample, shown in samples.items():
        title = spell_class(shown[0].label) if shown[0].label else sample
        problems = dict.fromkeys(one.problem for one in shown if one.problem)
        yield tag(
            "div",
            tag("h3", title, tag("small", f" · {sample}") if shown[0].label else None),
            *(tag("p", f"Not every picture can be made again: {problem}", class_="quiet") for problem in problems),
            tag("ul", *(_example(one, title) for one in shown), class_="pictures"),
            class_="sample",
        )


def _example(one: Example, title: str) -> Html:
    place = f", {_spaced(one.place)}" if one.place else ""
    lender = f"background of {one.scene}" if one.scene and not one.place else ""
    cut = "cut out with the predicted mask" if one.lifted_by == "predicted" else ""
    if one.picture is None:
        picture = tag("div", "no picture", class_="gone")
    else:
        url = f"data:image/jpeg;base64,{base64.b64encode(one.picture).decode()}"
        picture = tag("img", src=url, alt=f"{title}, {one.condition}{place}")
    by_strategy: dict[str, list[Answer]] = {}
    for answer in one.answers:
        by_strategy.setdefault(f"{answer.strategy}{_LOOKED[answer.mask_source]}", []).append(answer)
    notes = [tag("small", note) for note in (lender, cut) if note]
    said = (_said(who, answers) for who, answers in by_strategy.items())
    return tag("li", picture, tag("strong", f"{one.condition}{place}"), *notes, *said)


def _said(who: str, answers: Sequence[Answer]) -> Html:
    """What the checkpoints of one strategy call a picture."""
    known = all(answer.right is not None for answer in answers)
    right = sum(answer.right is True for answer in answers)
    others = Counter(
        spell_class(answer.predicted) if answer.predicted else "no object found"
        for answer in answers
        if not (known and answer.right)
    )
    names = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in others.items())
    if not known:
        return tag("span", f"{who}: {names}")
    share = f"{right} of {len(answers)} right" if len(answers) > 1 else "right" if right else "wrong"
    marked = tag("b", share, class_="all" if right == len(answers) else "some")
    return tag("span", f"{who}: ", marked, f"; {names}" if names else "")


def show_glossary(report: Report) -> Iterator[Html]:
    """Conditions, measures and words."""
    yield tag("h3", "Conditions")
    yield tag("dl", *_entries((one.name, one.description) for one in report.conditions))
    yield tag("h3", "Measures")
    measures = (
        (one.name, join([f"{one.definition} {scale_words(one.name, one)}", tag("small", f" Source: {one.reference}.")]))
        for one in report.glossary
    )
    yield tag("dl", *_entries(measures))
    yield tag("h3", "Words")
    yield tag("dl", *_entries(TERMS.items()))


def _entries(entries: Iterable[tuple[str, str]]) -> Iterator[Html]:
    for name, text in entries:
        yield tag("dt", name)
        yield tag("dd", text)


def show_origin(report: Report) -> Iterator[Html]:
    """Commands, data, checkpoints and versions."""
    origin = report.origin
    yield tag("p", "The numbers are computed again by the first command, and this report by the second:")
    yield tag("pre", f"{origin.evaluate_command}\n{origin.report_command}")
    facts = {
        "Data": f"{origin.data}; licence: {origin.licence}",
        "Fingerprint of the data": origin.fingerprint or "not known",
        "Seed of all draws": str(origin.seed),
        "Predicted masks": masker_title(origin.masker),
        "Computed": origin.created,
        "Computed with": _versions(origin.evaluated_with),
        "Reported with": _versions(origin.reported_with),
    }
    yield tag("dl", *_entries(facts.items()))
    lines = [_maker(one) for one in origin.checkpoints]
    heads = ("Checkpoint", "Strategy", "Backbone", "Trained on", "Seed of its training", "Seal (first 16 signs)")
    yield wide_table("Checkpoints", heads, lines)
    yield tag("p", "Whole seals, and every number of this page, stand in the file of numbers (JSON) beside it.")


def _maker(one: Maker) -> Html:
    depth = None if one.depth is None else tag("small", f"depth {one.depth}")
    correlation = None if one.correlation is None else tag("small", f"c = {one.correlation:g}")
    return tag(
        "tr",
        tag("th", one.title, tag("small", one.name), scope="row"),
        tag("td", one.strategy, depth),
        tag("td", one.backbone),
        tag("td", one.trained_on, correlation),
        tag("td", "–" if one.seed is None else str(one.seed)),
        tag("td", tag("code", one.seal[:16]) if one.seal else "–", tag("small", one.state) if one.state else None),
    )


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "not known"


def _spaced(place: str) -> str:
    return place.rsplit("/", 1)[-1].replace("_", " ")
