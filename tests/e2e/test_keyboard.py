"""A peer from the login to its end with nothing but a keyboard: Tab, letters, Space and Enter."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from tests.demo import Demo

_FAR = 150  # stops of Tab on one page
_FOCUS = """() => {
  const at = document.activeElement;
  return at.matches("input, select, textarea") ? at.name : at.textContent.trim().slice(0, 60);
}"""
_RING = "() => getComputedStyle(document.activeElement).outlineStyle"
_SPEC = {"myASN": "64500", "peerASN": "64651", "peerAddress": "10.1.0.78", "routerID": "10.10.10.10"}
_SOON = 45_000  # milliseconds


def _tab_to(page: Page, wanted: str) -> None:
    """Go on with Tab until an input of this name, or a link or button with this text, has the focus, and shows it."""
    passed = []
    for _ in range(_FAR):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(_FOCUS))
        if passed[-1] == wanted:
            assert page.evaluate(_RING) != "none", f"nothing shows that {wanted} has the focus"
            return
    raise AssertionError(f"Tab never comes to {wanted}: {passed}")


def _press(page: Page, wanted: str) -> None:
    _tab_to(page, wanted)
    page.keyboard.press("Enter")


def test_a_peer_is_made_and_deleted_with_the_keyboard_alone(context: BrowserContext, demo: Demo) -> None:
    page = context.new_page()
    page.goto(f"{demo.url}/login/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type((demo.folder / "password").read_text().strip())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{demo.url}/")
    _press(page, "Peers")
    page.wait_for_url(f"{demo.url}/peers/")
    _press(page, "Add a peer")
    page.wait_for_url(f"{demo.url}/peers/new/**")
    for name, value in {"name": "by-keyboard-alone", **_SPEC}.items():
        _tab_to(page, name)
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What changes")).to_be_visible(timeout=_SOON)
    expect(page.locator("#glance")).to_contain_text("will open")
    _press(page, "Apply")
    expect(page.get_by_role("heading", name="by-keyboard-alone", level=1)).to_be_visible(timeout=_SOON)
    _press(page, "Delete")
    expect(page.get_by_role("heading", name="Delete by-keyboard-alone?")).to_be_visible(timeout=_SOON)
    _press(page, "Delete by-keyboard-alone")
    page.wait_for_url(f"{demo.url}/peers/")
