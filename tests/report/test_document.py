"""A report as people and machines get it: known numbers in both files, everything escaped, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from html import unescape

import pytest

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import summarise, wilson
from bgbias_core.evaluation.headers import usual_name
from bgbias_core.evaluation.matrices import condition_matrix
from bgbias_core.plots.cells import percent
from bgbias_core.report import gather, page_html, report_texts, write_report
from bgbias_core.report.origin import origin_of
from tests.evaluation.tables import make_header
from tests.report.made import BIRDS, aviary, folders, photographs
from tests.report.reading import read

NASTY = "\"><script>alert('x')</script><img src=http://example.org/x.png onerror=alert(1)>&amp;"
FIGURE = re.compile(r"^−?\d+\.\d+(%| points)?")


@pytest.fixture(scope="module")
def texts() -> tuple[str, str]:
    return report_texts(aviary())


@pytest.fixture(scope="module")
def numbers(texts):
    return json.loads(texts[1])


def test_known_answers_stand_in_both_files(texts, numbers) -> None:
    page = unescape(texts[0])
    by_part = {(row["checkpoint"], row["mask_source"]): row["measures"] for row in numbers["measures"]}
    elsewhere = by_part["plain", "none"]["accuracy OOD"]
    interval = wilson(15, BIRDS)
    assert (elsewhere["value"], elsewhere["n"]) == (0.25, BIRDS)
    assert (elsewhere["low"], elsewhere["high"]) == pytest.approx((interval.low, interval.high))
    assert by_part["masked", "predicted"]["accuracy OOD"]["value"] == pytest.approx(54 / BIRDS)
    ends = f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
    assert f"<strong>25.0%</strong> ({ends}), n = {BIRDS}" in page
    assert f"<strong>25.0%</strong><small>{ends}, n = {BIRDS}</small>" in page, "in the matrix too"
    assert "it loses 75.0 points" in page
    assert "is right 65.0 points more often than Plain" in numbers["finding"]["paragraph"]


def test_the_twin_holds_what_the_library_computes(numbers) -> None:
    evaluation = aviary()
    assert numbers["schema_version"] == 1
    assert numbers["evaluation"] == evaluation.header.model_dump(mode="json")
    for told, row in zip(numbers["measures"], summarise(evaluation), strict=True):
        assert {name: one["value"] for name, one in told["measures"].items()} == {
            name: one.value for name, one in row.measures.items()
        }
        assert told["absent"] == dict(row.absent)
    for told, row in zip(numbers["matrix"], condition_matrix(evaluation), strict=True):
        assert {name: (one["value"], one["n"]) for name, one in told["cells"].items()} == {
            name: (one.value, one.n) for name, one in row.cells.items()
        }
    assert {one["name"] for one in numbers["glossary"]["measures"]} >= set(numbers["measures"][0]["measures"])
    assert all(one["definition"] and one["reference"] for one in numbers["glossary"]["measures"])
    assert {one["name"] for one in numbers["conditions"]} == {"ID", "OOD"}


def test_every_number_of_the_page_has_an_n_and_stands_in_the_twin(texts, numbers) -> None:
    shown = [cell for cell in read(texts[0]).cells if FIGURE.match(cell)]
    assert len(shown) > 20
    assert all("n = " in cell for cell in shown)
    values: list[float] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for one in value.values():
                collect(one)
        elif isinstance(value, list):
            for one in value:
                collect(one)
        elif isinstance(value, (int, float)):
            values.append(value)

    collect(numbers)
    known = {percent(value).removesuffix("%") for value in values} | {
        f"{value:.2f}".replace("-", "−") for value in values
    }
    told = [re.match(r"−?\d+\.\d+", cell).group() for cell in shown]
    assert [number for number in told if number not in known] == []


def test_mask_sources_definitions_and_commands_are_told(texts) -> None:
    page = unescape(texts[0])
    for text in (
        "given mask", "predicted mask (", "no mask", "python -m bgbias_core evaluate", "MIT (rendered by this project)",
        "python -m bgbias_core report made", "f00d", "The bird where its species usually stands", "gone since",
    ):  # fmt: skip
        assert text in page, text


def test_the_second_command_finds_what_the_first_one_makes(numbers) -> None:
    origin = numbers["origin"]
    assert origin["evaluate_command"] == "python -m bgbias_core evaluate --name made"
    assert origin["report_command"] == "python -m bgbias_core report made"
    usual = usual_name("aviary", ["plain", "masked"], "python -m bgbias_core evaluate")
    assert origin_of(make_header(name=usual)).evaluate_command == "python -m bgbias_core evaluate"
    assert origin_of(make_header(name="aviary")).evaluate_command == "python -m bgbias_core evaluate", "it ships"


def test_pictures_are_embedded(texts, numbers) -> None:
    pictures = read(texts[0]).named("img")
    assert len(pictures) == len(numbers["examples"]) == 4 * 2
    for picture in pictures:
        head, _, content = picture.attributes["src"].partition(",")
        assert head == "data:image/jpeg;base64"
        assert base64.b64decode(content)[:2] == b"\xff\xd8"
        assert picture.attributes["alt"]
    one = numbers["examples"][0]
    assert {answer["mask_source"] for answer in one["answers"]} == {"none", "given", "predicted"}


def assert_loads_nothing(text: str) -> None:
    page = read(text)
    for element in page.elements:
        assert element.name not in {"link", "iframe", "object", "embed", "base", "form", "video", "audio"}
        for name, value in element.attributes.items():
            assert not name.startswith("on"), f"{element.name} {name}"
            if name in {"src", "srcset", "href", "action", "poster", "data", "background"}:
                assert value.startswith(("data:image/", "#")), f"{element.name} {name}={value[:80]}"
            if name == "style":
                assert "url(" not in value
    for style in page.named("style"):
        assert not re.search(r"url\(|@import|https?:", style.text)


def test_nothing_is_loaded_and_only_the_own_scripts_may_run(texts) -> None:
    assert_loads_nothing(texts[0])
    page = read(texts[0])
    scripts = [one for one in page.named("script") if "type" not in one.attributes]
    assert len(scripts) == 2
    [policy] = [one.attributes["content"] for one in page.named("meta") if "http-equiv" in one.attributes]
    assert policy.startswith("default-src 'none'")
    assert "script-src 'unsafe" not in policy
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()}'" in policy
    assert texts[0].count("plotly.js v") == 1, "plotly.js stands in the page once"
    names = [one.attributes["data-figure"] for one in page.elements if "data-figure" in one.attributes]
    data = {one.attributes["id"]: json.loads(one.text) for one in page.named("script") if "type" in one.attributes}
    assert sorted(names) == sorted(data)
    assert len(names) >= 3
    assert all(figure["data"] for figure in data.values())


def test_everything_is_escaped() -> None:
    plain = aviary()
    header = plain.header.model_dump(mode="json")
    for one in header["checkpoints"]:
        one |= {"title": f"{one['title']}{NASTY}", "backbone": NASTY, "seal": NASTY, "trained_on": NASTY}
    header |= {"title": NASTY, "masker": NASTY, "command": NASTY, "versions": {NASTY: NASTY}}
    header["data"] |= {"title": NASTY, "fingerprint": NASTY}
    nasty = type(plain)(type(plain.header).model_validate(header), plain.table.copy())
    renames = {name: f"{name}{NASTY}" for name in ("ibis", "jay")}
    for column in ("label", "predicted", "original_predicted"):
        nasty.table[column] = nasty.table[column].cat.rename_categories(renames)
    nasty.table["place_group"] = nasty.table["place_group"].cat.rename_categories({"water": NASTY})
    page = page_html(gather(nasty))
    assert_loads_nothing(page)
    found = read(page)
    assert len(found.named("script")) == 2 + sum("data-figure" in one.attributes for one in found.elements)
    assert all(one.attributes["src"].startswith("data:image/jpeg") for one in found.named("img"))
    assert NASTY in found.named("h1")[0].text


def test_dials_are_told_point_by_point(texts, numbers) -> None:
    assert numbers["dials"] == []
    assert 'id="dials"' not in texts[0]
    page, told = report_texts(aviary(grown=0.1))
    [curve] = [one for one in json.loads(told)["dials"] if one["mask_source"] == "given"]
    assert (curve["dial"], curve["condition"]) == ("grow", "OOD")
    points = [(point["level"], point["value"], point["n"]) for point in curve["points"]]
    assert points == [(0, pytest.approx(54 / BIRDS), BIRDS), (pytest.approx(0.1), 0.5, BIRDS)]
    assert "A level of 0.05 is 0.05 of the object&#x27;s equivalent diameter" in page
    assert "<strong>50.0%</strong>" in page


def test_the_data_set_is_gone(tmp_path, monkeypatch) -> None:
    folder = folders(tmp_path, monkeypatch)
    evaluation = photographs(folder)
    there = json.loads(report_texts(evaluation)[1])
    assert not any(one["problem"] for one in there["examples"])
    assert {one["condition"] for one in there["examples"]} == {"original", "foreign scene"}
    shutil.rmtree(folder / "images")
    page, numbers = report_texts(evaluation)
    gone = json.loads(numbers)
    assert all(one["problem"] for one in gone["examples"])
    assert gone["measures"] == there["measures"]
    assert not read(page).named("img")
    assert "Not every picture can be made again" in page
    assert_loads_nothing(page)


def test_classes_of_other_data_are_neither_right_nor_wrong(tmp_path, monkeypatch) -> None:
    page, numbers = report_texts(photographs(folders(tmp_path, monkeypatch)))
    assert "right more often" not in json.loads(numbers)["finding"]["paragraph"]
    assert "classes are those of aviary, not the data's" in unescape(page)


def test_both_files_are_written_and_the_same_bytes_again(tmp_path, texts) -> None:
    seen: list[tuple[int, int]] = []
    path = write_report(aviary(), tmp_path / "new" / "made.html", progress=lambda *steps: seen.append(steps))
    assert sorted(one.name for one in path.parent.iterdir()) == ["made.html", "made.json"]
    assert (path.read_text(encoding="utf-8"), path.with_suffix(".json").read_text(encoding="utf-8")) == texts
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_another_ending_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"\.html"):
        write_report(aviary(), tmp_path / "made.json")
    assert not list(tmp_path.iterdir())
