"""Library in a real browser: nothing sticks out, licences come before downloads, and a check runs to its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from bgbias_core.images import encode_png
from tests.browser.visiting import assert_sound, press, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SECTIONS = ("Scenes", "Segmenters", "Backbones", "Checkpoints", "Space", "Data sets")


def test_sections_licences_and_a_check_to_its_verdict(page: Page, app_url: str, tmp_path: Path) -> None:
    for number, label in enumerate(("gull", "tern")):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.png").write_bytes(encode_png(np.full((32, 48, 3), 40 * number, dtype=np.uint8)))
    page.goto(f"{app_url}/library")
    for section in SECTIONS:
        press(page.get_by_role("radio", name=section, exact=True))
        settle(page)
        page.wait_for_selector("#jobs")
        assert_sound(page)

    press(page.locator(".st-key-published_cub").get_by_role("button", name="Fetch"))
    offer = page.locator("[data-testid=stPopoverBody]")
    offer.get_by_text("Licence of use: research and education only").wait_for()
    expect(offer).to_contain_text("python -m bgbias_core data fetch cub")
    page.keyboard.press("Escape")

    press(page.get_by_text("A data set of your own"))
    folder = page.get_by_label("Its folder")
    folder.fill(str(tmp_path))
    folder.press("Enter")
    press(page.get_by_role("button", name="Check it"))
    page.get_by_text("is sound: all 2 photographs can be read").wait_for()
    assert_sound(page)
