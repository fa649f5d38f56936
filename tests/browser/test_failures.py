"""From a failure to its picture in Swap backgrounds, in a real browser; the filters stay in the address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bgbias_core.evaluation import evaluate_on_aviary
from bgbias_core.models import load_checkpoint
from tests.browser.visiting import settle

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
    assert page.locator("[data-testid='stException'], [data-testid='stAlertContentError']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    pictures = page.locator(".case img")
    pictures.nth(23).wait_for()
    assert pictures.count() == 24
    assert pictures.evaluate_all("all => all.every(i => i.complete && i.naturalWidth && i.alt)")
    boxes = pictures.evaluate_all("all => all.map(i => Math.round(i.getBoundingClientRect().top))")
    columns = sum(top == boxes[0] for top in boxes)
    assert columns == (2 if page.viewport_size["width"] == 390 else 6)

    page.get_by_role("radio", name="Right").click()
    page.get_by_text("✓").first.wait_for()
    settle(page)
    assert "answers=Right" in page.url
    page.get_by_role("radio", name="Wrong").click()
    page.get_by_text("✗").first.wait_for()
    settle(page)

    case = page.locator(".case").first
    named = case.locator(".answer b").inner_text().removeprefix("✗ ")
    page.get_by_role("link", name="Swap", exact=True).first.click()
    page.get_by_role("button", name="Leave this case").wait_for()
    page.get_by_text("5 · Fade the background").wait_for()
    settle(page)
    assert f"case={NAME}%3A" in page.url
    assert page.locator(".st-key-chosen_case").get_by_text(named).count() >= 1
    assert page.get_by_role("radio", name="Chosen case").is_checked()
    assert page.get_by_text("(this case)").count() >= 2
    page.get_by_role("button", name="Leave this case").click()
    page.get_by_role("radio", name="Chosen case").wait_for(state="detached")
    settle(page)
    assert "case=" not in page.url
