"""What simulated speakers show of the prefixes that they announce, beside what real FRR showed of the same ones."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from intent.announcements import Announcement
from intent.communities import parse_community
from intent.rules.secrets import BASIC_AUTH
from intent.snapshot import Mode, Node, SecretFact, Snapshot
from lab.routers import Router, Routers
from lab.speakers.clock import ManualClock
from lab.speakers.session import Session
from lab.speakers.simulated import Fittings, SimulatedSpeakers
from tests.intent.manifests import advertisement, cluster, peer, pool, service
from tests.lab.speakers.build import Bench, announcement
from tests.lab.speakers.recordings import read

VRF: dict[str, Any] = {"vrf": "storage", "my_asn": 64510, "peer_asn": 64510, "router_id": "10.4.0.100"}
ROUTERS = (
    Router("core", ("10.4.0.1", "fd00:4::1"), (64510,), vrf="storage"),
    Router("plain", ("10.1.0.1",), (64601,)),
)
RECORDED = "frr8.4.4-announcing-show-bgp-vrf-{}.{}"


@pytest.fixture
def made() -> Bench:
    """The node that was recorded (tests/frr/test_prefixes.py): LOCAL_PREF 250 for one of two prefixes."""
    made = Bench(*ROUTERS, version="8.4.4", storage=1)
    made.speaker.address = "172.18.0.11"
    made.speaker.router_ids = {"storage": "10.4.0.100"}
    made.add("10.4.0.1", announced=(announcement("198.51.100.7/32"), announcement("203.0.113.9/32", 250)), **VRF)
    made.add("fd00:4::1", announced=(announcement("2001:db8:5::/80", 250), announcement("2001:db8:6::1:7/128")), **VRF)
    made.add(
        "10.1.0.1", announced=(announcement("198.51.100.7/32"), announcement("203.0.113.0/28", 250)), peer_asn=64601
    )
    return made.after(10)


@pytest.mark.parametrize(
    ("command", "recorded"),
    [
        ("show bgp vrf storage ipv4", "storage-ipv4"),
        ("show bgp vrf storage ipv6", "storage-ipv6"),
        *(
            (f"show bgp vrf {vrf} {family} unicast neighbors {name} advertised-routes", recorded)
            for vrf, family, name, recorded in (
                ("storage", "ipv4", "10.4.0.1", "storage-ipv4-neighbors-10.4.0.1-advertised-routes"),
                ("storage", "ipv6", "fd00:4::1", "storage-ipv6-neighbors-fd00:4::1-advertised-routes"),
                ("storage", "ipv6", "10.4.0.1", "storage-ipv6-neighbors-10.4.0.1-advertised-routes"),
                ("default", "ipv4", "10.1.0.1", "default-ipv4-neighbors-10.1.0.1-advertised-routes"),
            )
        ),
    ],
)
def test_the_text_is_the_recorded_one(made: Bench, command: str, recorded: str) -> None:
    assert made.vtysh(command) == read(RECORDED.format(recorded, "txt"))


def test_a_local_preference_is_shown_as_recorded_whether_it_is_set_or_frrs_own(made: Bench) -> None:
    ours = made.vtysh("show bgp vrf storage ipv4 unicast neighbors 10.4.0.1 advertised-routes json")
    assert ours == read(RECORDED.format("storage-ipv4-neighbors-10.4.0.1-advertised-routes", "json"))


def test_counters_say_what_goes_out_per_family() -> None:
    made = Bench(Router("tor", ("10.0.0.1",), (64501,), families=("ipv4",)))
    own = announcement("203.0.113.9/32"), announcement("203.0.113.10/32"), announcement("2001:db8::9/128")
    made.add("10.0.0.1", announced=own, families=("ipv4", "ipv6"))
    neighbor = neighbors(made)["10.0.0.1"]
    assert "sentPrefixCounter" not in neighbor["addressFamilyInfo"]["ipv4Unicast"]  # as FRR: no group before it is up
    families = neighbors(made.after(10))["10.0.0.1"]["addressFamilyInfo"]
    assert families["ipv4Unicast"]["sentPrefixCounter"] == 2
    assert "sentPrefixCounter" not in families["ipv6Unicast"]  # the router does not have this family
    summary = json.loads(made.vtysh("show bgp vrf default summary json"))
    assert [summary[f]["peers"]["10.0.0.1"]["pfxSnt"] for f in ("ipv4Unicast", "ipv6Unicast")] == [2, 0]
    made.routers.change("10.0.0.1", shutdown="")
    assert (
        json.loads(made.vtysh("show bgp vrf default ipv4 unicast neighbors 10.0.0.1 advertised-routes json"))[
            "advertisedRoutes"
        ]
        == {}
    )


def neighbors(made: Bench) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.vtysh("show bgp vrf default neighbors json"))
    return found


NODE = "compute-1.example.com"
OBJECTS = peer("tor"), pool(), advertisement()


class Speakers:
    """Simulated speakers of one node, and what it tells the router at 10.0.0.1."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        routers = Routers([Router("tor", ("10.0.0.1",), (64501,)), Router("tor-2", ("10.0.0.2",), (64501,))])
        self.speakers = SimulatedSpeakers(routers, Fittings(lambda _node: "10.5.3"), self.clock)

    async def apply(self, snapshot: Snapshot) -> list[str]:
        """The prefixes that are sent ten seconds later."""
        await self.speakers.apply(snapshot, {})
        self.clock.advance(10)
        return [each.prefix for each in self.session.sent("ipv4")]

    @property
    def session(self) -> Session:
        return self.speakers.session(NODE, "10.0.0.1")

    async def version(self) -> int:
        asked = "show bgp vrf default ipv4 unicast json"
        answer = json.loads((await self.speakers.exec(NODE, ["vtysh", "-c", asked])).stdout)
        return int(answer["tableVersion"])


