"""Native mode: sessions as far as the speakers' metrics tell them, by a right that nobody needs to give.

The metrics' names and labels are those of MetalLB's speaker (internal/bgp/native), as is `peer="address:port"`.
"""

from __future__ import annotations

import pytest

from alarms.evaluation import evaluate
from alarms.models import Alarm
from alarms.models import Rule as AlarmRule
from clusters import clock
from clusters.models import Node
from clusters.observing import decide, observing_write
from dashboard import observe
from dashboard.native import reports
from lab.apiserver import Rule, User
from lab.apiserver.proxy import Asked
from speakers.models import Session, Speaker
from speakers.selectors import sessions
from tests.clusters.cluster import NAMESPACE, RunningCluster, node, peer, pod
from tests.clusters.conftest import Office

pytestmark = pytest.mark.embedded("needs pods that answer over HTTP")
TOLD = b"""# HELP metallb_bgp_session_up BGP session state (1 is up, 0 is down)
# TYPE metallb_bgp_session_up gauge
metallb_bgp_session_up{peer="192.0.2.1:179"} 1
metallb_bgp_session_up{peer="192.0.2.2:179"} 0
# TYPE metallb_bgp_announced_prefixes_total gauge
metallb_bgp_announced_prefixes_total{peer="192.0.2.1:179"} 7
"""


def _reading(kube: RunningCluster, answer: tuple[int, bytes]) -> list[Asked]:
    asked: list[Asked] = []

    async def answered(one: Asked) -> tuple[int, bytes]:
        asked.append(one)
        return answer

    kube.server.proxy = answered
    return asked


@pytest.fixture
def native(kube: RunningCluster, office: Office) -> Office:
    """MetalLB 0.15 in native mode on one node, with three peers."""
    speaker = pod("speaker-a", "node-1", "speaker", component="speaker")
    speaker["spec"]["containers"][0]["image"] = "quay.io/metallb/speaker:v0.15.3"
    kube.add(node("node-1"), speaker, *(peer(f"tor-{n}", peerAddress=f"192.0.2.{n}") for n in (1, 2, 3)))
    office.look()
    office.cluster.refresh_from_db()
    return office


def health(office: Office) -> dict[str, str]:
    observe.nodes_look(office.cluster, observe.cluster_nodes(office.cluster) or [])
    return {row.neighbor: row.health for row in sessions(cluster=office.cluster)}


def test_metrics_tell_what_is_established_and_nothing_else_is_made_up(kube: RunningCluster, native: Office) -> None:
    asked = _reading(kube, (200, TOLD))
    assert health(native) == {"192.0.2.1": "up", "192.0.2.2": "down", "192.0.2.3": "unknown"}
    assert asked == [Asked(NAMESPACE, "speaker-a", "http", 7472, "/metrics")]
    up, down = (Session.objects.get(neighbor=f"192.0.2.{n}") for n in (1, 2))
    assert (up.prefixes_sent, up.remote_as, up.prefixes_received) == (7, None, None)
    assert (down.reason, down.evidence) == ("only-metrics", {"metallb_bgp_session_up": 0})
    assert Speaker.objects.get().source == "metrics"


@pytest.mark.parametrize("tag", ["v0.16.0", "by-a-mirror"])
def test_from_0_16_on_nothing_can_be_known_so_nobody_is_asked_and_no_alarm_fires(
    kube: RunningCluster, native: Office, tag: str
) -> None:
    """MetalLB 0.16.0 put the speakers' metrics behind a token; an API server passes none on to pods that it proxies."""
    type(native.cluster).objects.update(metallb_version=tag)
    native.cluster.refresh_from_db()
    assert observing_write(native.cluster)
    assert (native.cluster.observing, "ask for a token" in native.cluster.observing_why) == ("nothing", True)
    AlarmRule.objects.all().delete()
    AlarmRule.objects.create(name="unknown", kind="session-unknown", seconds=0)
    asked = _reading(kube, (401, b"Unauthorized"))
    assert set(health(native).values()) == {"unknown"}
    assert asked == []
    assert "Use FRR-K8s mode" in Speaker.objects.get().error
    evaluate(clock.now())
    assert not Alarm.objects.exists()


def test_without_the_right_nothing_is_known_and_it_is_said_why(kube: RunningCluster, native: Office) -> None:
    plain = ("nodes", "pods", "services", "namespaces", "events", "secrets")
    rights = (Rule(groups=("metallb.io", "discovery.k8s.io")), Rule(groups=("",), resources=plain))
    kube.call(kube.server.tokens.add, "no-proxy-token", User("bgpui", rights))
    type(native.cluster).objects.update(kubeconfig=str(kube.kubeconfig_of("no-proxy-token")), permissions_at=None)
    type(native.cluster).objects.update(discovered_at=None)
    native.cluster.refresh_from_db()
    native.look()
    native.cluster.refresh_from_db()
    asked = _reading(kube, (200, TOLD))
    assert set(health(native).values()) == {"unknown"}
    found = decide(native.cluster)
    assert (found.way, asked) == ("nothing", [])
    assert "native mode: there is no FRR" in found.why
    assert f"get pods/proxy in {NAMESPACE}" in found.why
    assert not [one for one in native.cluster.permissions if one["subresource"] == "exec" and not one["optional"]]
    assert Node.objects.count() == 1


@pytest.mark.parametrize(
    "text", [b"\xff", b'metallb_bgp_session_up{peer="192.0.2.1:179"', b"metallb_bgp_session_up{peer=", b"x" * 5_000_000]
)
def test_what_is_no_metric_is_an_error(text: bytes) -> None:
    assert isinstance(reports(text), str)


def test_addresses_are_those_of_the_sessions() -> None:
    line = b'metallb_bgp_session_up{peer="[2001:db8:0::1]:179"} 1\nmetallb_bgp_session_up{peer="tor"} 1\n'
    assert reports(line) == {"2001:db8::1": (("Established", ""), None)}
