"""Train in a real browser: start, close the tab, find it again, stop, resume, and use what came out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import assert_sound, press, settle

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

SMALL = "train_birds=600&train_strategy=Unmasked"
NAME = "my-aviary-convnext-unmasked"


def open_train(window: BrowserContext, address: str) -> Page:
    page = window.new_page()
    page.goto(f"{address}/train?{SMALL}")
    page.wait_for_selector("text=Start training")
    return page


def test_a_training_outlives_its_tab_and_gives_a_classifier_to_try(window: BrowserContext, fresh_app_url: str) -> None:
    page = open_train(window, fresh_app_url)
    page.wait_for_selector("text=/About .* of memory/ >> nth=1")
    press(page.get_by_role("button", name="Start training"))
    job = page.locator("[class*=st-key-job_2]")
    job.locator(".stMarkdownBadge", has_text="running").wait_for()
    page.close()

    page = open_train(window, fresh_app_url)
    job = page.locator("[class*=st-key-job_2]")
    press(job.get_by_role("button", name="Stop"))
    job.get_by_text("It was stopped by hand").wait_for()
    press(job.get_by_role("button", name="Resume"))
    page.get_by_text("is listed on every page").wait_for()
    expect(page.locator("[data-testid=stPlotlyChart]").first).to_contain_text("OOD")
    page.get_by_role("button", name="Measure it on 1,500 unseen birds").wait_for()

    press(page.get_by_role("link", name="Use it in Swap backgrounds"))
    page.wait_for_selector("text=4 · Verdict")
    chosen = page.locator("[data-testid=stMultiSelect]", has_text="Classifiers")
    chosen.get_by_text(NAME).wait_for()
    page.wait_for_selector("text=/On the original/")
    settle(page)
    assert_sound(page)
