"""Live pages in a real browser: what a swap keeps, and how many tabs may be open."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

_PATIENCE = 30_000  # milliseconds
_LOOK = """visible => {
  Object.defineProperty(document, "visibilityState", {configurable: true, value: visible ? "visible" : "hidden"});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def replaced(page: Page, act: Callable[[], None], fragment: str = "#live") -> None:
    """Wait until the fragment is another element than before `act`."""
    page.evaluate("selector => { window.before = document.querySelector(selector); }", fragment)
    act()
    other = "selector => document.querySelector(selector) !== window.before"
    eventually(lambda: page.evaluate(other, fragment), timeout=30)


@pytest.fixture
def down(demo: Demo) -> str:
    """The address of a session that is down, with evidence; one of the demo's own, since others' may be about to go."""
    rows = demo.sessions(health="down", peer="tor-old")
    return f"{demo.url}/sessions/{next(row['id'] for row in rows if row['evidence'])}/"


def test_a_swap_keeps_the_focus_of_a_button_and_what_was_folded(page: Page, down: str) -> None:
    page.goto(down)
    page.locator("#evidence summary").click()
    last = page.locator("#live .section-head button.copy").last
    replaced(page, last.focus)  # the next sweep does it
    expect(page.locator("#live .section-head button.copy").last).to_be_focused()
    assert not page.evaluate("document.getElementById('evidence').open")


def test_a_copy_button_has_its_label_again_after_two_clicks(page: Page, demo: Demo) -> None:
    page.clock.install()
    page.goto(f"{demo.url}/clusters/lab/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<button data-copy=x id=copies>Copy</button>')"
    )
    button = page.locator("#copies")
    button.click()
    expect(button).to_have_text("Copied")
    button.click()
    page.clock.run_for(5000)
    expect(button).to_have_text("Copy")


def test_hidden_tabs_leave_connections_to_others_and_are_live_again_when_seen(page: Page, demo: Demo) -> None:
    tabs = [page, *(page.context.new_page() for _ in range(7))]
    for tab in tabs:
        tab.goto(f"{demo.url}/", timeout=_PATIENCE)
        expect(tab.locator("#board")).to_be_visible(timeout=_PATIENCE)
        tab.evaluate(_LOOK, arg=False)
    with page.expect_request("**/events/", timeout=_PATIENCE):
        for visible in (True, False, True):
            page.evaluate(_LOOK, arg=visible)
    replaced(page, lambda: None, "#fresh")


def test_a_hidden_tab_polls_rarely_and_at_once_when_it_is_seen(page: Page, demo: Demo) -> None:
    page.clock.install()
    page.goto(f"{demo.url}/", timeout=_PATIENCE)
    expect(page.locator("#board")).to_be_visible(timeout=_PATIENCE)
    page.evaluate(_LOOK, arg=False)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.ticks = 0; document.body.addEventListener('tick', () => { window.ticks += 1; });")
    page.clock.run_for(240_000)
    assert page.evaluate("window.ticks") == 2, "of twelve polls"
    page.evaluate(_LOOK, arg=True)
    assert page.evaluate("window.ticks") == 3
    page.clock.run_for(40_000)
    assert page.evaluate("window.ticks") >= 5, "two polls, and what the stream that is opened again asks for"


def test_the_title_and_icon_of_a_page_without_a_count_of_its_own_follow_the_alarms(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/pools/", timeout=_PATIENCE)
    title = page.title().rpartition(") ")[2]
    for count, icon in ((7, "down.svg"), (0, "up.svg")):
        told = f"document.getElementById('standing').dataset.problems = '{count}'"
        page.evaluate(f"{told}; document.dispatchEvent(new Event('htmx:afterSettle'))")
        expect(page).to_have_title(f"({count}) {title}" if count else title)
        expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile(rf"{icon}$"))
