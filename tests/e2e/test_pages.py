"""Pages in a real browser: accessible, within their policy, usable by keyboard and without scripts, honest on age."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.demo import Demo
from tests.e2e.conftest import sign_in
from tests.waiting import eventually

_PEER = "/peers/lab/metallb-system/tor-a/"
PAGES = {
    "sessions": "/",
    "opened": "/?healthy=1&vrf=ens4vrf",
    "nothing found": "/?q=nowhere",
    "found by address": "/?q=203.0.113.201",
    "made anew": f"{_PEER}recreate/",
    "session": "/sessions/{down}/",
    "routes": "/routes/?prefix=203.0.113.7",
    "timeline": "/timeline/",
    "wall": "/wall/",
    "topology": "/topology/",
    "sessions with lines": "/?lines=1",
    "topology by rack": "/topology/?by=rack&open=rack-1&vrf=default",
    "nodes": "/nodes/",
    "node": "/nodes/lab/compute-1.example.com/",
    "drain": "/nodes/lab/compute-1.example.com/drain/",
    "peers": "/peers/",
    "peer": _PEER,
    "new": "/peers/new/",
    "edit": f"{_PEER}edit/",
    "yaml": f"{_PEER}edit/?as=yaml",
    "delete": f"{_PEER}delete/",
    "guided": "/guided/",
    **{f"guided {slug}": f"/guided/{slug}/" for slug in ("vrf", "pools", "dual-stack", "nodes", "bfd")},
    "guided checks": "/guided/checks/lab/metallb-system/edge-red/",
    "services": "/services/",
    "service": "/services/lab/shop/web/",
    "service without address": "/services/lab/platform/vpn-standby/",
    "pools": "/pools/",
    "pool": "/pools/lab/metallb-system/dual-stack/",
    "addresses": "/pools/lab/metallb-system/dual-stack/addresses/",
    "history": "/changes/",
    "history found": "/changes/?source=api&token=bootstrap&since=2026-01-01T00:00",
    "history of nothing": "/changes/?name=nowhere",
    "change": "/changes/{change}/",
    "change sets": "/changes/sets/",
    "import": "/import/",
    "export": "/export/",
    "password": "/peers/lab/metallb-system/tor-b/password/",
    "put back": "/changes/revert/",
    "reported": "/status/",
    "configuration states": "/status/configurationstates/",
    "configuration state": "/status/configurationstates/lab/metallb-system/controller/",
    "speakers": "/speakers/",
    "alarms": "/alarms/",
    "alarm": "/alarms/{alarm}/",
    **{f"alarm {name}": f"/alarms/{name}/" for name in ("rules", "routes", "notices", "silences")},
    **{f"new alarm {n}": f"/alarms/{n}/new/" for n in ("rules", "routes", "inhibitions", "silences", "windows")},
    "clusters": "/clusters/",
    "cluster": "/clusters/lab/",
    "baseline": "/clusters/lab/baseline/",
    "new cluster": "/clusters/new/",
    "tokens": "/tokens/",
    "users": "/users/",
    "new user": "/users/new/",
    "not found": "/nothing/here/",
}
# An object of each kind beside BGPPeer, by the address of its list.
_SHOWN = {
    "bfd-profiles": "fast",
    "pools": "public",
    "bgp-advertisements": "public-hosts",
    "l2-advertisements": "lan",
    "communities": "backbone",
}
for _many, _name in _SHOWN.items():
    _one = f"/{_many}/lab/metallb-system/{_name}/"
    PAGES |= {_many: f"/{_many}/", f"{_many} one": _one, f"{_many} edit": f"{_one}edit/"}
    PAGES |= {f"{_many} new": f"/{_many}/new/", f"{_many} delete": f"{_one}delete/"}
_PATIENCE = 30_000  # milliseconds


@pytest.fixture(scope="module")
def down(demo: Demo) -> str:
    """The number of a session that is down."""
    return str(next(session["id"] for session in demo.sessions() if session["state"] != "Established"))


@pytest.fixture(scope="module")
def change(demo: Demo) -> str:
    """The number of the newest change, of an object that was made and is gone again."""
    made = {"kind": "BFDProfile", "metadata": {"name": "of-no-use"}, "spec": {"receiveInterval": 300}}
    assert demo.api("POST", "bfdprofiles/?wait=20s&message=A+trial,+ticket+4711", json=made).ok
    assert demo.api("DELETE", "bfdprofiles/lab/metallb-system/of-no-use/?wait=20s").ok
    return str(demo.api("GET", "changes/").json()["results"][0]["id"])


@pytest.fixture(scope="module")
def alarm(demo: Demo) -> str:
    """The number of an alarm that fires."""
    demo.api("POST", "alarm-rules/", json={"name": "Down at once", "kind": "session-down", "seconds": 0})
    found = eventually(lambda: demo.api("GET", "alarms/?state=firing").json()["results"], timeout=60)
    return str(found[0]["id"])


@pytest.fixture(scope="module")
def theme_context(browser: Browser, demo: Demo, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    width, theme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{"name": "theme", "value": theme, "url": demo.url}])
    sign_in(context.new_page(), demo)
    yield context
    context.close()


@pytest.mark.parametrize("theme_context", [(1280, "light"), (1280, "dark"), (390, "light")], indirect=True, ids=str)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_keeps_its_policy(
    theme_context: BrowserContext, demo: Demo, down: str, change: str, alarm: str, name: str
) -> None:
    page = theme_context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(demo.url + PAGES[name].format(down=down, change=change, alarm=alarm))
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{wider} pixels wider than the window"
    assert [text for text in complaints if "404" not in text] == []
    page.close()


def test_the_keyboard_reaches_search_rows_and_cells(page: Page, demo: Demo) -> None:
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.locator("#q").blur()
    page.keyboard.press("j")
    expect(page.locator("[data-row]").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-row]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("[data-row]").first).to_be_focused()
    first = page.locator(".matrix tbody td a").first
    first.focus()
    at = first.evaluate("link => [link.closest('td').cellIndex, link.closest('tr').sectionRowIndex]")
    page.keyboard.press("ArrowRight")
    now = page.evaluate("() => document.activeElement.closest('td').cellIndex")
    assert now > at[0]
    page.keyboard.press("ArrowLeft")
    expect(first).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sums_of_nodes_without_a_row_are_readable_in_every_health(page: Page, demo: Demo, theme: str) -> None:
    page.goto(f"{demo.url}/?vrf=ens4vrf&healthy=0")
    sums = page.locator(".matrix .more .cell")
    expect(sums.first).to_be_visible()
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    for health in ("up", "degraded", "down", "absent", "unknown", "late", "orphan"):
        sums.evaluate_all("(cells, health) => cells.forEach(cell => { cell.dataset.h = health })", health)
        found = Axe().run(page, context=".matrix .more", options={"runOnly": ["wcag2aa"]})
        assert found.violations_count == 0, found.generate_report()


def test_the_theme_changes_without_a_reload_and_stays(page: Page, demo: Demo) -> None:
    page.evaluate("window.neverReloaded = true")
    page.get_by_text("admin").first.click()
    page.get_by_role("button", name="dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert page.evaluate("window.neverReloaded") is True
    page.goto(f"{demo.url}/peers/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{demo.url}/api/docs/")
    expect(page.locator("html.dark-mode")).to_have_count(1)
    page.get_by_text("admin").first.click()
    page.get_by_role("button", name="light").click()
    expect(page.locator("html.dark-mode")).to_have_count(0)


def test_a_live_page_keeps_focus_and_scroll_while_it_is_replaced(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 500, "height": 700})
    cell = page.locator(".matrix tbody td a").last
    cell.focus()
    name = cell.get_attribute("id")
    page.locator("#matrix-scroll").evaluate("area => { area.scrollLeft = 120 }")
    page.evaluate("document.getElementById('board').replaced = false")
    page.evaluate("htmx.trigger(document.body, 'tick')")
    eventually(lambda: page.evaluate("document.getElementById('board').replaced === undefined"))
    expect(page.locator(f"#{name}")).to_be_focused()
    assert page.locator("#matrix-scroll").evaluate("area => area.scrollLeft") == 120


@contextmanager
def _frozen(demo: Demo, *programs: str) -> Iterator[None]:
    groups = [os.getpgid(int((demo.folder / "pids" / program).read_text())) for program in programs]
    for group in groups:
        os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)


def test_a_page_greys_itself_when_nobody_observes_any_more(page: Page, demo: Demo) -> None:
    board = page.locator("#board")
    expect(page.locator("#fresh .state")).to_have_text("live", timeout=_PATIENCE)
    with _frozen(demo, "beat", "worker-observe", "web"):
        expect(board).to_have_attribute("data-outdated", "", timeout=_PATIENCE)
        expect(page.locator("#fresh .state")).to_have_text("stale")
    expect(page.locator("#fresh .state")).to_have_text("live", timeout=2 * _PATIENCE)
    expect(page.locator("#board[data-outdated]")).to_have_count(0, timeout=_PATIENCE)


def test_a_question_to_frr_is_answered_on_the_page(page: Page, demo: Demo, down: str) -> None:
    page.goto(f"{demo.url}/sessions/{down}/")
    page.locator("#ask-neighbor").click()
    expect(page.locator("#answers pre")).to_contain_text("BGP neighbor is", timeout=_PATIENCE)
    page.locator("#refresh-now").click()
    expect(page.locator("#refresh-now")).to_have_text("Refresh now", timeout=_PATIENCE)


def test_mistakes_show_while_typing_and_the_input_keeps_its_focus(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/peers/new/")
    page.locator("[name=myASN]").fill("0")
    page.locator("[name=peerASN]").focus()
    expect(page.locator("#p-f-myASN")).to_contain_text("MetalLB refuses", timeout=_PATIENCE)
    expect(page.locator("[name=peerASN]")).to_be_focused()
    page.locator("[name=myASN]").fill("64500")
    page.locator("[name=nodeSelectors]").fill("kubernetes.io/hostname in (compute-1.example.com)")
    page.locator("[name=holdTime]").focus()
    expect(page.locator("#p-f-myASN")).not_to_contain_text("MetalLB refuses", timeout=_PATIENCE)
    expect(page.locator("#s-f-nodeSelectors")).to_have_text("Selects 1 of 6 nodes: compute-1.example.com.")


def test_yaml_is_judged_while_it_is_typed_and_the_cursor_stays(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}{_PEER}edit/?as=yaml")
    manifest = page.locator("textarea[name=yaml]")
    expect(page.locator("#verdict")).to_contain_text("ready", timeout=_PATIENCE)
    manifest.evaluate(
        "area => { const at = area.value.indexOf('64500'); area.focus(); area.setSelectionRange(at, at + 5); }"
    )
    page.keyboard.type("0")
    expect(page.locator("#verdict")).to_contain_text("MetalLB refuses", timeout=_PATIENCE)
    expect(manifest).to_be_focused()
    assert manifest.evaluate("area => area.value.slice(area.selectionStart - 8, area.selectionStart)") == "myASN: 0"


def test_a_check_that_another_one_overtakes_is_no_error(page: Page, demo: Demo) -> None:
    complaints: list[str] = []
    held: list[Route] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{demo.url}/guided/bfd/")
    page.route("**/guided/bfd/", lambda route: route.continue_() if held else held.append(route))
    asn = page.locator("[name='peer.myASN']")
    asn.fill("1")
    eventually(lambda: asn.is_visible() and held)
    asn.fill("0")
    page.wait_for_timeout(600)  # longer than a page waits for the next key
    held[0].continue_()
    expect(page.locator("#p-f-peer-myASN")).to_contain_text("MetalLB refuses", timeout=_PATIENCE)
    assert complaints == []


def test_nothing_of_the_first_screen_is_cut_without_a_word(page: Page) -> None:
    tops = "items => [...new Set(items.map(item => item.getBoundingClientRect().bottom))]"
    assert len(page.locator(".headline .counts > div").evaluate_all(tops)) == 1
    free = "input => parseFloat(getComputedStyle(input).width) - parseFloat(getComputedStyle(input).paddingInlineEnd)"
    assert page.locator("#q").evaluate(free) > 110  # room for the placeholder beside the key's name


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_matrix_that_goes_on_to_the_right_says_so_and_stops_where_it_ends(
    browser: Browser, demo: Demo, width: int, theme: str
) -> None:
    """By its style alone, without a script: a strip at the edge, which is gone where the last column ends."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": demo.url}])
    page = context.new_page()
    sign_in(page, demo)
    page.goto(demo.url)
    area = page.locator("#matrix-scroll")
    area.evaluate("area => { area.querySelector('table').innerHTML = '<tr><td>one</td></tr>' }")
    assert _is_blank(page, area)
    area.evaluate("area => { area.querySelector('table').style.minWidth = '2000px' }")
    assert not _is_blank(page, area)
    area.evaluate("area => { area.scrollLeft = area.scrollWidth }")
    assert _is_blank(page, area)
    context.close()


