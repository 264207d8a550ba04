"""What lists count by tables is what is said of each session and its prefixes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clusters.heard import Down, Heard
from intent.announcements import Announcements
from intent.reach import SessionKey
from intent.telling import told
from tests.intent.manifests import ALL
from tests.intent.test_telling import KEYS, NOW, PREFIXES, B

_DIFFERING = st.dictionaries(PREFIXES, st.builds(Down, st.just(""), missing=st.booleans()), min_size=1)


@given(st.sets(KEYS), st.sets(KEYS), st.dictionaries(KEYS, _DIFFERING))
def test_a_service_is_counted_on_the_nodes_where_a_session_tells_it(
    up: set[SessionKey], silent: set[SessionKey], differing: dict[SessionKey, dict[str, Down]]
) -> None:
    known = Heard(up=frozenset(up), silent=frozenset(silent & up), differing=differing)
    announcements, nodes = Announcements(NOW), dict[str, set[str]]()
    for node in ALL:
        for peer, several in announcements.on(node).items():
            prefixes = dict[str, set[str]]()
            for each in several:
                for ref in each.services:
                    prefixes.setdefault(ref.name, set()).add(each.prefix)
            key = node, "default", {"tor-a": "10.0.0.1", "tor-b": B}[peer]
            for name, some in prefixes.items():
                if known.tells(key, some):
                    nodes.setdefault(name, set()).add(node)
    found = told(announcements, ALL, known.carries, {key: known.lacking(key) for key in known.differing})
    assert {ref.name: one.nodes for ref, one in found.items()} == {name: len(some) for name, some in nodes.items()}