async def test_prefixes_come_and_go_with_services_endpoints_labels_and_pools_and_the_session_stays() -> None:
    node = Node(NODE, {"rack": "a"}, ("10.0.0.11",))
    web = service("web", "203.0.113.9", nodes=(NODE,), labels={"app": "web"})
    narrow = advertisement(
        serviceSelectors=[{"matchLabels": {"app": "web"}}], nodeSelectors=[{"matchLabels": {"rack": "a"}}]
    )
    objects = peer("tor"), pool(), narrow
    steps = [
        (cluster(*objects, nodes=(node,), services=(web,)), ["203.0.113.9/32"]),
        (cluster(*objects, nodes=(node,), services=(service("web", "203.0.113.9", nodes=()),)), []),
        (cluster(*objects, nodes=(node,), services=(web,)), ["203.0.113.9/32"]),
        (cluster(*objects, nodes=(Node(NODE, {"rack": "b"}, node.addresses),), services=(web,)), []),
        (cluster(*objects, nodes=(node,), services=(web, service("api", "203.0.113.10"))), ["203.0.113.9/32"]),
        (
            cluster(*objects[:2], advertisement(aggregationLength=24), nodes=(node,), services=(web,)),
            ["203.0.113.0/24"],
        ),
        (cluster(peer("tor"), pool(addresses=["198.51.100.0/24"]), narrow, nodes=(node,), services=(web,)), []),
        (cluster(*objects, nodes=(node,)), []),
    ]
    speakers, versions, sent = Speakers(), [], []
    for snapshot, expected in steps:
        assert await speakers.apply(snapshot) == expected
        versions.append(await speakers.version())
        sent.append(speakers.session.counters.updates_sent)
    assert versions == [1, 2, 3, 4, 5, 6, 7, 7]
    assert sent == [2, 3, 4, 5, 6, 8, 9, 9]  # End-of-RIB; then each withdrawal and each new prefix is an UPDATE
    assert (speakers.session.counters.established, speakers.session.counters.dropped) == (1, 0)


async def test_other_attributes_go_out_again() -> None:
    speakers, web = Speakers(), (service("web", "203.0.113.9"),)
    await speakers.apply(cluster(*OBJECTS, services=web))
    await speakers.apply(cluster(*OBJECTS[:2], advertisement(communities=["65000:1"]), services=web))
    (only,) = speakers.session.announced
    assert (only.communities, speakers.session.counters.updates_sent) == ((parse_community("65000:1"),), 3)


async def test_the_running_configuration_has_the_prefixes() -> None:
    speakers = Speakers()
    await speakers.apply(cluster(*OBJECTS, services=(service("web", "203.0.113.9"),)))
    text = (await speakers.speakers.exec(NODE, ["vtysh", "-c", "show running-config"])).stdout.decode()
    assert "  network 203.0.113.9/32\n" in text


@pytest.mark.parametrize(("mode", "kept"), [(Mode.FRR, 2), (Mode.FRR_K8S, 1)])
async def test_frr_k8s_keeps_what_it_has_where_a_prefix_has_two_preferences(mode: Mode, kept: int) -> None:
    gold, tin = ({"serviceSelectors": [{"matchLabels": {"tier": tier}}]} for tier in ("gold", "tin"))
    advertised = advertisement("a", localPref=100, **gold), advertisement("b", localPref=200, **tin)
    services = (
        service("web", "203.0.113.9", labels={"tier": "gold"}),
        service("x", "203.0.113.9", labels={"tier": "tin"}),
    )
    speakers = Speakers()
    await speakers.apply(cluster(peer("tor"), pool(), *advertised, services=services[:1], mode=mode))
    sent = await speakers.apply(
        cluster(
            peer("tor"),
            pool(),
            *advertised,
            services=(*services, service("y", "203.0.113.8", labels={"tier": "tin"})),
            mode=mode,
        )
    )
    assert (len(sent), speakers.speakers.refusals[NODE]) == (kept, "")  # the speaker itself has nothing against it


# --frrk8s-secret-passthrough: MetalLB's speaker looks at no Secret, FRR-K8s does (api_to_config.go).
@pytest.mark.parametrize(("type_", "kept"), [(BASIC_AUTH, 1), ("Opaque", 0)])
async def test_frr_k8s_keeps_what_it_has_where_a_secret_that_it_looks_at_is_of_no_use(type_: str, kept: int) -> None:
    fact = SecretFact("metallb-system", "key", type=type_)
    secured = peer("tor", passwordSecret={"name": "key"}), pool(), advertisement()
    services = (service("web", "203.0.113.9"),)
    snapshot = cluster(*secured, services=services, secrets=(fact,), mode=Mode.FRR_K8S)
    speakers = Speakers()
    await speakers.speakers.apply(replace(snapshot, nodes=(Node(NODE),), secret_passthrough=True), {"tor": "x"})
    assert len(speakers.speakers.speakers[NODE].sessions) == kept
    assert speakers.speakers.refusals[NODE] == ""


def test_an_announcement_without_preference_is_shared_between_sessions() -> None:
    own: tuple[Announcement, ...] = (announcement("203.0.113.9/32"),)
    made = Bench(*ROUTERS, version="10.3")
    made.add("10.1.0.1", announced=own)
    made.add("10.1.0.2", announced=(announcement("203.0.113.0/24"), *own))
    assert made.speaker.networks("default", "ipv4") == ["203.0.113.0/24", "203.0.113.9/32"]
    assert made.speaker.networks("default", "ipv6") == []
