"""Home in a real browser, on a server that nobody has opened before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bgbias_core.aviary import PLACES, SPECIES
from tests.browser.visiting import assert_sound, press, settle

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser


def test_the_matrix_answers_and_the_next_bird_is_another(page: Page, app_url: str) -> None:
    species = list(SPECIES)
    page.goto(f"{app_url}/?bird=5")
    matrix = page.locator(".matrix")
    # A page that has not begun is not running either: first something must be there.
    expect(matrix.locator("img")).to_have_count(len(PLACES))
    settle(page)
    assert matrix.locator("img").evaluate_all("all => all.every(i => i.complete && i.naturalWidth && i.alt)")
    assert matrix.locator("td:not(.sum)").count() == 8 * len(PLACES)
    assert matrix.locator(".pending, .problem").count() == 0
    expect(matrix.locator("thead .label")).to_contain_text(species[4])
    press(page.get_by_role("button", name="Next bird"))
    page.wait_for_url("**/?bird=6")
    expect(matrix.locator("thead .label")).to_contain_text(species[5])
    settle(page)
    assert matrix.locator(".pending, .problem").count() == 0


def test_nothing_sticks_out_of_the_page(page: Page, app_url: str) -> None:
    page.goto(app_url)
    page.wait_for_selector(".matrix img")
    settle(page)
    assert_sound(page)
    cells = page.locator(".matrix tbody td, .matrix thead th")
    assert cells.evaluate_all("all => all.filter(c => c.scrollWidth > c.clientWidth + 1).map(c => c.innerText)") == []


def test_a_deep_link_is_the_first_thing_a_fresh_server_is_asked(window: BrowserContext, fresh_app_url: str) -> None:
    page = window.new_page()
    page.goto(f"{fresh_app_url}/swap_backgrounds")
    links = page.get_by_test_id("stSidebarNavLink")
    pages = ["Home", "Swap backgrounds", "Compare strategies", "Attributions", "Failure cases", "Train", "Library"]
    expect(links).to_have_count(len(pages))
    expect(page).to_have_title(re.compile("^Swap backgrounds"))
    settle(page)
    assert [text.split("\n")[-1] for text in links.all_inner_texts()] == pages
    assert_sound(page)
    press(links.first)
    page.wait_for_selector(".matrix img")
