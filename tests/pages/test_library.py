"""Library: what it says of what is here and what is not, the commands behind its buttons, and what it deletes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bgbias_core import jobs
from bgbias_core.data.archives import PUBLISHED
from bgbias_core.data.fetched import PROVENANCE
from bgbias_core.errors import ConfigError
from bgbias_core.images import encode_png
from bgbias_core.jobs.files import LOG, STATUS, device_lock, write_json
from bgbias_core.models import BACKBONES, DIALS, Metric
from bgbias_core.paths import cache_folder, data_folder, own_checkpoints, own_segmenters
from pages.components.library_files import Deletion, delete, measured, spell_size
from pages.components.library_models import metrics_html
from tests.pages.opening import checked, open_page, sentences


@pytest.fixture(autouse=True)
def nobody_runs(home: Path) -> Iterator[None]:
    """Hold the queue's lock: what the page asks for waits; and start with nothing remembered."""
    st.cache_data.clear()
    with device_lock("cpu").acquire():
        yield


def library(section: str) -> AppTest:
    return open_page("library", section=section)


def said(app: AppTest) -> str:
    """Everything written on the page, without Markdown's backslashes."""
    return sentences(app).replace("\\", "")


def codes(app: AppTest) -> list[str]:
    return [block.value for block in app.code]


def commands() -> list[list[str]]:
    return [list(job.command) for job in jobs.list_jobs()]


@pytest.mark.parametrize("section", ["Data sets", "Scenes"])
def test_each_published_set_states_size_and_licence_before_its_download(section: str) -> None:
    app = library(section)
    shown = [known for known in PUBLISHED.values() if known.name.startswith("places-") == (section == "Scenes")]
    assert shown
    for known in shown:
        assert f"**Licence of use:** {known.licence}." in said(app)
        assert f"Fetch {known.title}" not in said(app)
        assert app.button(f"fetch_{known.name}").label == "Fetch it"
    assert len(shown) == said(app).count("not here]")


def test_fetching_is_a_job_that_cannot_be_started_twice() -> None:
    app = library("Data sets")
    assert "python -m bgbias_core data fetch cub" in codes(app)
    checked(app.button("fetch_cub").click().run())
    assert commands() == [["data", "fetch", "cub"]]
    assert "on its way" in said(app)
    assert not any(button.key == "fetch_cub" for button in app.button)
    assert app.button("fetch_cub-masks")


def test_one_part_of_places_is_fetched_from_an_own_copy() -> None:
    app = library("Scenes")
    checked(app.text_input("from_places-val-256").set_value("/copies/val_256.tar").run())
    checked(app.button("fetch_places-val-256").click().run())
    assert commands() == [["data", "fetch", "places", "--which", "val-256", "--from", "/copies/val_256.tar"]]
    assert said(app).count("on its way") == 1


def test_what_was_fetched_says_where_it_came_from_and_is_removed_by_a_job() -> None:
    folder = data_folder() / "cub"
    folder.mkdir(parents=True)
    archive = {"file": "a.tgz", "source": "https://mirror.example/a.tgz", "checksum": "md5:0", "known": "published"}
    noted = {"name": "cub", "folder": str(folder), "bytes": 1_200_000_000, "licence": "x", "when": "2026-11-22"}
    (folder / PROVENANCE).write_text(json.dumps({**noted, "archives": [archive]}))
    app = library("Data sets")
    assert "Fetched 2026-11-22 from https://mirror.example/a.tgz; checksum published" in said(app)
    assert "1.2 GB will be free" in said(app)
    checked(app.button("remove_cub").click().run())
    assert commands() == [["data", "remove", "cub"]]
    assert folder.is_dir()


