"""Every procedure of the OpenShift documentation in a browser on a running demo, up to sessions and routes.

The plain peer, "Configuring a BGP peer", is made in `test_whole_loop`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from intent.kinds import KINDS
from tests.demo import Demo, start
from tests.documented import ANSWERS, MADE, MANIFESTS, WORKLOAD
from tests.e2e.conftest import sign_in
from tests.waiting import eventually

SOON = 45_000  # milliseconds; the demo looks every 2 s, this machine may be busy
_ALL = ",".join(kind.plural for kind in KINDS.values())
_NODES = {"doc-example-nodesel": 2}  # on how many of the six nodes a peer has sessions


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of its own whose cluster has none of the demo's objects: the documentation begins with none, too."""
    demo = start(tmp_path_factory.mktemp("bare"), NODES="6")
    demo.kubectl("delete", "namespace", "shop", "media", "platform", "--wait=false")
    yield demo
    demo.stop()


@pytest.fixture
def empty(bare: Demo) -> Demo:
    """The same without what a test before has made."""
    bare.kubectl("delete", _ALL, "--all", "-n", "metallb-system")
    eventually(lambda: bare.api("GET", "bgppeers/").json()["count"] == 0, timeout=30)
    eventually(lambda: bare.api("GET", "ipaddresspools/").json()["count"] == 0, timeout=30)
    eventually(lambda: bare.api("GET", "bgpadvertisements/").json()["count"] == 0, timeout=30)
    eventually(lambda: bare.api("GET", "bfdprofiles/").json()["count"] == 0, timeout=30)
    return bare


@pytest.fixture
def guest(context: BrowserContext, empty: Demo) -> Page:
    """A page, signed in."""
    page = context.new_page()
    sign_in(page, empty)
    return page


def answer(page: Page, slug: str) -> None:
    """Fill in what the documentation says."""
    folded = page.locator("details[id^=more-]:not([open]) > summary")
    while folded.count():
        folded.first.click()
    for name, value in ANSWERS[slug].items():
        if name == "nodes":
            for node in value:
                page.locator(f"input[name=nodes][value='{node}']").check()
        elif name == "by":
            page.locator(f"#by-{value}").check()
        elif value == "true":
            page.locator(f"input[type=checkbox][name='{name}']").check()
        elif not name.startswith("rows."):
            page.locator(f"[name='{name}']:not([type=hidden])").fill(value)


def review_and_apply(page: Page) -> None:
    """Go on to Review, and apply."""
    page.get_by_role("button", name="Review", exact=True).last.click()
    expect(page.get_by_text("accepted by the API server").or_(page.get_by_text("accepted")).first).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="Change set", exact=False).first).to_be_visible()
    expect(page.locator("h1 + p .state")).to_have_text("applied", timeout=SOON)


def live(demo: Demo, kind: str, name: str) -> dict[str, Any]:
    """The object as kubectl shows it."""
    place = MANIFESTS[kind, name]["metadata"].get("namespace")
    where = ["-n", place] if place else []
    found: dict[str, Any] = json.loads(demo.kubectl("get", kind.lower(), name, *where, "-o", "json").stdout)
    return found


def equal_to_the_documented(demo: Demo, slug: str) -> None:
    """kubectl shows what the documentation says, and what the CRD fills in; the sessions come up."""
    for kind, name in MADE[slug]:
        found = live(demo, kind, name)
        assert found["spec"] == KINDS[kind].with_defaults(MANIFESTS[kind, name]["spec"])
        assert not {"labels", "annotations"} & found["metadata"].keys()
        if kind == "BGPPeer":
            eventually(partial(up, demo, name), timeout=45)


def up(demo: Demo, peer: str) -> bool:
    """Whether all sessions of a peer are Established, in its VRF, on the nodes that it is for."""
    spec = MANIFESTS["BGPPeer", peer]["spec"]
    place = {"vrf": spec.get("vrf", "default"), "neighbor": spec["peerAddress"], "state": "Established"}
    rows = demo.sessions(peer=peer)
    same = all({name: row[name] for name in place} == place for row in rows)
    return same and len(rows) == _NODES.get(peer, 6)


@pytest.mark.parametrize("slug", [slug for slug in MADE if slug != "vrf"])
def test_a_guided_way_makes_what_is_documented(guest: Page, empty: Demo, slug: str) -> None:
    guest.goto(f"{empty.url}/guided/")
    guest.locator(f"#guide-{slug}").click()
    answer(guest, slug)
    review_and_apply(guest)
    equal_to_the_documented(empty, slug)


