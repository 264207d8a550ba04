"""A node is drained and taken back in the browser, by keyboard alone, on the running demo."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.demo import Demo

_PATIENCE = 60_000  # milliseconds; MetalLB's debounce, and a sweep
_NODE = "compute-5.example.com"


def test_a_node_is_drained_and_taken_back_by_keyboard(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/topology/")
    page.get_by_role("link", name=_NODE).first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=_NODE).first).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Drain it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Drain {_NODE}")).to_be_visible()
    expect(page.get_by_text("announces, as every node")).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_label("Why").fill("Rack 5 gets new cables")
    page.get_by_role("button", name="Set the label").focus()
    page.keyboard.press("Enter")
    try:
        expect(page.get_by_role("heading", name=f"Take {_NODE} back")).to_be_visible(timeout=_PATIENCE)
        expect(page.get_by_text("safe to drain: FRR tells no neighbor anything")).to_be_visible(timeout=_PATIENCE)
        assert demo.api("GET", f"nodes/lab/{_NODE}/drain/").json()["progress"]["sent"] == 0
        page.get_by_role("button", name="Take the label off").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=f"Drain {_NODE}")).to_be_visible(timeout=_PATIENCE)
        expect(page.get_by_text("back: FRR tells its neighbors everything that is meant")).to_be_visible(
            timeout=_PATIENCE
        )
    finally:
        demo.kubectl("label", "node", _NODE, "node.kubernetes.io/exclude-from-external-load-balancers-")
    page.goto(f"{demo.url}/changes/?kind=Node&name={_NODE}")
    expect(page.get_by_text("Rack 5 gets new cables").first).to_be_visible()
