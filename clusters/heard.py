"""What FRR last said of the sessions of a cluster, for rooms that do not know the speakers, who register here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from clusters.models import Cluster
from clusters.words import bounded
from intent.reach import SessionKey

_NAMED = 5  # sessions that are not up
_WORDS = 120  # characters of a cause
_UNSEEN = "not observed yet"


@dataclass(frozen=True, slots=True)
class Down:
    """A session that is not up. words: why, "" = nobody said. href: its page, "" = FRR was not asked yet."""

    words: str = _UNSEEN
    href: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Sessions by node, VRF and neighbor, as they are known now. up: Established, and told by a current answer.

    lost: not Established, told by one too. sent: of those that are up, how many prefixes FRR announces there. silent:
    those of them where it is known that FRR announces none.
    """

    up: frozenset[SessionKey] = frozenset()
    others: Mapping[SessionKey, Down] = field(default_factory=dict)
    lost: frozenset[SessionKey] = frozenset()
    sent: Mapping[SessionKey, int] = field(default_factory=dict)
    silent: frozenset[SessionKey] = frozenset()

    def why(self, key: SessionKey) -> Down:
        """Why a session is not up."""
        return self.others.get(key, Down())


UNHEARD = Heard()


@dataclass(frozen=True, slots=True)
class Missing:
    """A session that something is meant over, and that is not up."""

    node: str
    peer: str
    vrf: str
    neighbor: str
    words: str
    href: str

    def __str__(self) -> str:
        return f"{self.node} → {self.peer} {self.neighbor}" + (f" ({self.words})" if self.words else "")


@dataclass(frozen=True, slots=True)
class Over:
    """The sessions that something is meant over, and how many of them are up. missing: the first of the others."""

    meant: int
    up: int
    missing: tuple[Missing, ...] = ()

    @property
    def more(self) -> int:
        """Sessions that are not up and not named."""
        return self.meant - self.up - len(self.missing)


NOWHERE = Over(0, 0)
Asked = Callable[[Cluster], Heard]
_ASKED: list[Asked] = []


def register(asked: Asked) -> None:
    """Let this be asked what was heard, in one query."""
    _ASKED[:] = [asked]


def heard(cluster: Cluster) -> Heard:
    """What is known of a cluster's sessions; one query."""
    return _ASKED[0](cluster) if _ASKED else UNHEARD


def missing(known: Heard, node: str, peer: str, vrf: str, neighbor: str) -> Missing:
    """Of a session that is not up."""
    why = known.why((node, vrf, neighbor))
    return Missing(node, peer, vrf, neighbor, bounded(why.words, _WORDS), why.href)


def over(known: Heard, sessions: Iterable[tuple[str, SessionKey]]) -> Over:
    """How many of these sessions are up. sessions: the BGPPeer and the key of each."""
    meant = up = 0
    lacking: list[Missing] = []
    for peer, key in sessions:
        meant += 1
        if key in known.up:
            up += 1
        elif len(lacking) < _NAMED:
            node, vrf, neighbor = key
            lacking.append(missing(known, node, peer, vrf, neighbor))
    return Over(meant, up, tuple(lacking))