@pytest.fixture
def two_places(tmp_path: Path) -> Path:
    for label in ("beach", "wood"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.png").write_bytes(encode_png(np.zeros((32, 32, 3), dtype=np.uint8)))
    return tmp_path


def test_a_folder_is_recognised_and_its_check_is_a_job_whose_verdict_appears(two_places: Path) -> None:
    app = library("Data sets")
    checked(app.text_input("check_folder_data").set_value(str(two_places / "gone")).run())
    assert "gone" in app.error[0].value
    checked(app.text_input("check_folder_data").set_value(str(two_places)).run())
    assert "Read as: Folder of your own." in said(app)
    checked(app.button("check_data_start").click().run())
    [job] = jobs.list_jobs()
    assert list(job.command) == ["data", "check", "--root", str(two_places)]
    write_json(job.folder / STATUS, {"state": "done", "started": 1.0, "ended": 2.0, "reason": ""})
    (job.folder / LOG).write_text("photographs: 2 of 2\nAll 2 are sound.\n")
    checked(app.run())
    assert app.success[0].value.replace("\\", "") == "All 2 are sound."
    write_json(job.folder / STATUS, {"state": "failed", "started": 1.0, "ended": 2.0, "reason": "1 cannot be read."})
    checked(app.run())
    assert app.error[0].value.replace("\\", "") == "1 cannot be read."


def test_the_form_of_waterbirds_makes_the_command(two_places: Path) -> None:
    app = library("Data sets")
    app.text_input("make_cub").set_value("/birds")
    checked(app.text_input("make_places").set_value(str(two_places)).run())
    assert app.button("make_start").disabled
    app.multiselect("make_places_land").set_value(["wood"])
    app.multiselect("make_places_water").set_value(["beach"])
    app.slider("make_majority").set_value(80)
    checked(app.toggle("make_reuse").set_value(True).run())
    checked(app.text_input("make_name").set_value("cub").run())
    assert "cannot be its name" in app.error[0].value
    checked(app.text_input("make_name").set_value("mine").run())
    checked(app.button("make_start").click().run())
    assert commands() == [
        ["data", "waterbirds", "--cub", "/birds", "--places", str(two_places), "--out", str(data_folder() / "mine"),
         "--places", "land=wood", "--places", "water=beach", "--majority", "0.8", "--labels", "fixed", "--seed", "0",
         "--reuse-scenes"],
    ]  # fmt: skip


def test_a_set_made_here_tells_what_of_and_is_deleted_when_asked_again() -> None:
    folder = data_folder() / "mine"
    folder.mkdir(parents=True)
    made_from = {"photographs": "My birds", "groups": {"land": ["wood"]}, "majority": 0.8, "licence": "CC BY 4.0"}
    provenance = {"made_from": made_from, "photographs": 12, "finished": False}
    (folder / "provenance.json").write_text(json.dumps(provenance))
    app = library("Data sets")
    for words in ("not finished", "12 pictures made here of My birds", "land: wood", "majority 80%", "CC BY 4.0"):
        assert words in said(app)
    checked(app.button("delete_made_mine").click().run())
    assert not folder.exists()


def test_segmenters_show_their_figures_and_training_needs_masks_for_photographs(two_places: Path) -> None:
    own_segmenters().mkdir()
    (own_segmenters() / "spoilt.json").write_text("{")
    app = library("Segmenters")
    assert "Mean IoU 0." in said(app)
    assert ", n = 1" in said(app)
    assert "cannot be used" in said(app)
    checked(app.text_input("segmenter_images").set_value(str(two_places)).run())
    assert not any(button.key == "segmenter_start" for button in app.button)
    checked(app.text_input("segmenter_masks").set_value(str(two_places)).run())
    checked(app.text_input("segmenter_name").set_value("grabcut").run())
    assert "cannot be its name" in app.error[0].value
    checked(app.text_input("segmenter_name").set_value("mine").run())
    checked(app.button("segmenter_start").click().run())
    folder = str(two_places)
    assert commands() == [["segmenter", "train", "--name", "mine", "--images", folder, "--masks", folder]]
    checked(app.button("delete_segmenter_spoilt").click().run())
    assert list(own_segmenters().iterdir()) == []


def test_backbones_say_that_no_package_carries_convnext_and_how_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "/nowhere")
    app = library("Backbones")
    assert all(f"**{spec.title}** " in said(app) for spec in BACKBONES.values())
    assert "No package carries weights of **ConvNeXt** or **DINOv2**" in said(app)
    assert "HF_ENDPOINT" in said(app)
    checked(app.text_input("from_backbone_convnext-small").set_value("weights.safetensors").run())
    checked(app.button("fetch_backbone_convnext-small").click().run())
    assert commands() == [["backbones", "fetch", "convnext-small", "--from", "weights.safetensors"]]


