"""Which services nobody announces while sessions reset: told by what is up now, and equal to a count route by route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.announcements import Announcements
from intent.between import interrupted
from intent.reach import SessionKey
from intent.session_changes import SessionChange
from intent.sessions import sessions
from tests.intent.manifests import ALL, advertisement, cluster, peer, pool, service

ONE, TWO, _ = ALL
A, B = "10.0.0.1", "10.0.0.2"
WEB, DB = service("web", "203.0.113.9"), service("db", "203.0.113.10", nodes=(ONE,), local=True)
NOW = cluster(
    peer("tor-a"), peer("tor-b", peerAddress=B), pool(), advertisement(), services=(WEB, DB)
)  # announced to both, web by every node, db by the first alone


def up(*places: tuple[str, str]) -> frozenset[SessionKey]:
    return frozenset((node, "default", neighbor) for node, neighbor in places)


def a(**nodes: tuple[str, ...]) -> SessionChange:
    return SessionChange("tor-a", "default", A, **nodes)


def b(**nodes: tuple[str, ...]) -> SessionChange:
    return SessionChange("tor-b", "default", B, **nodes)


ONLY_A = up(*((node, A) for node in ALL))
BOTH = ONLY_A | up(*((node, B) for node in ALL))


@pytest.mark.parametrize(
    ("changes", "telling", "expected"),
    [
        ([a(reset=ALL)], BOTH, set()),
        ([a(reset=ALL)], ONLY_A, {"web", "db"}),
        ([a(reset=ALL)], ONLY_A | up((TWO, B)), {"db"}),  # the second node tells nobody of db
        ([a(reset=ALL)], ONLY_A | up((ONE, B)), set()),
        ([a(reset=(ONE,))], ONLY_A, {"db"}),
        ([a(reset=ALL)], up((TWO, A)), {"web"}),  # db goes out nowhere now either
        ([a(reset=ALL)], up(), set()),
        ([a(reset=ALL), b(reset=ALL)], BOTH, {"web", "db"}),
        ([a(reset=ALL), b(closed=ALL)], BOTH, {"web", "db"}),
        ([a(closed=ALL, opened=ALL)], ONLY_A, {"web", "db"}),  # made anew
        ([a(closed=ALL)], ONLY_A, set()),  # for good: that is told of the end
        ([a(may_reset=ALL), b(changed=ALL)], ONLY_A, set()),
    ],
)
def test_what_goes_out_only_over_sessions_that_reset(
    changes: list[SessionChange], telling: frozenset[SessionKey], expected: set[str]
) -> None:
    assert {ref.name for ref in interrupted(NOW, changes, telling)} == expected


_SESSIONS = st.frozensets(st.sampled_from(sorted(BOTH)))


@given(_SESSIONS, _SESSIONS)
def test_it_equals_what_is_told_session_by_session(
    resetting: frozenset[SessionKey], telling: frozenset[SessionKey]
) -> None:
    changes = [
        SessionChange(name, "default", to, reset=tuple(node for node in ALL if (node, "default", to) in resetting))
        for name, to in (("tor-a", A), ("tor-b", B))
    ]
    made = Announcements(NOW)
    over = [
        (ref, (node, one.vrf, one.neighbor) in resetting)
        for node, some in sessions(NOW).items()
        for one in some
        if (node, one.vrf, one.neighbor) in telling
        for each in made.on(node)[one.peer]
        for ref in each.services
    ]
    expected = {ref for ref, ends in over if ends} - {ref for ref, ends in over if not ends}
    assert interrupted(NOW, changes, telling) == expected
