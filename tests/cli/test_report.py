"""The command report: two files and one JSON document, or one sentence."""

from __future__ import annotations

import json

import pytest

from bgbias_core.paths import own_evaluations
from bgbias_core.report import report_texts
from tests.cli.calling import refused, run, run_json
from tests.report.made import aviary


@pytest.fixture
def made(home) -> str:
    aviary().save(own_evaluations() / "made.parquet")
    return "made"


def test_report_writes_both_files(made, tmp_path) -> None:
    path = tmp_path / "new" / "page.html"
    told = run_json("report", made, "--out", path)
    page, numbers = report_texts(aviary())
    assert path.read_text(encoding="utf-8") == page
    assert path.with_suffix(".json").read_text(encoding="utf-8") == numbers
    assert told == json.loads(numbers) | {"file": str(path), "numbers": str(path.with_suffix(".json"))}


def test_without_a_place_it_lies_here_under_the_evaluations_name(made, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("report", made)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made-report.html", "made-report.json"]
    assert result.stdout == "made-report.html: the report\nmade-report.json: its numbers\n"


def test_what_can_be_mended_is_one_sentence(made, tmp_path) -> None:
    assert "made" in refused(run("report", "maid", "--json"))
    assert ".html" in refused(run("report", made, "--out", tmp_path / "page.pdf"))
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(run("report", made, "--out", tmp_path / "file" / "page.html"))
    (own_evaluations() / "broken.parquet").write_bytes(b"PAR1")
    assert "damaged" in refused(run("report", "broken"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
