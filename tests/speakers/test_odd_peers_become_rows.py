"""Unnumbered, dynamic and asdot neighbors, peer groups and graceful restart, as FRR 8.4.4 and 10.3 print them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from speakers import live
from speakers.frr import parse
from speakers.models import Session, Speaker
from speakers.sweep import Observation
from tests.speakers import samples
from tests.speakers.lab import RunningLab, observing
from tests.speakers.seen import T0, cluster, intended, swept
from tests.waiting import eventually

pytestmark = pytest.mark.django_db


def observed(version: str, neighbors: str) -> parse.Answer:
    head = (samples.OWN / f"frr{version}-show-version.txt").read_bytes()
    bfd = (samples.OWN / f"frr{version}-show-bfd-peers.json").read_bytes()
    answer = parse.answer(head + (samples.OWN / neighbors).read_bytes() + bfd)
    assert isinstance(answer, parse.Answer)
    return answer


@pytest.mark.parametrize("version", ["8.4.4", "10.3"])
def test_every_sort_of_neighbor_is_a_row_of_its_own(version: str, redis_url: str) -> None:
    owner, answer = cluster(), observed(version, f"frr{version}-show-bgp-vrf-all-neighbors.json")
    wanted = {"node-1": [intended("node-1", "eth1", families=("ipv4", "ipv6"))]}
    seen = Observation("node-1", T0, answer=answer)
    swept(cluster=owner, observations=[seen], expected=wanted)
    live.nodes_put(owner.pk, [live.NodeAnswer("node-1", T0.timestamp(), answer.document, answer.bfd_document)])

    unnumbered = Session.objects.get(vrf="default", neighbor="eth1")
    assert (unnumbered.state, unnumbered.intended, unnumbered.peer) == ("Established", True, "tor")
    detail = live.session_detail(unnumbered)
    assert detail is not None
    assert detail.neighbor.unnumbered_address.startswith("fe80::")
    assert detail.neighbor.graceful_restart_modes[0].startswith("Helper")
    dynamic = Session.objects.get(vrf="default", neighbor="172.18.0.6")
    assert (dynamic.state, dynamic.intended) == ("Established", False)
    detail = live.session_detail(dynamic)
    assert detail is not None
    assert (detail.neighbor.peer_group, detail.neighbor.range_group) == ("PG", "172.18.0.6/32")
    # The AS number of `remote-as external` is not known before the router has said it.
    assert Session.objects.get(vrf="default", neighbor="172.18.0.97").remote_as is None


@pytest.mark.parametrize("notation", ["asdot", "asdotplus"])
def test_as_numbers_with_dots_are_numbers(notation: str) -> None:
    answer = observed("10.3", f"frr10.3-{notation}-show-bgp-vrf-all-neighbors.json")
    swept(cluster=cluster(), observations=[Observation("node-1", T0, answer=answer)], expected={})
    assert set(Session.objects.values_list("local_as", flat=True)) == {65536}
    assert all(isinstance(number, int) for number in Session.objects.values_list("remote_as", flat=True))


def test_nodes_with_several_releases_of_frr_say_the_same(tmp_path: Path, redis_url: str) -> None:
    """During an upgrade; the releases that MetalLB has shipped since 0.13.10 print the same facts otherwise."""
    versions = {"compute-1.example.com": "8.4.2", "compute-2.example.com": "9.1_git", "compute-3.example.com": "10.5.3"}
    running = RunningLab(tmp_path, nodes=3, seed_peers=True, frr_versions=versions)
    with closing(running), observing(running) as observer:

        def said() -> dict[tuple[str, str], set[tuple[str, str]]]:
            observer.sweep()
            found: dict[tuple[str, str], set[tuple[str, str]]] = {}
            for row in Session.objects.all():
                found.setdefault((row.vrf, row.neighbor), set()).add((row.state, row.cause))
            assert found["default", "10.1.0.1"] == {("Established", "")}
            assert [key for key, several in found.items() if len(several) > 1] == []
            return found

        eventually(said, interval=0.5)
        assert dict(Speaker.objects.values_list("node", "frr_version")).items() >= versions.items()
