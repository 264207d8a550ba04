"""What somebody types on a node of real FRR: each difference is named with its cause, and after mending there is none.

Several are typed at once, each on a node and session of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.frr.breaking import OTHER_PORT, named, whole_again
from tests.frr.by_hand import BY_HAND, ByHand
from tests.frr.cluster import NODES, RealCluster

pytestmark = pytest.mark.frr
Wave = dict[str, tuple[str, ByHand]]
"""What is typed at once, with the name of each: by node and session."""

_REDIRECT = f"""
table ip shifted {{
  chain output {{
    type nat hook output priority -100;
    ip daddr 10.1.0.1 tcp dport {OTHER_PORT} dnat to 10.1.0.1:179
  }}
}}
"""


def _waves() -> list[Wave]:
    """Each breakage in the first wave that has a node for it."""
    waves: list[Wave] = []
    for name, way in BY_HAND.items():
        places = [[f"{node.name} {session}" for session in _sessions(way)] for node in NODES]
        for wave in (*waves, {}):
            free = next((some for some in places if not any(place in wave for place in some)), None)
            if free is not None:
                wave.update(dict.fromkeys(free, (name, way)))
                if wave not in waves:
                    waves.append(wave)
                break
    return waves


def _sessions(way: ByHand) -> list[str]:
    return [way.session, *(session for session, _ in way.also)]


@pytest.fixture(scope="module", autouse=True)
def _another_port(cluster: RealCluster) -> Iterator[None]:
    """The router at 10.1.0.1 answers at another port as well, as each node sees it."""
    machines = [cluster.fleet.node(node.name).machine for node in NODES]
    for machine in machines:
        cluster.wait(machine.run(f"nft -f - <<'.'\n{_REDIRECT}\n."))
    yield
    for machine in machines:
        cluster.wait(machine.run("nft delete table ip shifted"))


@pytest.mark.parametrize("wave", _waves(), ids=lambda wave: ", ".join(dict.fromkeys(name for name, _ in wave.values())))
def test_what_is_typed_on_a_node_is_named_and_gone_when_it_is_mended(broken: RealCluster, wave: Wave) -> None:
    ways = {(where.split()[0], name): way for where, (name, way) in wave.items()}
    try:
        for (node, _), way in ways.items():
            _type(broken, node, way.typed)
        named(broken, {where: words for (node, _), way in ways.items() for where, words in _expected(node, way)})
    finally:
        for (node, _), way in ways.items():
            _type(broken, node, way.mended)
    whole_again(broken)


def _expected(node: str, way: ByHand) -> Iterator[tuple[str, str]]:
    for session, words in ((way.session, way.words), *way.also):
        yield f"{node} {session}", words.replace("{address}", _address(node))


def _type(cluster: RealCluster, node: str, lines: tuple[str, ...]) -> None:
    cluster.vtysh(node, "configure terminal", *(line.replace("{address}", _address(node)) for line in lines))


def _address(node: str) -> str:
    return next(one.addresses[0] for one in NODES if one.name == node)
