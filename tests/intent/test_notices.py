"""What is said of a cluster once: MetalLB's release notes, and internal/bgp/frrk8s/frrk8s.go."""

from __future__ import annotations

import pytest

from intent.modes import Mode
from intent.notices import notices
from intent.snapshot import Node

GOOD = Node("a", {"kubernetes.io/hostname": "a"})


@pytest.mark.parametrize(
    ("mode", "version", "told"),
    [
        (Mode.FRR, "0.16.1", True), (Mode.FRR, "v0.16.0", True), (Mode.FRR, "0.15.3", False), (Mode.FRR, "", False),
        (Mode.FRR_K8S, "0.16.1", False), (Mode.NATIVE, "0.16.1", False),
    ],
)  # fmt: skip
def test_frr_mode_is_deprecated_since_0_16(mode: Mode, version: str, told: bool) -> None:
    assert ["deprecated" in notice.text for notice in notices(mode, version, [GOOD])] == ([True] if told else [])


# The FRRConfiguration metallb-<node> selects kubernetes.io/hostname = the node's name.
@pytest.mark.parametrize(("mode", "told"), [(Mode.FRR_K8S, True), (Mode.FRR, False)])
@pytest.mark.parametrize("labels", [{}, {"kubernetes.io/hostname": "b.example.com"}], ids=str)
def test_a_node_whose_label_is_not_its_name_gets_no_configuration(
    mode: Mode, told: bool, labels: dict[str, str]
) -> None:
    found = notices(mode, "0.15.3", [GOOD, Node("b", labels)])
    assert [notice.text.startswith("FRR-K8s runs no session of MetalLB on b:") for notice in found] == [True] * told
    assert notices(mode, "0.15.3", [GOOD]) == []


# The page asks for one myASN everywhere; MetalLB compares within a VRF (validation.go).
@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"": {64500}, "red": {64501}}, True), ({"": {64500}, "red": {64500}}, False), ({"": {64500}}, False),
        ({"": {64500, 64501}, "red": {64502}}, False), ({}, False),
    ],
)  # fmt: skip
def test_vrfs_with_as_numbers_of_their_own_are_said_once(numbers: dict[str, set[int]], told: bool) -> None:
    found = notices(Mode.FRR_K8S, "0.16.1", [GOOD], numbers)
    assert [notice.text for notice in found] == [
        "The nodes run another AS number in each of several VRFs: 64500 in the default VRF, 64501 in red"
    ] * told