def test_only_own_checkpoints_are_deleted_with_card_and_weights(shipped: Path, make_checkpoint) -> None:
    make_checkpoint("aviary-convnext-early")
    make_checkpoint("aviary-convnext-late")
    own_checkpoints().mkdir()
    for path in shipped.glob("aviary-convnext-late.*"):
        path.rename(own_checkpoints() / path.name)
    (own_checkpoints() / "spoilt.json").write_text("{")
    app = library("Checkpoints")
    assert "nothing but training it again brings it back" in said(app)
    deletions = [button.key for button in app.button if button.label == "Delete for good"]
    assert sorted(deletions) == ["delete_checkpoint_aviary-convnext-late", "delete_checkpoint_spoilt"]
    checked(app.button("delete_checkpoint_aviary-convnext-late").click().run())
    assert [path.name for path in own_checkpoints().iterdir()] == ["spoilt.json"]
    assert len(list(shipped.iterdir())) == 2


def test_the_trained_dials_are_one_entry_with_their_number_and_size(shipped: Path, make_checkpoint) -> None:
    card = make_checkpoint("aviary-convnext-early")
    (shipped / DIALS).mkdir()
    assert "Trained dials" not in said(library("Checkpoints"))
    for name in ("dial-convnext-late-c0", "dial-convnext-late-c1"):
        card.model_copy(update={"name": name}).sealed().write(shipped / DIALS / f"{name}.json")
    (shipped / DIALS / "weights.safetensors").write_bytes(bytes(3_000_000))
    st.cache_data.clear()
    told = said(library("Checkpoints"))
    assert "**Trained dials: correlation and depth**" in told
    assert "2 small classifiers of Aviary · one seed each · 3 MB" in told
    assert "dial-convnext-late-c0" not in told


def test_measured_numbers_have_interval_n_and_mask_source(make_checkpoint) -> None:
    metric = Metric(
        measure="accuracy", condition="<OOD>", mask_source="predicted", masker="grabcut", value=0.5, low=0.4, high=0.6,
        n=1500, interval="wilson", command="",
    )  # fmt: skip
    table = metrics_html([make_checkpoint("aviary-vit-early", metrics=[metric])])
    assert "50.0% <small>40.0% to 60.0%, n = 1,500</small>" in table
    assert "predicted (grabcut)" in table
    assert "&lt;OOD&gt;" in table


def test_a_cache_says_what_it_takes_and_goes_but_not_while_a_job_works(home: Path) -> None:
    (home / "cache").unlink()
    (cache_folder() / "masks" / "ab").mkdir(parents=True)
    (cache_folder() / "masks" / "ab" / "one.npz").write_bytes(bytes(2_000_000))
    app = library("Space")
    assert "2 MB will be free" in said(app)
    assert f"rm -r -- {cache_folder() / 'masks'}" in codes(app)
    job = jobs.start("At work", ["checkpoints", "list"])
    me = psutil.Process()
    write_json(
        job.folder / STATUS, {"state": "running", "started": time.time(), "pid": me.pid, "born": me.create_time()}
    )
    checked(app.button("free_masks").click().run())
    assert "“At work” is running" in app.error[0].value
    assert (cache_folder() / "masks").is_dir()
    write_json(job.folder / STATUS, {"state": "done"})
    checked(app.button("free_masks").click().run())
    assert not (cache_folder() / "masks").exists()


def test_sizes_follow_no_link_and_a_long_count_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "large").write_bytes(bytes(5000))
    (inside / "small").write_bytes(bytes(100))
    (inside / "link").symlink_to(outside, target_is_directory=True)
    assert spell_size(inside) == "100 bytes"
    delete(Deletion((inside,)))
    assert (outside / "large").is_file()
    monkeypatch.setattr("pages.components.library_files._LONGEST_COUNT", -1)
    assert spell_size(outside) == "more than 5,000 bytes"
    assert measured(str(tmp_path / "gone")).bytes == 0


def test_what_cannot_be_deleted_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(ConfigError, match="Permission denied"):
        delete(Deletion((tmp_path,)))
    assert tmp_path.is_dir()
