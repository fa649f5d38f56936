"""Compare strategies in a real browser: what each one sees, and an evaluation from its job to its verdict."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import assert_sound, press, settle
from tests.pages.turned_evaluations import save_turned

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

_BOXES = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right])"
pytestmark = pytest.mark.browser


def test_what_each_strategy_sees(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/compare_strategies?places=Ocean&places=Snow")
    pictures = page.locator(".seen tbody img")
    expect(pictures).to_have_count(9)
    settle(page)
    assert pictures.evaluate_all("all => all.every(i => i.complete && i.naturalWidth == 96 && i.alt)")
    urls = pictures.evaluate_all("all => all.map(i => i.src)")
    assert [len(set(urls[start : start + 3])) for start in (0, 3, 6)] == [3, 1, 3], "only early sees the same"
    assert_sound(page)
    label = page.locator(".seen tbody .label").first
    before = label.bounding_box()
    page.locator(".seen").evaluate("table => { table.scrollLeft = 200 }")
    after = label.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] == pytest.approx(before["x"], abs=1), "the first column stays"
    press(page.get_by_role("button", name="ViT", exact=True))
    expect(page.locator(".seen tbody .label").first).to_contain_text("ViT")
    settle(page)
    page.reload()
    expect(page.locator(".seen tbody .label").first).to_contain_text("ViT")


def test_in_the_dark_what_is_chosen_can_be_read_under_the_mouse_too(page: Page, app_url: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{app_url}/compare_strategies")
    link = "rgb(111, 205, 185)"  # the theme's colour of links; its primary one is too dark for text
    expect(page.get_by_role("tab", selected=True)).to_have_css("color", link)
    chosen = page.get_by_role("radio", name="One picture")
    press(chosen)
    expect(chosen).to_have_attribute("data-hovered", "true")
    expect(chosen).to_have_css("color", link)


def test_matrix_groups_and_dials_are_there_to_be_read(page: Page, fresh_app_url: str) -> None:
    save_turned("turned")
    page.goto(f"{fresh_app_url}/compare_strategies?view=Whole+data+set&evaluation=turned")
    matrix = page.locator(".conditions")
    expect(matrix.locator("tbody tr")).to_have_count(2)
    expect(matrix.locator("tbody td").first).to_contain_text("n = 40")
    expect(matrix.locator("tbody tr").nth(1)).to_contain_text("the same pixels")
    press(page.get_by_role("tab", name="Picture"))
    expect(_drawn(page, "matrix_chart").locator(".textpoint").first).to_contain_text("100.0%")
    press(page.get_by_role("tab", name="Groups and classes"))
    expect(_drawn(page, "group_chart").locator(".ytick text")).to_have_count(2)
    press(page.get_by_role("tab", name="Dials"))
    dial = _drawn(page, "dial_grow")
    expect(dial.locator(".scatterlayer .trace")).to_have_count(2)
    expect(dial.locator(".legendtext").first).to_have_text("Small unmasked, looks at no mask")
    settle(page)
    frame, labels = dial.bounding_box(), dial.locator(".xtick text").evaluate_all(_BOXES)
    assert frame is not None
    assert all(frame["x"] <= left and right <= frame["x"] + frame["width"] + 1 for left, right in labels)
    assert all(before[1] <= after[0] for before, after in pairwise(labels)), "levels do not run into each other"
    texts = dial.locator(".legendtext, .xtitle").evaluate_all(_BOXES)
    assert all(right <= frame["x"] + frame["width"] + 1 for _, right in texts), "nothing is cut off"
    assert "closer=Dials" in page.url
    assert_sound(page)


def _drawn(page: Page, key: str) -> Locator:
    figure = page.locator(f".st-key-{key} .js-plotly-plot")
    figure.wait_for()
    figure.scroll_into_view_if_needed()
    return figure


def test_an_evaluation_from_the_form_to_the_verdict(window: BrowserContext, fresh_app_url: str) -> None:
    page = window.new_page()
    page.goto(f"{fresh_app_url}/compare_strategies?view=Whole+data+set")
    form = page.locator("details", has_text="Compute another one")
    form.wait_for()
    settle(page)
    if form.get_attribute("open") is None:  # it is open where there is no evaluation yet
        form.locator("summary").click()
    for label, number in (("Birds", "20"), ("… with predicted masks", "1")):
        field = page.get_by_label(label, exact=True)
        field.fill(number)
        field.press("Enter")
        settle(page)
    press(page.get_by_role("button", name="Compute", exact=True))
    page.locator("[class*=st-key-job_2] .stMarkdownBadge", has_text="done").wait_for()
    settle(page)
    evaluations = page.get_by_role("combobox", name="Evaluation")
    evaluations.scroll_into_view_if_needed()  # a list that is open when the page scrolls closes again
    press(evaluations)
    page.get_by_role("option", name="Aviary, 20 test birds: 3 checkpoints").click()
    page.wait_for_selector("text=n = 20 birds")
    expect(page.locator(".conditions tbody tr"), "unmasked, and early and late with both masks").to_have_count(5)
    press(page.get_by_role("tab", name="Two compared"))
    page.get_by_text("On the same").or_(page.get_by_text("on the same")).first.wait_for()
    press(page.get_by_role("tab", name="Measures"))
    with page.expect_download() as started:
        press(page.get_by_role("button", name="Table (CSV)"))
    assert started.value.suggested_filename == "comparison.csv"
