"""Train: what the form makes of a choice, what is refused before anything starts, and what a run's folder shows."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.images import encode_png
from bgbias_core.training import HEAD_OPTIMISATION, TrainingConfig, WaterbirdsData
from pages.components.estimates import Measurement, measure, pending


def form() -> AppTest:
    def page() -> None:
        import streamlit as st

        from pages.components.training_form import choose_training

        config = choose_training()
        st.code("none" if config is None else config.model_dump_json(), language="json")

    return AppTest.from_function(page, default_timeout=60)


def chosen(app: AppTest) -> TrainingConfig:
    return TrainingConfig.model_validate_json(app.code[0].value)


def test_untouched_it_trains_a_small_early_masked_network_on_aviary(home: Path) -> None:
    config = chosen(form().run())
    assert (config.data.name, config.model.backbone, config.model.strategy.name) == (
        "aviary", "aviary-convnext", "early",
    )  # fmt: skip
    assert (config.model.weights, config.model.frozen, config.model.size) == ("random", False, 64)


def test_late_offers_each_stage_with_its_grid(home: Path) -> None:
    app = form().run()
    app.button_group(key="train_strategy").set_value("late").run()
    depths = app.selectbox(key="train_depth_aviary-convnext")
    assert depths.options[-1] == "4 of 4: 4×4 cells"
    depths.set_value(2).run()
    config = chosen(app)
    assert (config.model.strategy.name, config.model.strategy.depth, config.model.region) == ("late", 2, "foreground")


def test_what_means_nothing_is_refused_in_words(home: Path) -> None:
    app = form().run()
    app.selectbox(key="train_backbone_True").set_value("dinov2-vit-small").run()
    app.button_group(key="train_strategy").set_value("late").run()
    app.selectbox(key="train_pooling").set_value("cls").run()
    assert "exactly unmasked" in app.error[0].value
    assert app.code[0].value == "none"


def test_a_name_that_no_file_can_have_is_refused(home: Path) -> None:
    app = form().run()
    app.text_input[0].set_value("../up").run()
    assert "cannot be a checkpoint's name" in app.error[0].value


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for label in ("gull", "tern"):
        (tmp_path / label).mkdir()
        for number in range(10):
            picture = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            (tmp_path / label / f"{number}.png").write_bytes(encode_png(picture))
    return tmp_path


def test_an_own_folder_is_summed_up_and_trained_on_with_its_backbone_frozen(home: Path, two_classes: Path) -> None:
    app = form().run()
    app.button_group(key="train_on").set_value("Own photographs").run()
    assert "one folder of photographs for each class" in app.info[0].value
    app.text_input(key="train_folder").set_value(str(two_classes)).run()
    assert any("2 classes; 10 photographs to train on" in caption.value for caption in app.caption)
    config = chosen(app)
    assert (config.data.name, config.model.backbone, config.model.frozen) == ("folder", "efficientnet-lite0", True)


def test_waterbirds_are_trained_on_as_waterbirds(home: Path, tmp_path: Path) -> None:
    lines = ["img_id,img_filename,y,split,place,place_filename"]
    for number in range(12):
        split, label = (0, 0, 0, 0, 1, 2)[number % 6], number // 6
        picture = np.full((24, 32, 3), 20 * number, np.uint8)
        (tmp_path / f"{number}.png").write_bytes(encode_png(picture))
        lines.append(f"{number},{number}.png,{label},{split},{label},/o/ocean/1.jpg")
    (tmp_path / "metadata.csv").write_text("\n".join(lines) + "\n")
    app = form().run()
    app.button_group(key="train_on").set_value("Own photographs").run()
    app.text_input(key="train_folder").set_value(str(tmp_path)).run()
    assert not app.error, app.error[0].value
    config = chosen(app)
    assert config.data == WaterbirdsData(root=str(tmp_path))


def test_a_head_is_trained_as_heads_are_trained(home: Path, two_classes: Path) -> None:
    app = form().run()
    app.button_group(key="train_on").set_value("Own photographs").run()
    app.text_input(key="train_folder").set_value(str(two_classes)).run()
    config = chosen(app)
    assert config.optimisation == HEAD_OPTIMISATION
    assert config.model.size == 256


def test_a_backbone_that_is_not_here_says_how_it_comes(
    home: Path, two_classes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(home / "nothing fetched"))
    app = form().run()
    app.button_group(key="train_on").set_value("Own photographs").run()
    app.text_input(key="train_folder").set_value(str(two_classes)).run()
    app.selectbox(key="train_backbone_False").set_value("focus-vit-small").run()
    assert any("one 90 MB download" in info.value and "backbones fetch" in info.value for info in app.info)
    assert app.code[0].value == "none"


def test_a_folder_that_is_not_there_is_a_sentence(home: Path, tmp_path: Path) -> None:
    app = form().run()
    app.button_group(key="train_on").set_value("Own photographs").run()
    app.text_input(key="train_folder").set_value(str(tmp_path / "gone")).run()
    assert "gone" in app.error[0].value
    assert app.code[0].value == "none"


def test_one_measurement_at_a_time_and_its_refusal_is_the_commands_own(home: Path, monkeypatch) -> None:
    monkeypatch.setattr("streamlit.session_state", {})
    first = measure("gap", ["--config", "{config}"], "{}")
    assert isinstance(first, Measurement)
    assert measure("own", ["--config", "{config}"], "{}") is None
    assert pending(None)
    deadline = time.monotonic() + 60
    while first.running and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not pending(first)
    assert "config.json is not valid" in first.refusal
    second = measure("own", ["--config", "{config}"], "{}")
    assert second is not None
    second.process.kill()
    second.process.wait()


def test_curves_come_from_the_runs_own_record(home: Path) -> None:
    from bgbias_core import jobs
    from pages.components.training_watch import _read_runs

    job = jobs.start("Train nothing", ["jobs", "list"], about={"kind": "train", "checkpoint": "x"})
    run = job.folder / "run"
    run.mkdir()
    config = {
        "name": "x", "title": "X",
        "model": {"backbone": "aviary-convnext", "weights": "random", "strategy": {"name": "early"}},
        "optimisation": {"epochs": 4},
    }  # fmt: skip
    (run / "config.json").write_text(json.dumps(config))
    epoch = {"epoch": 1, "loss": 2.0, "accuracy": 0.4, "scores": {"ID": 0.5, "OOD": 0.3}, "seconds": 1.0}
    (run / "history.json").write_text(json.dumps([epoch]))
    live = {"epoch": 2, "epochs": 4, "step": 5, "total": 10, "loss": 1.0, "accuracy": 0.6, "curve": [[5, 1.0, 0.6]]}
    (run / "live.json").write_text(json.dumps(live))
    [curve], epochs = _read_runs(job)
    assert epochs == 4
    assert curve.loss == [(0.5, 2.0), (1.5, 1.0)]
    assert curve.accuracy == {"training": [(0.5, 0.4), (1.5, 0.6)], "ID": [(1.0, 0.5)], "OOD": [(1.0, 0.3)]}
    (run / "history.json").unlink()
    (run / "live.json").unlink()
    [unborn], _ = _read_runs(job)
    assert (unborn.loss, unborn.accuracy) == ([], {})
