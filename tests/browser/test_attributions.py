"""Attributions in a real browser: maps appear one by one, nothing moves, a change cancels, the files are whole."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bgbias_core.data.pictures import find_pictures
from bgbias_core.images import decode
from tests.browser.visiting import assert_sound, press, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MAPS = "[data-testid='stMain'] .map img"


def test_a_grid_of_maps_and_its_files(page: Page, app_url: str) -> None:
    models = "bird_models=aviary-convnext-unmasked&bird_models=aviary-convnext-early"
    page.goto(f"{app_url}/attributions?{models}&methods=Grad-CAM&methods=Occlusion")
    maps = page.locator(MAPS)
    expect(maps).to_have_count(4)
    settle(page)
    assert_sound(page)
    assert maps.evaluate_all("all => all.every(i => i.complete && i.naturalWidth && i.alt)")
    assert page.get_by_text("background share").count() >= 4
    label = page.locator(".map-label").first
    before = label.bounding_box()
    page.locator(".st-key-maps_2").evaluate("grid => grid.scrollLeft = 200")
    after = label.bounding_box()
    assert before is not None
    assert after is not None
    assert before["x"] == after["x"], "models stay in sight"

    with page.expect_download() as download:
        press(page.get_by_role("button", name="Grid (PNG)"))
    assert decode(Path(download.value.path()).read_bytes()).shape[1] > 640
    with page.expect_download() as download:
        press(page.get_by_role("button", name="Maps (ZIP)"))
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert "aviary-convnext-early-occlusion.npz" in archive.namelist()


def test_what_takes_long_neither_blocks_nor_moves_the_rest_and_is_cancelled(page: Page, app_url: str) -> None:
    page.goto(
        f"{app_url}/attributions?photo=Upload&photo_models=photo-unmasked&photo_methods=Integrated+gradients&photo_methods=Grad-CAM"
    )
    upload = page.locator("[data-testid='stFileUploader'] input[type=file]").first
    upload.set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": find_pictures()["chelsea"].read_bytes()}
    )
    page.get_by_text("computing …").first.wait_for()
    page.locator(MAPS).first.wait_for()
    page.get_by_text("These numbers describe this one picture").wait_for()
    frames = page.locator(".map .frame")
    expect(frames).to_have_count(2)
    # Both at one moment: every step of the slow map replaces its frame.
    heights = frames.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert 0 < heights[0] == pytest.approx(heights[1], abs=1), "waiting or there, a cell is as tall"
    # Not once all is at rest: the change comes while the slow map is still being computed.
    page.get_by_text("Integrated gradients", exact=True).first.click()
    expect(page.get_by_text("computing …")).to_have_count(0)
    settle(page)
    expect(page.locator(MAPS)).to_have_count(1)
    assert_sound(page)
