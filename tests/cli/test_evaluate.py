"""The command evaluate: conditions, dials and workers; and its command makes an evaluation again."""

from __future__ import annotations

import shlex

from bgbias_core.conditions import CONDITIONS
from bgbias_core.evaluation import load_evaluation
from tests.cli.calling import refused, run, run_json

ARGUMENTS = ("evaluate", "--checkpoint", "aviary-convnext-late", "--n", 3, "--n-predicted", 1)


def test_all_conditions_and_dials_in_one_evaluation_and_again_by_its_own_command(tmp_path) -> None:
    told = run_json(*ARGUMENTS, "--condition", "all", "--dial", "object-size", "--dial", "mask-quality", "--workers", 2)
    table = load_evaluation(told["evaluation"]["name"]).table
    titles = {spec.title for name, spec in CONDITIONS.items() if name not in {"original", "foreign"}}
    assert set(table["condition"]) == {"ID", "OOD", "all places", *titles}
    assert set(table["dial"]) == {"", "grow", "shrink", "shift", "holes", "object size"}
    words = shlex.split(told["evaluation"]["command"])
    assert [word for word, before in zip(words[1:], words, strict=False) if before == "--dial"] == [
        "mask-quality", "object-size",
    ]  # fmt: skip
    again = run_json(*words[3:], "--out", tmp_path / "again.parquet")
    assert again["summary"] == told["summary"]


def test_birds_are_put_on_scenes(tmp_path) -> None:
    run_json("aviary", "render", "--out", tmp_path / "scenes", "--n", 2, "--size", 64)
    told = run_json(*ARGUMENTS, "--scenes", tmp_path / "scenes", "--condition", "foreign", "--draws", 1)
    table = load_evaluation(told["evaluation"]["name"]).table
    assert set(table["condition"]) == {"ID", "OOD", "all places", "foreign scene"}
    assert told["evaluation"]["data"]["scenes"] == str(tmp_path / "scenes")


def test_what_cannot_be_asked_is_refused_in_a_sentence(tmp_path) -> None:
    assert "give a folder of scenes" in refused(run(*ARGUMENTS, "--condition", "foreign"))
    assert "There is no folder" in refused(run(*ARGUMENTS, "--scenes", tmp_path / "none"))
    assert run(*ARGUMENTS, "--condition", "mixed").exit_code == 2
    assert run(*ARGUMENTS, "--dial", "size").exit_code == 2
    assert run(*ARGUMENTS, "--workers", 0).exit_code == 2
