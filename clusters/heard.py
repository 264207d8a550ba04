"""What FRR last said of the sessions of a cluster, for rooms that do not know the speakers, who register here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse

from clusters.models import Cluster
from clusters.words import bounded
from intent.reach import SessionKey

_NAMED = 5  # sessions that are not up
_WORDS = 120  # characters of a cause
_UNSEEN = "not observed yet"


@dataclass(frozen=True, slots=True)
class Down:
    """A session that is not up, or what differs on one. words: why, "" = nobody said. pk: its row, None = unasked.

    missing: it is a prefix that FRR does not tell there.
    """

    words: str = _UNSEEN
    pk: int | None = None
    missing: bool = False

    @property
    def href(self) -> str:
        """Its page, "" = none; made for the few that are named, of which there may be thousands."""
        return reverse("session", args=[self.pk]) if self.pk is not None else ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Sessions by node, VRF and neighbor, as they are known now. up: Established, and told by a current answer.

    lost: not Established, told by one too. sent: of those that are up, how many prefixes FRR announces there. silent:
    those of them where it is known that FRR announces none. differing: of those that are up, the prefixes that are not
    told as they are meant to be, and what differs. unclear: those of which more prefixes differ, or did
    when it was known, than are named.
    """

    up: frozenset[SessionKey] = frozenset()
    others: Mapping[SessionKey, Down] = field(default_factory=dict)
    lost: frozenset[SessionKey] = frozenset()
    sent: Mapping[SessionKey, int] = field(default_factory=dict)
    silent: frozenset[SessionKey] = frozenset()
    differing: Mapping[SessionKey, Mapping[str, Down]] = field(default_factory=dict)
    unclear: frozenset[SessionKey] = frozenset()

    def why(self, key: SessionKey) -> Down:
        """Why a session is not up."""
        return self.others.get(key, Down())

    def carries(self, key: SessionKey) -> bool:
        """Whether anything goes out there: no answer says otherwise."""
        return key in self.up and key not in self.silent

    def unsure(self, key: SessionKey) -> bool:
        """Whether nobody knows if it is up."""
        return key not in self.up and key not in self.lost

    def lacking(self, key: SessionKey) -> frozenset[str]:
        """The prefixes that are not told there."""
        return frozenset(prefix for prefix, why in self.differing.get(key, {}).items() if why.missing)

    def tells(self, key: SessionKey, prefixes: Iterable[str]) -> bool:
        """Whether one of these prefixes, all of which are meant to, goes out there: no answer says otherwise."""
        return self.carries(key) and not self.lacking(key).issuperset(prefixes)


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
    """The sessions that something is meant over, and how many of them are up. missing: the first of the others.

    differing: of those that are up, over how many it is not told as it is meant to be; different: the first of them.
    unclear: over how many others nobody knows whether it is. unsure: of how many nobody knows whether they are up.
    """

    meant: int
    up: int
    missing: tuple[Missing, ...] = ()
    differing: int = 0
    different: tuple[Missing, ...] = ()
    unclear: int = 0
    unsure: int = 0

    @property
    def more(self) -> int:
        """Sessions that are not up and not named."""
        return self.meant - self.up - len(self.missing)

    @property
    def unheard(self) -> bool:
        """Whether nothing is known of any of those that are not up."""
        return 0 < self.unsure == self.meant - self.up

    @property
    def awaited(self) -> bool:
        """Whether none is up since none was seen yet, as those of a new peer."""
        return not self.up and bool(self.missing) and all(one.words == _UNSEEN for one in self.missing)


NOWHERE = Over(0, 0)
Asked = Callable[[Cluster, datetime | None], Heard]
Printed = Callable[[Cluster, datetime], Hashable]
_ASKED: list[tuple[Asked, Printed]] = []


def register(asked: Asked, printed: Printed) -> None:
    """Let these be asked what was heard, and for its fingerprint."""
    _ASKED[:] = [(asked, printed)]


def heard(cluster: Cluster, now: datetime | None = None) -> Heard:
    """What is known of a cluster's sessions at a time, None = now; two queries."""
    return _ASKED[0][0](cluster, now) if _ASKED else UNHEARD


def heard_print(cluster: Cluster, now: datetime) -> Hashable:
    """Another one tells that other sessions may carry something, or other prefixes be lacking; three queries."""
    return _ASKED[0][1](cluster, now) if _ASKED else None


def missing(known: Heard, node: str, peer: str, vrf: str, neighbor: str) -> Missing:
    """Of a session that is not up."""
    why = known.why((node, vrf, neighbor))
    return Missing(node, peer, vrf, neighbor, bounded(why.words, _WORDS), why.href)


def over(
    known: Heard,
    sessions: Iterable[tuple[str, SessionKey]],
    concerns: Callable[[str, str], bool] = lambda _peer, _prefix: True,
) -> Over:
    """How many of these sessions are up. sessions: the BGPPeer and the key of each.

    concerns: whether a prefix that a BGPPeer is meant to get counts.
    """
    meant = up = differing = unclear = unsure = 0
    lacking: list[Missing] = []
    different: list[Missing] = []
    for peer, key in sessions:
        meant += 1
        unsure += known.unsure(key)
        node, vrf, neighbor = key
        if key in known.up:
            up += 1
            found = next(((p, why) for p, why in known.differing.get(key, {}).items() if concerns(peer, p)), None)
            differing += found is not None
            unclear += found is None and key in known.unclear
            if found is not None and len(different) < _NAMED:
                words = bounded(f"{found[0]}: {found[1].words}", _WORDS)
                different.append(Missing(node, peer, vrf, neighbor, words, found[1].href))
        elif len(lacking) < _NAMED:
            lacking.append(missing(known, node, peer, vrf, neighbor))
    return Over(meant, up, tuple(lacking), differing, tuple(different), unclear, unsure)
