"""The report from its button to a page that is opened without the app, on screens and on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import assert_sound, press
from tests.report.made import aviary

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

NAME = "browser-report"
SIZES = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module", autouse=True)
def evaluation(session_home: Path) -> Iterator[None]:
    """An evaluation with known answers among the person's own ones."""
    path = session_home / "evaluations" / f"{NAME}.parquet"
    aviary(name=NAME).save(path)
    yield
    path.unlink()


def test_the_button_brings_a_page_that_needs_no_app(
    window: BrowserContext, chromium: Browser, app_url: str, tmp_path: Path
) -> None:
    page = window.new_page()
    page.goto(f"{app_url}/compare_strategies?view=Whole+data+set&evaluation={NAME}")
    files = {}
    for button, ending in (("Report (HTML)", "html"), ("Its numbers (JSON)", "json")):
        with page.expect_download() as started:
            press(page.get_by_role("button", name=button))
        assert started.value.suggested_filename == f"{NAME}-report.{ending}"
        files[ending] = tmp_path / f"report.{ending}"
        started.value.save_as(files[ending])
    assert_sound(page)
    assert json.loads(files["json"].read_text(encoding="utf-8"))["evaluation"]["name"] == NAME
    for width, scheme in SIZES:
        look(chromium, files["html"], width, scheme)


def look(chromium: Browser, file: Path, width: int, scheme: str) -> None:
    """Open the page with no network and no app: all figures drawn, nothing asked for, nothing complained about."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    plots = page.locator(".plot")
    drawn = plots.locator("svg.main-svg:first-child")
    expect(drawn).to_have_count(plots.count())
    assert plots.count() >= 3
    assert said == []
    assert [url for url in asked if url != file.as_uri() and not url.startswith("data:")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    pictures = page.locator(".pictures img")
    assert pictures.evaluate_all("all => all.length == 8 && all.every(i => i.complete && i.naturalWidth && i.alt)")
    assert_readable(page)
    assert_printable(page)
    context.close()


_CONTRAST = """texts => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = numbers(colour).map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return texts.filter(text => text.textContent.trim()).map(text => {
    const own = light(getComputedStyle(text).fill);
    return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
  });
}"""


def assert_readable(page: Page) -> None:
    """The words beside the axes stand out from the ground that the page has in this scheme."""
    found = page.locator(".plot :is(.xtick, .ytick) text").evaluate_all(_CONTRAST)
    assert found
    assert min(found) >= 4.5


def assert_printable(page: Page) -> None:
    """On paper everything is dark on white, and no figure or table is wider than the page."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 970})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    wide = "all => all.map(one => one.getBoundingClientRect()).filter(box => box.right > 690).map(box => box.right)"
    assert page.locator(".plot svg.main-svg, table, .finding").evaluate_all(wide) == []
    assert_readable(page)
