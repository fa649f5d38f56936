"""Train in a real browser: start, close the tab, find it again, stop, resume, and use what came out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.visiting import SECONDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

SMALL = "train_birds=600&train_strategy=Unmasked"
NAME = "my-aviary-convnext-unmasked"


def open_train(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/train?{SMALL}")
    page.wait_for_selector("text=Start training")
    return page


def test_a_training_outlives_its_tab_and_ends_in_a_classifier_to_try(chromium: Browser, fresh_app_url: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(180 * SECONDS)
    page = open_train(context, fresh_app_url)
    start = page.get_by_role("button", name="Start training")
    page.wait_for_selector("text=/About .* of memory/ >> nth=1")
    assert start.is_enabled()
    start.click()
    job = page.locator("[class*=st-key-job_2]")
    job.locator(".stMarkdownBadge", has_text="running").wait_for()
    page.close()

    page = open_train(context, fresh_app_url)
    job = page.locator("[class*=st-key-job_2]")
    job.get_by_role("button", name="Stop").click()
    job.get_by_text("It was stopped by hand").wait_for()
    job.get_by_role("button", name="Resume").click()
    page.get_by_text("is listed on every page").wait_for()
    assert "OOD" in (page.locator("[data-testid=stPlotlyChart]").first.text_content() or "")
    assert page.get_by_role("button", name="Measure it on 1,500 unseen birds").is_visible()

    page.get_by_role("link", name="Use it in Swap backgrounds").click()
    page.wait_for_selector("text=4 · Verdict")
    chosen = page.locator("[data-testid=stMultiSelect]", has_text="Classifiers")
    chosen.get_by_text(NAME).wait_for()
    page.wait_for_selector("text=/On the original/")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
