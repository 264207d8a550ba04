"""Series as lines of an SVG that the server draws, each with the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clusters.words import DEFAULT_VRF, counted
from peers.models import BGPPeer
from speakers.counters.packing import SLOT
from speakers.counters.series import K, Series, SessionAt, fleet_series, series_by_session
from speakers.history import DAY
from speakers.models import Session

WIDTH, HEIGHT = 96, 20  # units: one across is a quarter of an hour of a day
_EDGE = 2  # above and below the line
_TOGETHER = 3  # points that are drawn as one
_LATE = 2  # points: the last may be still to come
_NOTHING = "no value now"
_FAMILIES = {"ipv4Unicast": "IPv4", "ipv6Unicast": "IPv6"}
_LABELS = {
    "prefixes_received": "Prefixes received",
    "prefixes_sent": "Prefixes advertised",
    "updates_sent": "UPDATEs sent",
    "updates_received": "UPDATEs received",
    "messages_sent": "Messages sent",
    "messages_received": "Messages received",
    "up": "Sessions up",
    "down": "Sessions down",
    "unknown": "Sessions unknown",
}
_BFD = "bfd_up"
LINES = "lines"  # ?lines=1: lists draw them; reading them costs about as much as the rest of a page
SHOWN = "prefixes_sent"  # in lists; MetalLB's sessions let nothing in, so that what is received says little


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One series of a day. path: of an SVG; now: the last value; words: what else is worth saying."""

    label: str
    path: str
    now: str
    words: str

    @property
    def spoken(self) -> str:
        """All of it for who does not see the line."""
        return f"{self.label}: {', '.join(filter(None, (self.now, self.words)))}"


def peer_series(peer: BGPPeer, now: datetime, reach: timedelta = DAY) -> list[Series]:
    """Sums over the sessions of a BGPPeer. Of a name in two namespaces MetalLB reads the one in its own."""
    if peer.namespace != peer.cluster.namespace:
        return []
    return fleet_series(peer.cluster_id, {(peer.vrf or DEFAULT_VRF, peer.name)}, now, reach)


def place_of(session: Session) -> SessionAt:
    """Where its numbers are kept."""
    return session.cluster_id, session.node, session.vrf, session.neighbor


def by_key(several: Mapping[SessionAt, K], now: datetime) -> dict[K, Sparkline]:
    """How many prefixes many sessions were told, those of the same key together; one query.

    A session that is down is told none: its line has a gap, and that of several falls.
    """
    found = series_by_session(several, SHOWN, now)
    return {key: line for key, series in found.items() for line in sparklines([series])}


def sparklines(series: Iterable[Series]) -> list[Sparkline]:
    """Those that have a value."""
    return [_of(one) for one in series if any(value is not None for value in one.shown)]


def _of(series: Series) -> Sparkline:
    name, _, family = series.name.partition(".")
    label = "BFD" if series.name == _BFD else _LABELS.get(name, name)
    label = f"{label}, {_FAMILIES.get(family, family)}" if family else label
    known = [value for value in series.shown if value is not None]
    now, words = _words(series, known)
    return Sparkline(label, _path(_thinned(series)), now, words)


def _words(series: Series, known: Sequence[int]) -> tuple[str, str]:
    low, high = min(known), max(known)
    ended = not series.counter and all(value is None for value in series.shown[-_LATE:])
    if series.name == _BFD:
        lost = sum(value == 0 for value in known)
        down = (
            f"down at {counted(lost, 'look')} of {len(known)}" if lost else f"at all of {counted(len(known), 'look')}"
        )
        return (_NOTHING if ended else "up" if known[-1] else "down"), down
    if series.counter:
        return f"{sum(known):,} in 24 h", f"at most {high:,} in {SLOT // 60} min" if high else ""
    now = f"{_NOTHING}, {known[-1]:,} before" if ended else f"{known[-1]:,}"
    return now, "steady" if low == high else f"between {low:,} and {high:,}"


def _thinned(series: Series) -> list[float | None]:
    """Three points as one, always the same three: the lowest, so that no dip is lost; of a counter their mean."""
    values, last = series.shown, int(series.end.timestamp()) // SLOT
    first = last - len(values) + 1
    groups: dict[int, list[int]] = {}
    for at, value in enumerate(values, first):
        groups.setdefault(at // _TOGETHER, []).extend([] if value is None else [value])
    pick = (lambda some: sum(some) / len(some)) if series.counter else min
    return [pick(some) if some else None for _, some in sorted(groups.items())]


def _path(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    span, step = high - low, WIDTH / max(len(values), 1)
    parts, before = list[str](), ""
    for place, value in enumerate(values):
        if value is None:
            before = ""
            continue
        y = f"{HEIGHT - _EDGE - (value - low) / span * (HEIGHT - 2 * _EDGE):.1f}" if span else f"{HEIGHT / 2:g}"
        left, right = f"{place * step:.1f}", f"{(place + 1) * step:.1f}"
        if y == before:
            parts[-1] = f"H{right}"
        else:
            parts += [f"{'L' if before else 'M'}{left} {y}", f"H{right}"]
        before = y
    return "".join(parts)
