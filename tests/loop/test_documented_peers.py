"""Every BGPPeer of the OpenShift documentation, word for word, by kubectl and by REST: what people see of it."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.loop.documents import DEFAULTS, DOCUMENTS, PROFILE, manifest
from tests.loop.stack import NODES, ONE, TWO, Row, Stack

WAYS = ("kubectl", "rest")
BFD, PLAIN = "doc-example-peer-bfd", "doc-example-peer"


def apply(stack: Stack, name: str, way: str) -> None:
    """Bring a document into the cluster, and the profile that it names."""
    if name == BFD:
        stack.kubectl_apply(PROFILE)
        stack.relist()
    if way == "kubectl":
        stack.kubectl_apply(DOCUMENTS[name])
        stack.relist()
    else:
        answer = stack.put(manifest(DOCUMENTS[name]))
        assert (answer.status_code, answer.json()["sync"]["state"]) == (201, "in_sync"), answer.content


def established(name: str) -> set[Row]:
    """The rows that a document's sessions have once they are up."""
    spec = manifest(DOCUMENTS[name])["spec"]
    nodes = (ONE, TWO) if "nodeSelectors" in spec else NODES
    place = spec.get("vrf", "default"), spec["peerAddress"]
    return {Row(node, *place, name, "Established", "up", "") for node in nodes}


