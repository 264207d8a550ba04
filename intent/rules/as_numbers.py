"""The AS number of the nodes, of which each VRF has one (MetalLB's F3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from intent.findings import ObjectRef, Severity, shown
from intent.rules.advertised import whole
from intent.rules.sharing import Comparison, meeting_now, members_of, never_meeting, where_compared
from intent.rules.subject import OPENSHIFT, VALIDATION
from intent.rules.view import View
from intent.snapshot import Resource, text


def comparisons(view: View) -> Iterator[Comparison]:
    """The ways in which AS numbers can clash: within a VRF, and across them."""
    by_vrf: dict[str, list[Resource]] = defaultdict(list)
    for peer in view.peers:
        by_vrf[text(peer.spec.get("vrf"))].append(peer)
    hint = "Give all peers the same myASN. One that meets others cannot change alone: delete those first."
    for vrf, peers in sorted(by_vrf.items()):
        where = f"VRF {shown(vrf)}" if vrf else "the default VRF"
        members = members_of(view, _my_asn, filter(_has_as, peers))
        yield Comparison(
            "my-asn-differs",
            Severity.ERROR,
            "myASN",
            f"myASN must be the same in all peers of {where} {where_compared(view)}",
            VALIDATION,
            hint,
            members,
            meeting_now(view),
            speaker=True,
            shared=True,
        )
        yield Comparison(
            "my-asn-differs-elsewhere",
            Severity.DOCUMENTED,
            "myASN",
            f"myASN must be the same in all peers; this MetalLB accepts others where peers of {where} never meet",
            OPENSHIFT,
            hint,
            members,
            never_meeting(view),
        )
    yield _as_numbers_across_vrfs(view, by_vrf)


def _as_numbers_across_vrfs(view: View, by_vrf: dict[str, list[Resource]]) -> Comparison:
    """The page asks for one myASN everywhere, and yet its own VRF example has another; so the change that brings one in

    is told, and of what stands it is said once (`intent.notices`).
    """
    numbers = [{_my_asn(peer) for peer in peers if _has_as(peer)} for peers in by_vrf.values()]
    differ = len(set().union(*numbers)) > 1 and all(len(number) <= 1 for number in numbers)
    return Comparison(
        "my-asn-differs-across-vrfs",
        Severity.WARNING,
        "myASN",
        "The OpenShift documentation asks for one myASN in all peers; MetalLB runs one AS for each VRF",
        OPENSHIFT,
        "Check that the VRFs are meant to have AS numbers of their own.",
        members_of(view, _my_asn, filter(_has_as, view.peers)) if differ else (),
        lambda one, other: 1,
        told=_told(view),
    )


def _told(view: View) -> set[ObjectRef]:
    """Among changes, only those that give a VRF an AS number: what stands is not told again at each other edit."""

    def place(spec: Mapping[str, Any]) -> tuple[str, int | None]:
        return text(spec.get("vrf")), whole(spec.get("myASN"))

    known = {place(peer.live) for peer in view.peers if peer.live}
    return {peer.ref for peer in view.peers if peer.live is None or place(peer.spec) not in known}


def _my_asn(peer: Resource) -> str:
    return shown(peer.spec.get("myASN"))


def _has_as(peer: Resource) -> bool:
    """One without an AS number that can be is wrong by itself."""
    number = whole(peer.spec.get("myASN"))
    return number is not None and 0 < number < 1 << 32
