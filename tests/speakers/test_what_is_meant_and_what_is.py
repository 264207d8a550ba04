"""What is meant beside what is, on the lab: frozen speakers, and prefixes that FRR originates and tells nobody."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters.models import ServiceAddress
from clusters.sync.findings import findings_write
from dashboard import lookup
from tests.speakers.lab import Observer
from tests.waiting import eventually


@pytest.fixture
def clients(db: None, django_user_model: type) -> tuple[APIClient, Client]:
    """A viewer's client of REST, and a browser."""
    user = django_user_model.objects.create_user("viewer")  # type: ignore[attr-defined]
    role_give(user=user, role="viewer")
    api, browser = APIClient(), Client()
    api.force_authenticate(user)
    browser.force_login(user)
    return api, browser


def test_a_peer_with_a_missing_profile_freezes_all_nodes_though_every_session_goes_on(
    observer: Observer, clients: tuple[APIClient, Client]
) -> None:
    """MetalLB's webhook leaves references out of account, and its speakers refuse the whole (internal/config)."""
    api, browser = clients
    where = "bgppeers", observer.lab.release.namespace, "tor-b"

    def frozen() -> list[dict[str, object]]:
        observer.relist()
        findings_write(observer.cluster)
        observer.sweep()
        found = api.get("/api/v1/problems/?page_size=200").json()["results"]
        rows = [one for one in found if one["kind"] == "configuration"]
        assert all("MetalLB says" in one["detail"] for one in rows), "the report has come, too"
        return rows

    observer.running.call(observer.lab.store.patch, *where, {"spec": {"bfdProfile": "nowhere"}})
    try:

        def one() -> dict[str, object]:
            (row,) = frozen()
            return row

        row = eventually(one, timeout=30, interval=0.3)
        assert (row["health"], row["sessions"], row["number_of_nodes"]) == ("old", 0, 4)
        assert {"object": "BGPPeer tor-b", "page": "/peers/lab/metallb-system/tor-b/"} in row["objects"]  # type: ignore[operator]
        page = browser.get("/").text
        assert "old configuration" in page
        assert "Old config" in page
    finally:
        observer.running.call(observer.lab.store.patch, *where, {"spec": {"bfdProfile": None}})

    eventually(lambda: not frozen(), timeout=30, interval=0.3)


def test_what_frr_originates_is_not_announced_while_all_its_routers_are_down(
    observer: Observer, clients: tuple[APIClient, Client]
) -> None:
    api, browser = clients
    row = ServiceAddress.objects.filter(pool="nearly-full").select_related("service")[0]  # tor-a and tor-b are told
    service = f"/api/v1/services/lab/{row.service.namespace}/{row.service.name}/"
    routers = ("10.1.0.1", "10.1.0.2")

    def looked() -> lookup.Lookup:
        observer.sweep()
        return lookup.look_up(observer.cluster, row.address)

    def announced() -> bool:
        found = looked()
        assert (found.announcing, found.silent, found.untold) == (4, 0, 0)
        assert {(one.peer, one.neighbor) for each in found.rows for one in each.told} == {
            ("tor-a", "10.1.0.1"), ("tor-b", "10.1.0.2")
        }  # fmt: skip
        return all(one["announced"] for one in api.get(service).json()["announcements"][0]["nodes"])

    def dark() -> bool:
        found = looked()
        assert (found.announcing, found.silent, found.untold, found.missing) == (0, 4, 8, 0)
        return all(one.why and one.href for each in found.rows for one in each.untold)

    eventually(announced, timeout=60, interval=0.3)
    for address in routers:
        observer.running.call(observer.lab.routers.change, address, shutdown="maintenance")
    try:
        eventually(dark, timeout=60, interval=0.3)
        assert "originated, but told to nobody" in browser.get(f"/routes/?prefix={row.address}").text
        (standing,) = api.get(service).json()["announcements"][0]["nodes"]
        assert (standing["meant"], standing["announced"]) == (True, False)
        assert (standing["sessions"]["meant"], standing["sessions"]["up"]) == (8, 0)
        assert "meant to be announced, but told to nobody" in browser.get(row.service.get_absolute_url()).text
    finally:
        for address in routers:
            observer.running.call(observer.lab.routers.change, address, shutdown=None)
