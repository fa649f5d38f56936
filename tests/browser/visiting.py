"""Visiting a page that Streamlit runs again after every change: waiting for it, and clicking as a person does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

FINISHED = "[data-testid='stApp'][data-test-script-state='notRunning']"
SECONDS = 1000
PATIENCE = 180 * SECONDS
"""How long a slow machine may take for one answer; only a failing test waits for so long."""

_COMPLAINTS = "[data-testid='stException'], [data-testid='stAlertContentError']"


def open_window(chromium: Browser, width: int = 1280, height: int = 900, *, touch: bool = False) -> BrowserContext:
    """A window of its own, with a mouse or as a phone with a finger; close it at the end."""
    expect.set_options(timeout=PATIENCE)
    size = {"width": width, "height": height}
    context = chromium.new_context(viewport=size, has_touch=touch, is_mobile=touch, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    return context


def settle(page: Page) -> None:
    """Wait until the page has come to rest; something of it must be there, for one that has not begun rests too."""
    # A change starts a run a moment later.
    page.wait_for_timeout(400)
    page.wait_for_selector(FINISHED)


def press(target: Locator) -> None:
    """Click what is there to stay: while a page is being drawn, a button may move between press and release."""
    target.wait_for()
    settle(target.page)
    target.click()


def assert_sound(page: Page) -> None:
    """No complaint is on the page, and nothing sticks out of it."""
    assert page.locator(_COMPLAINTS).all_inner_texts() == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
