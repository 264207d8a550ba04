"""Services on the running demo: what the rules say agrees with what MetalLB reports, and follows kubectl."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

_PATIENCE = 30_000  # milliseconds
_LATE = """
apiVersion: v1
kind: Service
metadata: {name: late-comer, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: late-comer}
  ports: [{port: 80}]
"""


def _all(demo: Demo, path: str) -> list[dict[str, Any]]:
    response = demo.api("GET", path, params={"page_size": "1000"})
    response.raise_for_status()
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def test_the_rules_announce_what_metallb_reports_from_the_same_nodes(demo: Demo) -> None:
    # ServiceBGPStatus lists the peers by prefix, whether a session has the family or not: nodes are compared
    def agree() -> bool:
        told: dict[tuple[str, str], set[str]] = {}
        for one in _all(demo, "servicebgpstatuses/"):
            told.setdefault((one["service_namespace"], one["service_name"]), set()).add(one["node"])
        services = _all(demo, "services/")
        assert len(services) >= 15
        for service in services:
            key = service["namespace"], service["name"]
            one = demo.api("GET", f"services/lab/{key[0]}/{key[1]}/").json()
            groups = [group for address in one["announcements"] for group in address["nodes"] if not group["reason"]]
            assert {node for group in groups for node in group["nodes"]} == told.get(key, set()), key
        return bool(told)

    eventually(agree, timeout=60, interval=1)


def test_pools_count_what_metallbs_controller_counts(demo: Demo) -> None:
    def agree() -> bool:
        pools = _all(demo, "ipaddresspools/")
        for pool in pools:
            for use in filter(None, (pool["use"][family] for family in ("ipv4", "ipv6"))):
                assert (use["used"], use["free"]) == (use["assigned"], use["available"]), pool["metadata"]["name"]
        return len(pools) >= 8

    eventually(agree, timeout=60, interval=1)


def test_a_service_that_kubectl_makes_shows_up_and_goes(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/services/?q=late-comer")
    expect(page.get_by_text("No service matches.")).to_be_visible()
    demo.kubectl("apply", "-f", "-", stdin=_LATE)
    try:
        expect(page.get_by_role("link", name="late-comer")).to_be_visible(timeout=_PATIENCE)
        page.get_by_role("link", name="late-comer").click()
        expect(page.get_by_text("No endpoint of it is ready anywhere")).to_be_visible(timeout=_PATIENCE)
    finally:
        demo.kubectl("delete", "service", "late-comer", "-n", "shop")
    page.goto(f"{demo.url}/services/?q=late-comer")
    expect(page.get_by_text("No service matches.")).to_be_visible(timeout=_PATIENCE)
