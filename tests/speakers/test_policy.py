"""What an outbound route map does to a prefix: as FRR's `route_map_apply` and `prefix_list_apply` decide."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from intent.communities import parse_community
from speakers.frr.policy import ListEntry, Prefix, PrefixList, outcome, prefix_list, route_map

_NETWORKS = st.sampled_from([ip_network(one) for one in ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "2001:db8::/64")])
_LINES = st.builds(
    ListEntry,
    st.booleans(),
    st.none() | _NETWORKS,
    st.sampled_from([0, 8, 16, 32, 64]),
    st.sampled_from([8, 16, 32, 64, 128]),
) | st.builds(lambda permit, one: ListEntry(permit, one, one.prefixlen, one.prefixlen), st.booleans(), _NETWORKS)


@given(st.lists(_LINES, max_size=8), _NETWORKS)
def test_the_first_line_in_order_decides_however_it_is_found(lines: list[ListEntry], prefix: Prefix) -> None:
    assert PrefixList(lines).line(prefix) is next((line for line in lines if line.matches(prefix)), None)


def _map(*rules: dict[str, object]) -> dict[str, object]:
    return {"BGP": {"out": {"rules": list(rules)}}}


def test_entries_add_until_one_ends_and_what_is_not_read_is_not_known() -> None:
    """MetalLB's own shape: entries that set something and go on to the next, then one that permits."""
    listed = {"type": "permit", "prefix": "203.0.113.1/32", "sequenceNumber": 1}
    known = prefix_list({"BGP": {"pl": {"entries": [listed]}}}, "pl")
    assert known is not None
    match, on, end = ["ip address prefix-list pl"], "Continue to next entry", "Exit routemap"
    rules = route_map(
        _map(
            {"sequenceNumber": 1, "type": "permit", "matchClauses": match, "setClauses": ["local-preference 200"],
             "action": on},
            {"sequenceNumber": 2, "type": "permit", "matchClauses": match, "action": on,
             "setClauses": ["community 64500:1 additive"]},
            {"sequenceNumber": 3, "type": "permit", "matchClauses": match, "setClauses": [], "action": end},
        ),
        "out",
    )  # fmt: skip
    assert rules is not None
    said = outcome("203.0.113.1/32", rules, {(4, "pl"): known})
    assert (said.permitted, said.by, said.local_pref) == (True, 3, 200)
    assert said.communities == {parse_community("64500:1")}
    assert outcome("203.0.113.2/32", rules, {(4, "pl"): known}).permitted is False
    assert outcome("203.0.113.1/32", rules, {}).permitted is None
    denied = route_map(_map({"sequenceNumber": 1, "type": "deny", "matchClauses": match, "action": end}), "out")
    assert denied is not None
    assert outcome("203.0.113.1/32", denied, {(4, "pl"): known}).permitted is False
    odd = route_map(_map({"sequenceNumber": 1, "type": "permit", "matchClauses": ["tag 5"], "action": end}), "out")
    assert odd is not None
    assert outcome("203.0.113.1/32", odd, {}).permitted is None
