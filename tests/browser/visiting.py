"""Waiting for a page, which Streamlit runs again after every change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

FINISHED = "[data-testid='stApp'][data-test-script-state='notRunning']"
SECONDS = 1000


def settle(page: Page) -> None:
    # A change starts a run a moment later.
    page.wait_for_timeout(400)
    page.wait_for_selector(FINISHED)
