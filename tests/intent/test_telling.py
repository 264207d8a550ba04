"""From how many nodes services go out now, and to how many peers: equal to a count prefix by prefix."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intent.announcements import Announcements
from intent.reach import SessionKey, reaches
from intent.sessions import sessions
from intent.telling import Telling, told
from tests.intent.manifests import ALL, advertisement, cluster, peer, pool, service

B = "10.0.0.2"
NOW = cluster(
    peer("tor-a"),
    peer("tor-b", peerAddress=B),
    pool(),
    advertisement(),
    advertisement("wide", aggregationLength=24, peers=["tor-b"]),
    services=(
        service("web", "203.0.113.9"),
        service("shop", "203.0.113.11"),
        service("db", "203.0.113.10", nodes=ALL[:1], local=True),
        service("dns", "203.0.113.12", nodes=ALL[1:], local=True),
    ),
)
KEYS = st.sampled_from([(node, one.vrf, one.neighbor) for node, some in sessions(NOW).items() for one in some])
PREFIXES = st.sampled_from(["203.0.113.0/24", *(f"203.0.113.{last}/32" for last in range(9, 13))])


def counted(tells: set[SessionKey], lacking: dict[SessionKey, set[str]]) -> dict[str, Telling]:
    announcements, places = Announcements(NOW), dict[str, set[tuple[str, str]]]()
    neighbors = {"tor-a": "10.0.0.1", "tor-b": B}
    for node in ALL:
        for name, several in announcements.on(node).items():
            key = node, "default", neighbors[name]
            for each in several if key in tells else ():
                if each.prefix not in lacking.get(key, ()):
                    for ref in each.services:
                        places.setdefault(ref.name, set()).add((node, name))
    return {
        name: Telling(len({node for node, _ in some}), len({to for _, to in some})) for name, some in places.items()
    }


@given(st.sets(KEYS), st.dictionaries(KEYS, st.sets(PREFIXES, min_size=1)))
def test_what_goes_out_is_counted_as_prefix_by_prefix(
    tells: set[SessionKey], lacking: dict[SessionKey, set[str]]
) -> None:
    found = told(Announcements(NOW), ALL, tells.__contains__, lacking)
    assert {ref.name: one for ref, one in found.items()} == counted(tells, lacking)


def test_where_every_session_tells_it_is_what_is_meant() -> None:
    announcements = Announcements(NOW)
    found = told(announcements, ALL, lambda _key: True)
    meant = reaches(announcements, ALL, set(found))
    assert {ref: (one.nodes, one.peers) for ref, one in found.items()} == {
        ref: (one.nodes, one.peers) for ref, one in meant.items()
    }
