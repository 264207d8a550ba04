"""A peer's whole life through the browser: the documented example is made, breaks, is mended and goes."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

NAME = "doc-example-peer"
ADDRESS = f"/peers/lab/metallb-system/{NAME}/"
DOCUMENTED = {"peerAddress": "10.0.0.1", "peerASN": 64501, "myASN": 64500, "routerID": "10.10.10.10"}
CRD_DEFAULTS = {"peerPort": 179, "disableMP": False, "dualStackAddressFamily": False}
SOON = 45_000  # milliseconds; the demo looks every 2 s, this machine may be busy


def _fill(page: Page, field: str, value: str) -> None:
    page.locator(f"[name='{field}']").fill(value)


def _apply(page: Page) -> None:
    page.get_by_role("button", name="Review", exact=True).last.click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    page.get_by_role("button", name="Apply", exact=True).click()


def _live(demo: Demo) -> dict[str, Any] | None:
    found = demo.kubectl("get", "bgppeer", NAME, "-n", "metallb-system", "-o", "json", check=False)
    return json.loads(found.stdout) if found.returncode == 0 else None


def test_the_documented_peer_is_made_breaks_is_mended_and_goes_without_a_reload(page: Page, demo: Demo) -> None:
    watcher = page.context.new_page()  # the dashboard stays open beside the work, and is never reloaded
    watcher.goto(f"{demo.url}/?peer={NAME}")
    watcher.evaluate("window.neverReloaded = true")
    cells = watcher.locator("table.matrix td a")
    expect(cells).to_have_count(0)

    page.goto(f"{demo.url}/peers/new/")
    _fill(page, "name", NAME)
    for field, value in DOCUMENTED.items():
        _fill(page, field, str(value))
    _apply(page)
    live = eventually(lambda: _live(demo), timeout=30)
    assert live["apiVersion"] == "metallb.io/v1beta2"
    assert live["spec"] == {**CRD_DEFAULTS, **DOCUMENTED}
    assert set(live["metadata"]) <= {
        *("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"),
    }
    expect(watcher.locator("table.matrix [data-h='up']")).to_have_count(6, timeout=SOON)
    assert {s["state"] for s in demo.sessions(peer=NAME)} == {"Established"}

    page.goto(f"{demo.url}{ADDRESS}edit/")
    _fill(page, "peerASN", "64999")
    _apply(page)
    expect(watcher.locator("table.matrix td [data-h='down']")).to_have_count(6, timeout=SOON)
    expect(watcher.get_by_text("NOTIFICATION 2/2 Bad Peer AS").first).to_be_visible(timeout=SOON)

    page.goto(f"{demo.url}{ADDRESS}edit/")
    _fill(page, "peerASN", "64501")
    _apply(page)
    expect(watcher.locator("table.matrix [data-h='up']")).to_have_count(6, timeout=SOON)

    page.goto(f"{demo.url}{ADDRESS}delete/")
    page.get_by_role("button", name=f"Delete {NAME}").click()
    eventually(lambda: _live(demo) is None, timeout=30)
    expect(cells).to_have_count(0, timeout=SOON)
    eventually(lambda: demo.api("GET", f"bgppeers/lab/metallb-system/{NAME}/").status_code == 404, timeout=30)
    assert not demo.sessions(peer=NAME)
    assert watcher.evaluate("window.neverReloaded") is True