def test_a_service_is_exposed_through_a_vrf_checked_and_removed(guest: Page, empty: Demo) -> None:
    guest.goto(f"{empty.url}/guided/vrf/")
    answer(guest, "vrf")
    guest.locator("#workload").check()
    expect(guest.locator("#verdict")).to_contain_text("ready", timeout=SOON)
    review_and_apply(guest)
    equal_to_the_documented(empty, "vrf")
    for pair in WORKLOAD:
        assert live(empty, *pair)["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "bgpui"

    def assigned() -> bool:
        ingress = live(empty, "Service", "server1")["status"].get("loadBalancer", {}).get("ingress", [])
        return [one["ip"] for one in ingress] == ["192.169.10.0"]

    eventually(assigned, timeout=45)
    guest.get_by_role("link", name="Checks of frrviavrf").click()
    expect(guest.get_by_role("heading", name="1. The speakers run passed")).to_be_visible(timeout=SOON)
    expect(guest.get_by_role("heading", name="2. The session is Established in ens4vrf passed")).to_be_visible()
    routes = guest.get_by_role("table", name="Advertised prefixes")
    expect(routes.get_by_text("192.169.10.0/32")).to_have_count(6, timeout=SOON)
    guest.get_by_role("button", name="Ask FRR now").click()
    expect(guest.get_by_role("heading", name="3. The service is advertised passed")).to_be_visible(timeout=SOON)
    expect(guest.get_by_role("heading", name="4. The way back configured on 6 nodes")).to_be_visible()
    expect(guest.get_by_text("oc get -n metallb-system pods -l component=speaker")).to_be_visible()

    routes.get_by_role("link", name="test/server1").first.click()
    expect(guest.get_by_role("heading", name="server1")).to_be_visible()
    expect(guest.locator("main")).to_contain_text("192.169.10.0")
    expect(guest.locator("main")).to_contain_text("first-pool")
    expect(guest.locator("main")).to_contain_text("frrviavrf")

    guest.goto(f"{empty.url}/guided/checks/lab/metallb-system/frrviavrf/")
    guest.get_by_role("link", name="Remove the test workload").click()
    guest.get_by_role("button", name="Apply").click()
    expect(guest.locator("h1 + p .state")).to_have_text("applied", timeout=SOON)
    gone = [empty.kubectl("get", kind.lower(), name, "-n", "test", check=False).returncode for kind, name in WORKLOAD]
    assert 0 not in gone


def test_pools_get_peers_of_their_own_without_any_script(browser: Browser, empty: Demo) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, empty)
    page.get_by_role("link", name="Guided").click()
    page.get_by_role("link", name="Announce pools to peers of their own").click()
    page.get_by_role("button", name="Add a pool and a peer").click()
    expect(page.locator("fieldset.group")).to_have_count(3)
    page.get_by_role("button", name=re.compile("Leave this pair out.*peer 3")).click()
    expect(page.locator("fieldset.group")).to_have_count(2)
    answer(page, "pools")
    page.get_by_role("button", name="Review", exact=True).last.click()
    page.get_by_role("link", name="Back").click()
    expect(page.locator("[name='peer-2.peerAddress']")).to_have_value("10.0.0.2")
    page.get_by_role("button", name="Review", exact=True).last.click()
    page.get_by_role("button", name="Apply").click()
    eventually(lambda: up(empty, "peer1") and up(empty, "peer2"), timeout=45)
    context.close()


def test_a_dual_stack_pair_is_made_with_the_keyboard_alone(guest: Page, empty: Demo) -> None:
    guest.goto(f"{empty.url}/guided/dual-stack/")

    def reach(selector: str) -> None:
        for _ in range(80):
            if guest.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            guest.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    for name, value in ANSWERS["dual-stack"].items():
        reach(f"[name='{name}']")
        guest.keyboard.type(value)
    guest.keyboard.press("Enter")
    expect(guest.get_by_role("heading", name="Review: Peer over IPv4 and IPv6")).to_be_visible()
    reach("button[value=apply]")
    guest.keyboard.press("Enter")
    expect(guest.locator("h1 + p .state")).to_have_text("applied", timeout=SOON)
    equal_to_the_documented(empty, "dual-stack")
