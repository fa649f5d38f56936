"""The form of another evaluation: conditions and dials that are ticked are explained, and asked of the command."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from bgbias_core import jobs
from bgbias_core.conditions import CONDITIONS
from bgbias_core.data import DATA_SETS
from bgbias_core.errors import ConfigError
from pages.components.evaluation_form import Asked
from tests.pages import opening
from tests.pages.conftest import MakeCheckpoint
from tests.pages.opening import checked, widget


@pytest.fixture(autouse=True)
def nothing_shipped(home: Path, make_checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    make_checkpoint("aviary-convnext-early")
    monkeypatch.setattr("bgbias_core.evaluation.results.SHIPPED_EVALUATIONS", home / "none")


def test_what_is_ticked_is_explained_and_asked_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bgbias_core.jobs.queue._wake", lambda _device: None)
    app = opening.open_page("compare_strategies", view="Whole data set")
    offered = widget(app, "button_group", "new_conditions").options
    assert list(offered) == [spec.title for name, spec in CONDITIONS.items() if name not in {"original", "foreign"}]
    checked(widget(app, "button_group", "new_conditions").set_value(["only_fg", "noise_bg"]).run())
    checked(widget(app, "button_group", "new_dials").set_value(["mask-quality"]).run())
    explained = " ".join(caption.value for caption in app.caption)
    assert CONDITIONS["only_fg"].description in explained
    assert CONDITIONS["noise_bg"].description in explained
    assert "lie beside the object" in explained
    checked(widget(app, "button", "compute").click().run())
    [job] = jobs.list_jobs()
    told = " ".join(job.command)
    assert "--condition only_fg --condition noise_bg --dial mask-quality" in told


def test_sizes_of_the_object_need_scenes_on_photographs_and_none_on_aviary(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.jpg").write_bytes(b"")
    options = {"root": str(tmp_path), "scenes": "", "dial": ("object-size",)}
    with pytest.raises(ConfigError, match="give a folder of scenes"):
        Asked(DATA_SETS["folder"], ("one",), options).check()
    Asked(DATA_SETS["folder"], ("one",), options | {"dial": ("mask-quality",)}).check()
    Asked(DATA_SETS["aviary"], ("one",), {"dial": ("object-size",)}).check()
