"""From a failure to its picture in Swap backgrounds, in a real browser; the filters stay in the address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bgbias_core.evaluation import evaluate_on_aviary
from bgbias_core.models import load_checkpoint
from tests.browser.visiting import assert_sound, press, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NAME = "browser-failures"


@pytest.fixture(scope="module", autouse=True)
def evaluation(session_home: Path) -> Iterator[None]:
    """A small evaluation of a shipped checkpoint, among the person's own ones."""
    checkpoint = load_checkpoint("aviary-convnext-unmasked", "cpu")
    path = session_home / "evaluations" / f"{NAME}.parquet"
    evaluate_on_aviary([checkpoint], n=60, n_predicted=1, name=NAME).save(path)
    yield
    path.unlink()


def test_from_a_failure_to_the_swap_that_shows_it(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/failure_cases?evaluation={NAME}")
    page.get_by_text(re.compile(r"\d+ of 60 wrong: [\d.]+%")).wait_for()
    settle(page)
    assert_sound(page)
    pictures = page.locator(".case img")
    expect(pictures).to_have_count(24)
    settle(page)
    assert pictures.evaluate_all("all => all.every(i => i.complete && i.naturalWidth && i.alt)")
    boxes = pictures.evaluate_all("all => all.map(i => Math.round(i.getBoundingClientRect().top))")
    columns = sum(top == boxes[0] for top in boxes)
    assert columns == (2 if page.viewport_size["width"] == 390 else 6)

    press(page.get_by_role("radio", name="Right"))
    page.get_by_text("✓").first.wait_for()
    expect(page).to_have_url(re.compile("answers=Right"))
    press(page.get_by_role("radio", name="Wrong"))
    page.get_by_text("✗").first.wait_for()
    settle(page)

    case = page.locator(".case").first
    named = case.locator(".answer b").inner_text().removeprefix("✗ ")
    press(page.get_by_role("link", name="Swap", exact=True).first)
    page.get_by_role("button", name="Leave this case").wait_for()
    page.get_by_text("5 · Fade the background").wait_for()
    expect(page).to_have_url(re.compile(f"case={NAME}%3A"))
    page.locator(".st-key-chosen_case").get_by_text(named).first.wait_for()
    expect(page.get_by_role("radio", name="Chosen case")).to_be_checked()
    page.get_by_text("(this case)").nth(1).wait_for()
    press(page.get_by_role("button", name="Leave this case"))
    page.get_by_role("radio", name="Chosen case").wait_for(state="detached")
    expect(page).not_to_have_url(re.compile("case="))