@pytest.mark.parametrize("running", ["simulated"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_documented_peer_is_shown_as_it_was_written_and_its_sessions_come_up(
    fresh: Stack, name: str, way: str
) -> None:
    come_up(fresh, (name,), way)


# What may stand together; all of them at once break MetalLB's rules about router IDs, AS numbers and duplicates.
TOGETHER = (
    (PLAIN, "peer2"),
    ("peer1",),
    ("frrviavrf", "doc-example-nodesel"),
    (BFD,),
    ("doc-example-dual-stack-ipv4", "doc-example-dual-stack-ipv6"),
)


# The ways differ up to the API server, so that on real FRR, which takes seconds, each document takes one of them.
@pytest.mark.parametrize("running", [pytest.param("frr", marks=pytest.mark.frr)], indirect=True)
@pytest.mark.parametrize(("names", "way"), zip(TOGETHER, cycle(WAYS), strict=False), ids=lambda some: str(some[-1]))
def test_documented_peers_come_up_on_real_frr_too(fresh: Stack, names: tuple[str, ...], way: str) -> None:
    assert sorted(name for some in TOGETHER for name in some) == sorted(DOCUMENTS)
    come_up(fresh, names, way)


def come_up(stack: Stack, names: tuple[str, ...], way: str) -> None:
    """Apply documents; they are shown as they were written, and their sessions are where they belong, Established."""
    for name in names:
        apply(stack, name, way)
    stack.see({row for name in names for row in established(name)})
    for name in names:
        written = manifest(DOCUMENTS[name])
        shown, in_cluster = stack.get(name), stack.kubectl_get(name)
        assert shown["spec"] == written["spec"] | DEFAULTS
        assert in_cluster is not None
        assert in_cluster["spec"] == written["spec"] | DEFAULTS
        assert {ref: in_cluster[ref] for ref in ("apiVersion", "kind")} == {
            ref: written[ref] for ref in ("apiVersion", "kind")
        }
        assert (shown["sync"]["state"], shown["metadata"]["generation"]) == ("in_sync", 1)
        assert [finding for finding in shown["findings"] if finding["severity"] != "warning"] == []
        spec, said = written["spec"], stack.sessions(peer=name)
        assert {(row["remote_as"], row["local_as"]) for row in said} == {(spec["peerASN"], spec["myASN"])}
        assert {spec.get("routerID", row["local_router_id"]) for row in said} == {
            row["local_router_id"] for row in said
        }
        assert name in stack.page("/peers/")
        assert spec["peerAddress"] in stack.page(f"/peers/lab/metallb-system/{name}/")
        again = stack.put(shown)
        assert (again.status_code, again.json()["metadata"]["generation"], again.json()["sync"]["revision"]) == (
            200,
            1,
            shown["sync"]["revision"],
        )


def findings(stack: Stack) -> set[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Every finding about a peer once: code, severity, the objects' names, and the nodes where it bites."""
    return {
        (found["code"], found["severity"], tuple(ref["name"] for ref in found["objects"]), tuple(found["nodes"]))
        for peer in stack.peers().values()
        for found in peer["findings"]
    }


ALL = tuple(sorted(DOCUMENTS))
DESERVED = {
    ("router-id-differs", "error", ALL, NODES),  # F1: three have one, five have none
    ("duplicate-neighbor", "error", (PLAIN, "peer1"), NODES),  # F2 at 10.0.0.1
    ("duplicate-neighbor", "error", ("doc-example-dual-stack-ipv4", "doc-example-nodesel", BFD), NODES),  # at 10.0.20.1
    # F3 is about one VRF, where all have 64500
    ("vrf-technology-preview", "warning", ("frrviavrf",), ()),
}


def test_all_documented_peers_together_get_the_findings_they_deserve_and_no_node_takes_them(fresh: Stack) -> None:
    fresh.kubectl_apply(PROFILE, *DOCUMENTS.values())
    fresh.relist()
    fresh.sweep()

    assert findings(fresh) == DESERVED
    page = fresh.page("/peers/")
    for name, peer in fresh.peers().items():
        assert name in page
        named = {found["code"] for found in peer["findings"]}
        assert named == {code for code, _, objects, _ in DESERVED if name in objects}
        assert "routerID must be the same in all peers" in fresh.page(f"/peers/lab/metallb-system/{name}/")
    assert "64500 in the default VRF" in fresh.page("/clusters/lab/")
    assert {(row.health, row.reason) for row in fresh.rows()} == {("absent", "not-configured")}
    refusals = fresh.do(lambda lab: dict(lab.speakers.refusals))
    assert all("routerID must be the same" in refusals[node] for node in NODES)


@pytest.mark.parametrize(
    ("name", "code", "clash"),
    [
        ("peer1", "duplicate-neighbor", ["peer1", PLAIN]),
        ("frrviavrf", "router-id-differs", ["frrviavrf", PLAIN]),
    ],
)
def test_by_rest_a_document_that_clashes_with_another_is_refused_and_both_are_named(
    fresh: Stack, name: str, code: str, clash: list[str]
) -> None:
    apply(fresh, PLAIN, "rest")
    answer = fresh.put(manifest(DOCUMENTS[name]))
    (found,) = answer.json()["findings"]
    assert (answer.status_code, found["code"], [ref["name"] for ref in found["objects"]]) == (422, code, clash)
    assert fresh.kubectl_get(name) is None


def test_without_its_profile_the_bfd_peer_leaves_every_node_with_its_old_configuration(fresh: Stack) -> None:
    old = "doc-example-dual-stack-ipv6"
    apply(fresh, old, "kubectl")
    fresh.see(established(old))
    since = {row["node"]: row["established_at"] for row in fresh.sessions()}
    before = [running_config(fresh, node) for node in NODES]

    refused = fresh.put(manifest(DOCUMENTS[BFD]))
    assert (refused.status_code, refused.json()["findings"][0]["code"]) == (422, "bfd-profile-missing")
    fresh.kubectl_apply(DOCUMENTS[BFD])

    absent = {row._replace(state="Absent", health="absent", reason="not-configured") for row in established(BFD)}
    fresh.see(established(old) | absent)
    assert findings(fresh) == {("bfd-profile-missing", "error", (BFD, "doc-example-bfd-profile-full"), NODES)}
    assert [running_config(fresh, node) for node in NODES] == before
    assert {row["node"]: row["established_at"] for row in fresh.sessions(peer=old)} == since

    fresh.kubectl_apply(PROFILE)
    fresh.see(established(old) | established(BFD))
    assert findings(fresh) == set()


def running_config(stack: Stack, node: str) -> str:
    """What FRR on the node runs, as one sees it with kubectl."""
    pod = stack.speaker(node)["pod"]
    return stack.kubectl("exec", pod, "-c", "frr", "--", "vtysh", "-c", "show running-config")
