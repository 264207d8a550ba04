"""The documentation's checks of a peer on one page: what each says, why it is red; and a GET asks nothing."""

from __future__ import annotations

from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters import clock
from clusters.changesets.signals import changeset_applied
from clusters.kube.permissions import VERBS
from clusters.kube.plain import MANAGED_BY, PLAIN_KINDS
from clusters.models import ChangeSet, ChangeSetItem, Cluster, Service, StatusObject
from clusters.tasks import apply_changeset
from dashboard.tasks import ask_of_changeset
from lab.seed.network import vrf_policy
from pools.models import BGPAdvertisement
from speakers import live
from speakers.frr.routes import Path, Table
from speakers.models import Session
from tests.kinds import saved
from tests.pages.conftest import Browser
from tests.pages.rows import EXAMPLE, a_peer, a_session, a_speaker, down
from tests.pages.services import a_service
from tests.pages.test_resources import text

PAGE = "/guided/checks/lab/metallb-system/frrviavrf/"
POLICIES = "nodenetworkconfigurationpolicies.nmstate.io"


@pytest.fixture
def exposed(cluster: Cluster, redis_url: str) -> Cluster:
    """A service that is exposed through a VRF, on three nodes; nobody was asked yet."""
    a_peer(cluster, "frrviavrf", {**EXAMPLE, "vrf": "ens4vrf", "peerAddress": "192.168.130.1"})
    saved(cluster, "IPAddressPool", name="first-pool", spec={"addresses": ["192.169.10.0/32"]})
    announce = {"ipAddressPools": ["first-pool"], "peers": ["frrviavrf"]}
    saved(cluster, "BGPAdvertisement", name="first-adv", spec=announce)
    a_service(cluster, "server1", "192.169.10.0", namespace="test", pool="first-pool")
    for number in range(3):
        speaker = a_speaker(cluster, f"node-{number}", phase="Running")
        a_session(speaker, "192.168.130.1", peer="frrviavrf", vrf="ens4vrf", families=["ipv4Unicast"])
    return cluster


def say(session: Session, *prefixes: str) -> None:
    """FRR's answer about its table."""
    paths = [Path(network=prefix, valid=True, best=True, peer_id="(unspec)") for prefix in prefixes]
    table = Table(vrf="ens4vrf", paths=paths, total=len(prefixes))
    live.command_put(session.pk, "ipv4", live.CommandResult(clock.now(), "oc", ok=True, table=table))


def test_each_check_passes_with_what_frr_says(viewer: Client, exposed: Cluster) -> None:
    for session in Session.objects.all():
        say(session, "192.169.10.0/32")
    page = viewer.get(PAGE).text
    said = text(page)
    assert "1. The speakers run passed" in said
    assert "2. The session is Established in ens4vrf passed" in said
    assert "3. The service is advertised passed" in said
    assert said.count("advertised") >= 4
    assert 'href="/services/lab/test/server1/"' in page
    assert "oc get -n metallb-system pods -l component=speaker" in said
    assert "show bgp vrf ens4vrf ipv4" in page
    assert "show bgp vrf ens4vrf neighbors 192.168.130.1" in page


def test_a_check_that_fails_says_why(viewer: Client, exposed: Cluster) -> None:
    one, two, three = Session.objects.order_by("node")
    one.speaker.ready = "3/4"
    one.speaker.save()
    Session.objects.filter(pk=two.pk).update(**down())
    say(one, "192.169.10.0/32")
    say(three)
    said = text(viewer.get(PAGE).text)
    assert "1. The speakers run failed" in said
    assert "3/4 of its containers are ready." in said
    assert "2. The session is Established in ens4vrf failed" in said
    assert "The hold timer expired" in said
    assert "3. The service is advertised failed" in said
    assert "The session is not Established, so nothing goes out." in said
    assert "FRR&#x27;s table" in viewer.get(PAGE).text


def test_what_is_not_asked_is_not_known_and_a_get_asks_nothing(
    viewer: Client, exposed: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def send_task(name: str, args: tuple[int, ...], **_: Any) -> None:
        asked.append((name, Session.objects.get(pk=args[0]).node))

    monkeypatch.setattr(current_app, "send_task", send_task)
    assert "3. The service is advertised not known" in text(viewer.get(PAGE).text)
    assert asked == []
    assert viewer.post(f"{PAGE}ask/")["Location"] == PAGE
    assert asked == [("dashboard.tasks.show_routes", f"node-{number}") for number in range(3)]
    page = viewer.get(PAGE).text
    assert "Asking FRR" in page
    assert "every 1s" in page
    viewer.post(f"{PAGE}ask/")
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"endpoint_nodes": []}, "test/server1: no endpoint of it is ready anywhere"),
        ({"addresses": [], "pool": ""}, "No service has an address of first-pool."),
    ],
)
def test_nothing_to_advertise_has_a_reason(
    viewer: Client, exposed: Cluster, change: dict[str, Any], words: str
) -> None:
    exposed.services.update(**change)
    assert words in text(viewer.get(PAGE).text)


def test_a_peer_that_no_advertisement_is_for_says_so(viewer: Client, exposed: Cluster) -> None:
    BGPAdvertisement.objects.all().delete()
    saved(exposed, "BGPAdvertisement", name="first-adv", spec={"ipAddressPools": ["first-pool"], "peers": ["other"]})
    assert "No BGPAdvertisement with a pool is for this peer." in text(viewer.get(PAGE).text)


