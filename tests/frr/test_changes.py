"""What changes while sessions run: objects of the cluster, nodes, and what FRR or MetalLB refuses."""

from __future__ import annotations

import pytest

from lab.frr.daemons import ConfigRefusedError
from tests.frr.cluster import COMPUTE_1, COMPUTE_2, CONTROL, RealCluster, peer
from tests.waiting import eventually

pytestmark = pytest.mark.frr

PLAIN = ("default", "10.1.0.1")


def holders(cluster: RealCluster) -> set[str]:
    """The nodes that have a session with the plain router."""
    return {node for node in (COMPUTE_1, COMPUTE_2, CONTROL) if PLAIN in cluster.neighbors(node)}


def test_a_selector_moves_the_session_and_deletion_ends_it(cluster: RealCluster) -> None:
    cluster.apply(peer("plain", "10.1.0.1", peerASN=64601, nodeSelectors=[{"matchLabels": {"role": "compute"}}]))
    assert holders(cluster) == {COMPUTE_1, COMPUTE_2}

    cluster.apply(peer("plain", "10.1.0.1", peerASN=64601, nodeSelectors=[{"matchLabels": {"role": "control"}}]))
    assert holders(cluster) == {CONTROL}

    cluster.apply()
    assert holders(cluster) == set()


def test_an_unnumbered_neighbor_that_is_removed_is_no_refusal(cluster: RealCluster) -> None:
    """frr-reload.py of 8.4 fails once; MetalLB's debouncer, internal/bgp/frr/config.go, tries again."""
    kept = peer("plain", "10.1.0.1", peerASN=64601)
    cluster.apply(kept, peer("direct", interface="ens9", dynamicASN="external", holdTime="9s", keepaliveTime="3s"))

    cluster.apply(kept)

    assert not any(cluster.fleet.refusals.values()), cluster.fleet.refusals
    assert set(cluster.neighbors(COMPUTE_1)) == {PLAIN}


def test_text_that_frr_cannot_parse_leaves_the_old_configuration_in_force(cluster: RealCluster) -> None:
    cluster.apply(peer("plain", "10.1.0.1", peerASN=64601))
    daemons = cluster.fleet.node(COMPUTE_1)
    before = cluster.vtysh(COMPUTE_1, "show running-config")

    with pytest.raises(ConfigRefusedError, match="neighbor nonsense"):
        cluster.wait(daemons.reload("router bgp 65000\n neighbor nonsense nonsense\nexit\n"))

    assert cluster.vtysh(COMPUTE_1, "show running-config") == before


def test_a_replaced_pod_starts_anew_with_the_configuration_in_force(cluster: RealCluster) -> None:
    cluster.apply(peer("plain", "10.1.0.1", peerASN=64601))
    cluster.reaches("10.1.0.1", "Established")

    cluster.wait(cluster.fleet.restart(COMPUTE_1))

    assert cluster.reaches("10.1.0.1", "Established")["connectionsEstablished"] == 1


def test_exec_runs_vtysh_and_nothing_else(cluster: RealCluster) -> None:
    def run(*argv: str) -> tuple[bytes, int]:
        result = cluster.wait(cluster.fleet.exec(COMPUTE_1, argv))
        return result.stdout, result.code

    stdout, code = run("vtysh", "-c", "show version")
    assert stdout.startswith(b"FRRouting")
    assert code == 0
    assert run("vtysh", "-c", "show nonsense")[1] == 1
    assert run("sh", "-c", "id") == (b"", 127)
    assert run("vtysh", "-c", "start-shell bash") == (b"", 1)
    assert run("vtysh", "-f", "/etc/passwd") == (b"", 1)


def test_a_node_that_joins_gets_its_sessions_and_one_that_leaves_takes_them_along(cluster: RealCluster) -> None:
    everywhere = peer("plain", "10.1.0.1", peerASN=64601)
    cluster.apply(everywhere, without=CONTROL)
    with pytest.raises(KeyError):
        cluster.fleet.node(CONTROL)

    cluster.apply(everywhere)

    eventually(lambda: cluster.neighbors(CONTROL)[PLAIN]["bgpState"] == "Established")
