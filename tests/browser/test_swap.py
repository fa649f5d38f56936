"""Swap backgrounds in a real browser: a photograph goes up, its mask is painted, the verdict is read."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from bgbias_core.data.pictures import find_pictures
from bgbias_core.images import decode, decode_mask
from tests.browser.visiting import assert_sound, open_window, press, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CANVAS = ".stage canvas"
IMAGES = "[data-testid='stMain'] [data-testid='stImage'] img"


@pytest.fixture(params=["mouse", "touch"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A wide window with a mouse, or a phone with a finger."""
    context = open_window(chromium, 390, 844, touch=True) if request.param == "touch" else open_window(chromium)
    yield context.new_page()
    context.close()


def draw(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a line on the canvas, in fractions of it, by mouse or by finger."""
    canvas = page.locator(CANVAS)
    # In the middle: at the top the page's own bar would lie over it.
    canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
    box = canvas.bounding_box()
    assert box is not None
    path = [
        (
            box["x"] + box["width"] * (start[0] + (end[0] - start[0]) * step / 12),
            box["y"] + box["height"] * (start[1] + (end[1] - start[1]) * step / 12),
        )
        for step in range(13)
    ]
    if page.evaluate("navigator.maxTouchPoints") == 0:
        page.mouse.move(*path[0])
        page.mouse.down()
        for point in path[1:]:
            page.mouse.move(*point)
        page.mouse.up()
        return
    session = page.context.new_cdp_session(page)
    for kind, point in [("touchStart", path[0]), *(("touchMove", point) for point in path[1:]), ("touchEnd", None)]:
        points = [] if point is None else [{"x": point[0], "y": point[1]}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.detach()


def share_marked(page: Page) -> float:
    """What the canvas says of itself."""
    label = page.locator(CANVAS).get_attribute("aria-label")
    found = re.search(r"marks ([\d.]+)% of the picture", label or "")
    assert found, label
    return float(found[1])


def test_upload_paint_swap_and_read_the_verdict(page: Page, app_url: str) -> None:
    choice = "photo=Upload&places=Ocean&places=Desert&photo_models=photo-unmasked&photo_models=photo-early"
    page.goto(f"{app_url}/swap_backgrounds?{choice}")
    upload = page.locator("[data-testid='stFileUploader'] input[type=file]").first
    upload.set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": find_pictures()["chelsea"].read_bytes()}
    )
    page.wait_for_selector("text=5 · Fade the background")
    settle(page)
    assert page.locator(CANVAS).bounding_box()["width"] > 300
    assert_sound(page)
    before = share_marked(page)

    press(page.get_by_role("radio", name="Keep"))
    settle(page)
    scrolled = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    # Three strokes in quick succession: the scripts of the first are still running when the last is drawn.
    for height in (0.3, 0.5, 0.7):
        draw(page, (0.02, height), (0.98, height))
    page.get_by_text("given by segmenter-photo, mended by hand").wait_for()
    settle(page)
    painted = share_marked(page)
    assert painted > before + 5, "three strokes, each a twentieth of the picture's width"
    assert abs(page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") - scrolled) < 700

    for _ in range(3):
        press(page.get_by_role("button", name="Undo"))
    settle(page)
    assert share_marked(page) == before, "all three strokes had arrived"
    press(page.get_by_role("radio", name="Box"))
    settle(page)
    draw(page, (0.05, 0.05), (0.95, 0.95))
    page.get_by_text("given box by segmenter-photo").wait_for()
    press(page.get_by_role("radio", name="Keep"))
    settle(page)
    draw(page, (0.1, 0.5), (0.9, 0.5))
    page.get_by_text("given by segmenter-photo, mended by hand").wait_for()
    settle(page)

    assert_sound(page)
    page.get_by_text("Sees the same pixels on every background").wait_for()
    page.get_by_text(re.compile(r"name changed on \d of 2 backgrounds")).wait_for()
    images = page.locator(IMAGES)
    images.last.wait_for()
    loaded = "all => [...document.querySelectorAll(all)].every(i => i.complete && i.naturalWidth)"
    page.wait_for_function(loaded, arg=IMAGES)
    assert images.evaluate_all("all => all.every(i => i.alt)")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)

    with page.expect_download() as download:
        press(page.get_by_role("button", name="Composites (ZIP)"))
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    original, ocean = decode(archive.read("00-original.png")), decode(archive.read("01-ocean.png"))
    mask = decode_mask(archive.read("01-ocean-mask.png")) == 1
    np.testing.assert_array_equal(original[mask], ocean[mask])
    assert (original[~mask] != ocean[~mask]).any(axis=-1).mean() > 0.9


def test_a_bad_upload_is_a_sentence_and_the_page_goes_on(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/swap_backgrounds?photo=Upload&places=Ocean&photo_models=photo-unmasked")
    upload = page.locator("[data-testid='stFileUploader'] input[type=file]").first
    upload.set_input_files({"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": b"This is no picture."})
    page.get_by_text("This picture cannot be used.").wait_for()
    press(page.get_by_role("radio", name="Aviary bird"))
    page.wait_for_selector("text=4 · Verdict")
    settle(page)
    assert_sound(page)
