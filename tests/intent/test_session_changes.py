"""What edits do to sessions, peer by peer; that FRR does so is held against the real one in tests/frr."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.session_changes import SessionChange, session_changes
from intent.snapshot import Mode, Resource, Snapshot
from tests.intent.manifests import ALL, NODES, RACK_A, RACK_B, peer, profile

Manifest = dict[str, Any]
OUTCOMES = ("opened", "closed", "reset", "may_reset", "changed")
HERE = ("default", "10.0.0.1")


def changes(before: list[Manifest], after: list[Manifest], mode: Mode = Mode.FRR, **more: Any) -> list[SessionChange]:
    """Every object of either side is part of the edit, but those that are the same."""
    old, new = (Snapshot.from_manifests(some, mode=mode, nodes=NODES) for some in (before, after))
    was: dict[Any, Resource | None] = {one.ref: None for one in new.resources if one not in old.resources}
    was |= {one.ref: one for one in old.resources if one not in new.resources}
    was |= {one.ref: one for one in old.resources if one.ref in more.get("passwords", ())}
    return list(session_changes(new, was, **more))


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ({}, {"peerASN": 64777}, "reset"),
        ({}, {"peerASN": None, "dynamicASN": "external"}, "reset"),
        ({}, {"myASN": 64777}, "reset"),
        ({}, {"localASN": 64777}, "reset"),
        ({}, {"routerID": "10.9.9.9"}, "reset"),
        ({}, {"sourceAddress": "10.0.0.11"}, "reset"),
        ({}, {"ebgpMultiHop": True}, "reset"),
        ({}, {"dualStackAddressFamily": True}, "reset"),
        ({}, {"passwordSecret": {"name": "one"}}, "reset"),
        ({"passwordSecret": {"name": "one"}}, {"passwordSecret": {"name": "two"}}, "reset"),
        ({"bfdProfile": "fast"}, {}, "may_reset"),
        ({"bfdProfile": "fast"}, {"peerASN": 64777}, "reset"),
        ({}, {"bfdProfile": "fast"}, "changed"),
        ({}, {"holdTime": "30s", "keepaliveTime": "10s"}, "changed"),
        ({}, {"connectTime": "7s"}, "changed"),
        ({}, {"peerPort": 1790}, "changed"),
    ],
)
def test_fields_that_end_a_session_and_fields_that_it_takes(old: Manifest, new: Manifest, outcome: str) -> None:
    (found,) = changes([peer(**old)], [peer(**new)])
    fields = {"password" if name == "passwordSecret" else name for name in {*old, *new}}
    assert (found.peer, found.vrf, found.neighbor, set(found.fields)) == ("peer", *HERE, fields)
    assert {name: nodes for name in OUTCOMES if (nodes := getattr(found, name))} == {outcome: ALL}


def test_sessions_open_and_close_where_the_nodes_change_and_move_with_the_router() -> None:
    assert changes([peer(**RACK_A)], [peer(**RACK_B)]) == [SessionChange("peer", *HERE, opened=ALL[2:], closed=ALL[:2])]
    assert changes([peer()], [peer(peerAddress="10.0.0.9", vrf="red")]) == [
        SessionChange("peer", *HERE, closed=ALL),
        SessionChange("peer", "red", "10.0.0.9", opened=ALL),
    ]
    assert changes([peer()], [peer(holdTime="30s", **RACK_A)]) == [
        SessionChange("peer", *HERE, closed=ALL[2:], changed=ALL[:2], fields=("holdTime", "keepaliveTime"))
    ]
    assert changes([], [peer(myASN=0)]) == []


def test_a_bfd_profile_changes_the_sessions_of_the_peers_that_name_it() -> None:
    peers = [peer("a", bfdProfile="fast"), peer("b", peerAddress="10.0.0.2")]
    slower = SessionChange("a", *HERE, changed=ALL, fields=("transmitInterval",))
    assert changes([*peers, profile()], [*peers, profile(transmitInterval=900)]) == [slower]
    assert changes([*peers, profile("other")], [*peers, profile("other", transmitInterval=900)]) == []


def test_a_new_password_and_a_recreation_cannot_be_seen_in_the_objects() -> None:
    ref = Resource.from_manifest(peer()).ref
    assert changes([peer()], [peer()], passwords=[ref]) == [
        SessionChange("peer", *HERE, reset=ALL, fields=("password",))
    ]
    was = {ref: Resource.from_manifest(peer())}
    after = Snapshot.from_manifests([peer()], mode=Mode.FRR, nodes=NODES)
    assert session_changes(after, was, recreated=[ref]) == (SessionChange("peer", *HERE, opened=ALL, closed=ALL),)
    nowhere = replace(after, nodes=())
    assert session_changes(nowhere, was, recreated=[ref]) == ()


def test_native_mode_ends_a_session_for_any_change() -> None:
    """MetalLB's native speaker closes the session object of a peer that was edited (speaker/bgp_controller.go)."""
    for value in ("30s", "90s"):  # an unset one differs for MetalLB from its default of 90s
        (found,) = changes([peer()], [peer(holdTime=value)], Mode.NATIVE)
        assert (found.reset, "holdTime" in found.fields) == (ALL, True)
    assert changes([peer(holdTime="90s")], [peer(holdTime="1m30s")], Mode.NATIVE) == []


_PEERS = st.dictionaries(
    st.sampled_from(("tor-a", "tor-b", "tor-c")),
    st.fixed_dictionaries(
        {"peerAddress": st.sampled_from(("10.0.0.1", "10.0.0.2"))},
        optional={
            "vrf": st.just("red"),
            "peerASN": st.sampled_from((64501, 64777)),
            "holdTime": st.just("30s"),
            "bfdProfile": st.just("fast"),
            "passwordSecret": st.just({"name": "one"}),
            "nodeSelectors": st.sampled_from((RACK_A["nodeSelectors"], RACK_B["nodeSelectors"])),
        },
    ),
).map(lambda drawn: [profile("fast"), *(peer(name, **spec) for name, spec in drawn.items())])


@given(_PEERS, _PEERS)
def test_a_change_and_its_inverse_cancel(before: list[Manifest], after: list[Manifest]) -> None:
    """What opens closes again, what runs on with other values runs on with the old ones; the end of BFD may reset."""

    def told(found: list[SessionChange], *, back: bool) -> set[Any]:
        return {
            (
                (each.peer, each.vrf, each.neighbor),
                (each.closed, each.opened) if back else (each.opened, each.closed),
                frozenset((*each.reset, *each.may_reset, *each.changed)),
                frozenset(each.fields),
            )
            for each in found
        }

    assert told(changes(before, after), back=False) == told(changes(after, before), back=True)
    assert changes(before, before) == []


@given(_PEERS, _PEERS, st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(before: list[Manifest], after: list[Manifest], random: Any) -> None:
    expected = changes(before, after)
    for some in (before, after):
        random.shuffle(some)
    assert changes(before, after) == expected