def _is_blank(page: Page, area: Locator) -> bool:
    """Whether the right edge of an area has one colour, that of the page beside it."""
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    right, top = box["x"] + box["width"] - 20, box["y"] + 4
    edge = page.screenshot(clip={"x": right, "y": top, "width": 8, "height": 8})
    return edge == page.screenshot(clip={"x": 2, "y": top, "width": 8, "height": 8})


@pytest.mark.parametrize("scripts", [True, False])
def test_a_refused_review_has_the_focus_on_what_to_solve(browser: Browser, demo: Demo, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 390, "height": 700})
    page = context.new_page()
    sign_in(page, demo)
    page.goto(f"{demo.url}/peers/new/")
    page.locator("[name=myASN]").fill("0")
    page.get_by_role("button", name="Review").last.click()
    expect(page.locator("#summary")).to_be_focused()
    expect(page.locator("#summary")).to_be_in_viewport()
    page.locator("#summary").get_by_role("link").first.click()
    expect(page.locator("[name=name]")).to_be_in_viewport()
    context.close()


def test_a_card_on_a_phone_says_what_its_numbers_are(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{demo.url}/speakers/")
    label = "cell => getComputedStyle(cell, '::before').content"
    assert "Restarts" in page.locator("td[data-label=Restarts]").first.evaluate(label)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.locator("td[data-label=Restarts]").first.evaluate(label) == "none"


def test_a_peer_is_made_and_deleted_without_any_script(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, demo)
    page.get_by_role("link", name="Peers").click()
    page.get_by_role("link", name="Add a peer").click()
    spec = {"name": "without-script", "myASN": "64500", "peerASN": "64650", "peerAddress": "10.1.0.77"}
    for name, value in {**spec, "routerID": "10.10.10.10"}.items():
        page.locator(f"[name='{name}']").fill(value)
    page.get_by_role("button", name="YAML").click()
    expect(page.locator("textarea[name=yaml]")).to_contain_text("peerAddress: 10.1.0.77")
    page.get_by_role("button", name="Review").last.click()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="without-script")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete without-script").click()
    expect(page).to_have_url(f"{demo.url}/peers/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("peers")
    context.close()


def test_an_advertisement_is_made_and_deleted_by_keyboard_without_any_script(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, demo)
    page.goto(f"{demo.url}/bgp-advertisements/new/")
    page.locator("[name=name]").fill("by-keyboard")
    page.get_by_label("not-announced").focus()
    page.keyboard.press("Space")
    page.get_by_label("tor-a").focus()
    page.keyboard.press("Space")
    page.locator("[name='communities[0]']").fill("65535:65282")
    page.get_by_role("button", name="Add a row").focus()
    page.keyboard.press("Enter")
    second = page.locator("[name='communities[1]']")
    expect(second).to_be_focused()
    page.keyboard.type("blue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    page.get_by_role("button", name="Apply").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="by-keyboard")).to_be_visible()
    expect(page.locator("dl.facts").last).to_contain_text("no-advertise")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("checkbox", name="loses its last announcement").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Delete by-keyboard").click()
    expect(page.get_by_role("heading", name="BGP advertisements")).to_be_visible()
    context.close()