def test_the_way_back_is_unknown_unless_policies_prove_it(viewer: Client, exposed: Cluster) -> None:
    said = text(viewer.get(PAGE).text)
    assert "4. The way back not known" in said
    assert "does not serve nmstate's policies" in said
    assert "route-table-id: 2" in said
    assert "next-hop-address: 192.168.130.1" in said
    Cluster.objects.update(served={POLICIES: ["v1"]})
    assert "No policy of nmstate mentions the VRF ens4vrf." in text(viewer.get(PAGE).text)
    body = {"spec": {**vrf_policy()["spec"], "nodeSelector": {}}}
    row = StatusObject.objects.create(
        cluster=exposed, kind="NodeNetworkConfigurationPolicy", name="ens4vrf", body=body, seen_at=clock.now(),
        result="Degraded",
    )  # fmt: skip
    said = text(viewer.get(PAGE).text)
    assert "4. The way back not known" in said
    assert "the condition Available" in said
    StatusObject.objects.filter(pk=row.pk).update(result="Available")
    said = text(viewer.get(PAGE).text)
    assert "4. The way back configured on 3 nodes" in said
    assert "A policy to start from" not in said


def test_a_peer_of_the_default_vrf_has_no_way_back_to_prove(viewer: Client, cluster: Cluster, redis_url: str) -> None:
    a_peer(cluster, "frrviavrf")
    said = text(viewer.get(PAGE).text)
    assert "4. The way back" not in said
    assert "No node opens a session to it" in said


def test_the_page_costs_the_same_queries_for_any_number_of_nodes(viewer: Client, exposed: Cluster) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert viewer.get(PAGE).status_code == 200
        return len(captured)

    few = queries()
    for number in range(3, 30):
        exposed.nodes.create(name=f"node-{number}", uid=str(number))
        a_session(
            a_speaker(exposed, f"node-{number}", phase="Running"), "192.168.130.1", peer="frrviavrf", vrf="ens4vrf"
        )
    assert queries() == few
    assert "?page=2" in viewer.get(PAGE).text


def test_the_report_of_a_change_leads_to_the_checks_of_its_peers(viewer: Client, exposed: Cluster) -> None:
    made = ChangeSet.objects.create(cluster=exposed, state="applied", source="browser")
    ChangeSetItem.objects.create(
        change_set=made, position=0, kind="BGPPeer", namespace="metallb-system", name="frrviavrf", action="create",
        after={"spec": {}}, state="applied",
    )  # fmt: skip
    assert f'href="{PAGE}"' in viewer.get(f"/changes/sets/{made.pk}/").text
    assert f'href="{PAGE}"' in viewer.get("/peers/lab/metallb-system/frrviavrf/").text


@pytest.mark.parametrize(
    ("pool", "label", "offered"),
    [("first-pool", "bgpui", True), ("other", "bgpui", False), ("first-pool", "helm", False), ("", "bgpui", False)],
)
def test_the_test_is_removed_where_it_was_made_for(
    browser: Browser, exposed: Cluster, settings: Any, pool: str, label: str, offered: bool
) -> None:
    settings.BGPUI_TEST_WORKLOADS = frozenset({"lab"})
    Cluster.objects.update(permissions=[
        {"verb": verb, "group": kind.group, "resource": kind.plural, "allowed": True}
        for kind in PLAIN_KINDS.values() for verb in VERBS
    ])  # fmt: skip
    Service.objects.update(pool=pool, labels={MANAGED_BY: label})
    a_peer(exposed, "elsewhere", {**EXAMPLE, "peerAddress": "192.168.130.9"})
    admin = browser("admin")
    assert ("Remove the test workload" in admin.get(PAGE).text) is offered
    assert "Remove the test workload" not in admin.get(PAGE.replace("frrviavrf", "elsewhere")).text
    if not pool:  # it has no address yet, and the change set says what it was made with
        made = ChangeSet.objects.create(cluster=exposed)
        for position, ref in enumerate((("Service", "test", "server1"), ("BGPPeer", "metallb-system", "frrviavrf"))):
            kind, namespace, name = ref
            ChangeSetItem.objects.create(
                change_set=made, position=position, api_version="v1", kind=kind, namespace=namespace, name=name
            )
        assert "Remove the test workload" in admin.get(PAGE).text


def test_frr_is_asked_by_itself_once_a_change_set_is_in_force_and_its_sessions_stand(
    exposed: Cluster, editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: asked.append((name, args)))
    change_set = ChangeSet.objects.create(cluster=exposed, state="applied", settled_at=clock.now())
    item = {"api_version": "metallb.io/v1beta1", "namespace": "metallb-system", "action": "create"}
    after = {"spec": {"peers": ["frrviavrf"]}}
    change_set.items.create(position=0, kind="BGPAdvertisement", name="first-adv", after=after, **item)
    again = ("dashboard.tasks.ask_of_changeset", (change_set.pk, 0))

    apply_changeset(change_set.pk)  # a worker that comes late finds nothing to do
    assert asked == []
    changeset_applied.send(ChangeSet, change_set=change_set)
    assert asked == [again]

    up = list(Session.objects.order_by("node"))
    Session.objects.filter(pk=up[0].pk).update(state="Active")
    asked.clear()
    ask_of_changeset(change_set.pk, 0)
    routes = [("dashboard.tasks.show_routes", (session.pk, "ipv4")) for session in up]
    assert asked == [*routes[1:], ("dashboard.tasks.ask_of_changeset", (change_set.pk, 1))]

    for session in up[1:]:
        say(session)
    Session.objects.update(state="Established")
    asked.clear()
    ask_of_changeset(change_set.pk, 1)
    assert asked == routes[:1]

    change_set.items.create(position=1, kind="BGPPeer", name="frrviavrf", after={}, **item)
    page = editor.get(change_set.get_absolute_url()).text
    assert f'data-kind="primary" href="{PAGE}">Checks of frrviavrf</a>' in page
