"""What a running router of the lab is told when its description changes: no more than what changed."""

from __future__ import annotations

import pytest

from lab.frr.delta import delta

BEFORE = """hostname tor
router bgp 64601
 bgp router-id 10.1.0.1
 neighbor 10.1.0.100 remote-as 64500
 neighbor 10.1.0.100 password one
 neighbor 10.1.0.101 remote-as 64500
 address-family ipv4 unicast
  network 198.51.100.0/24
  neighbor 10.1.0.100 activate
  neighbor 10.1.0.101 activate
 exit-address-family
exit
"""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ([], []),
        ([("password one", "password two")], ["neighbor 10.1.0.100 password two"]),
        ([(" neighbor 10.1.0.100 password one\n", "")], ["no neighbor 10.1.0.100 password one"]),
        ([("password one", "shutdown message bye")], ["no neighbor 10.1.0.100 password one", "shutdown message bye"]),
        ([("198.51.100.0", "203.0.113.0")], ["no network 198.51.100.0/24", "network 203.0.113.0/24"]),
        ([("10.1.0.101", "10.1.0.102")], ["no neighbor 10.1.0.101", "neighbor 10.1.0.102 activate"]),
        ([("bgp 64601", "bgp 64602")], ["no router bgp 64601", "router bgp 64602", "neighbor 10.1.0.101 activate"]),
    ],
)
def test_only_what_changed_is_told(changed: list[tuple[str, str]], told: list[str]) -> None:
    after = BEFORE
    for old, new in changed:
        after = after.replace(old, new)

    words = delta(BEFORE, after)

    assert [line for line in told if line not in words] == []
    assert "hostname" not in words
    assert bool(words) == bool(told)


def test_a_neighbor_that_is_gone_is_taken_away_once() -> None:
    after = "\n".join(line for line in BEFORE.splitlines() if "10.1.0.101" not in line)

    assert delta(BEFORE, after).splitlines() == ["router bgp 64601", "no neighbor 10.1.0.101", "exit"]
