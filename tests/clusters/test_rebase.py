"""An edit on top of what others did meanwhile, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.edits.rebase import Contested, rebase
from intent.kinds import KINDS
from tests.clusters.cluster import peer

KIND = KINDS["BGPPeer"]
NODES = [{"matchLabels": {"rack": "1"}}]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ({}, {"connectTime": "20s"}, {"holdTime": "90s"}, {"connectTime": "20s", "holdTime": "90s"}),
        (
            {"holdTime": "33s"},
            {"holdTime": "33s", "vrf": "red"},
            {"holdTime": "99s"},
            {"holdTime": "99s", "vrf": "red"},
        ),
        ({"holdTime": "33s"}, {"holdTime": "33s"}, {}, {}),
        ({"holdTime": "33s"}, {}, {"holdTime": "33s", "vrf": "red"}, {"vrf": "red"}),
        ({}, {"holdTime": "90s"}, {"holdTime": "90s", "vrf": "red"}, {"holdTime": "90s", "vrf": "red"}),
        ({}, {"peerPort": 179}, {"vrf": "red"}, {"vrf": "red"}),  # the default that the CRD fills in is no change
        ({}, {"nodeSelectors": NODES}, {"vrf": "red"}, {"nodeSelectors": NODES, "vrf": "red"}),
        ({"passwordSecret": {"name": "a"}}, {}, {"passwordSecret": {"name": "a"}, "vrf": "red"}, {"vrf": "red"}),
        ({}, {"vrf": "red"}, {"aFieldOfTomorrow": 7}, {"vrf": "red", "aFieldOfTomorrow": 7}),
        ({"ebgpMultiHop": True}, {"ebgpMultiHop": True, "vrf": "red"}, {}, {"vrf": "red"}),
    ],
)
def test_what_one_side_alone_changed_is_kept(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any], merged: dict[str, Any]
) -> None:
    found = rebase(KIND, peer(**base), peer(**mine), peer(**theirs))
    assert KIND.canonical(found.manifest["spec"]) == peer(**merged)["spec"]
    assert found.contested == ()


def test_what_both_changed_is_contested_and_as_the_edit_wants_it() -> None:
    found = rebase(KIND, peer(holdTime="33s"), peer(holdTime="50s"), peer(holdTime="99s", vrf="red"))
    assert found.contested == (Contested(("spec", "holdTime"), "33s", "50s", "99s"),)
    assert found.manifest["spec"] == peer(holdTime="50s", vrf="red")["spec"]
    assert [diff.path for diff in found.followed] == ["spec.vrf"]


def test_a_removal_is_a_change_like_any_other() -> None:
    theirs = rebase(KIND, peer(holdTime="33s"), peer(holdTime="50s"), peer())
    ours = rebase(KIND, peer(holdTime="33s"), peer(), peer(holdTime="99s"))
    assert [(field.mine, field.theirs) for field in (*theirs.contested, *ours.contested)] == [
        ("50s", None),
        (None, "99s"),
    ]
    assert "holdTime" not in ours.manifest["spec"]


def test_an_atomic_map_is_one_field() -> None:
    """passwordSecret has x-kubernetes-map-type: atomic (metallb.io_bgppeers.yaml): a half of it is nobody's wish."""
    base, mine, theirs = (
        peer(passwordSecret=secret) for secret in ({"name": "a"}, {"name": "b"}, {"name": "a", "namespace": "x"})
    )
    found = rebase(KIND, base, mine, theirs)
    assert [field.path for field in found.contested] == ["spec.passwordSecret"]
    assert found.manifest["spec"]["passwordSecret"] == {"name": "b"}


def test_a_choice_decides_for_every_field_in_which_the_sides_differ() -> None:
    base = peer(holdTime="33s")
    mine, theirs = peer(holdTime="50s", connectTime="20s"), peer(holdTime="99s", vrf="red")
    sides = {field.path: field.changed_by for field in rebase(KIND, base, mine, theirs).sides}
    assert sides == {"spec.holdTime": "both", "spec.connectTime": "mine", "spec.vrf": "theirs"}
    turned = rebase(
        KIND, base, mine, theirs, {"spec.holdTime": "theirs", "spec.connectTime": "theirs", "spec.vrf": "mine"}
    )
    assert (turned.manifest["spec"], turned.contested) == (peer(holdTime="99s")["spec"], ())


def test_labels_are_told_apart_and_keys_with_dots_are_one_key() -> None:
    base, mine, theirs = (
        peer(labels=labels)
        for labels in (
            {"a.example/x": "1", "b": "1"},
            {"a.example/x": "2", "b": "1"},
            {"a.example/x": "3", "b": "2", "c": "1"},
        )
    )
    found = rebase(KIND, base, mine, theirs)
    assert found.manifest["metadata"]["labels"] == {"a.example/x": "2", "b": "2", "c": "1"}
    (field,) = found.contested
    assert (field.keys, field.path) == (("metadata", "labels", "a.example/x"), 'metadata.labels["a.example/x"]')


def test_of_an_object_that_appeared_meanwhile_only_what_differs_is_contested() -> None:
    found = rebase(KIND, None, peer(holdTime="33s"), peer(vrf="red", peerASN=64999))
    assert [field.path for field in found.contested] == ["spec.peerASN"]
    assert found.manifest["spec"] == peer(holdTime="33s", vrf="red")["spec"]


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ({"spec": {"holdTime": "1s"}}, True),
        ({"spec": {"holdTime": None}}, True),
        ({"spec": None}, True),
        ({"spec": {"vrf": "red"}}, False),
        ({}, False),
    ],
)
def test_a_merge_patch_names_a_field_or_what_is_above_it(patch: dict[str, Any], named: bool) -> None:
    assert Contested(("spec", "holdTime"), None, "1s", "2s").named_in(patch) is named
