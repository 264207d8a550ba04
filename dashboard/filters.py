"""Filters of the Sessions page: they live in the URL and narrow everything that the page says."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from clusters.words import HEALTH_WORDS, bounded
from speakers.counts import Rows
from speakers.frr.parse import asn, canonical
from speakers.selectors import HEALTH

_LIMIT = 253
_ASN_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; "" = everything."""

    cluster: str = ""
    vrf: str = ""
    node: str = ""
    peer: str = ""
    health: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        """From a query string; a health that there is not counts as none."""
        found = {field.name: query.get(field.name, "").strip()[:_LIMIT] for field in fields(cls)}
        if found["health"] not in HEALTH:
            found["health"] = ""
        return cls(**found)

    def apply(self, sessions: Rows) -> Rows:
        """The sessions that are meant; a filter by health needs rows that have one."""
        exact = {"cluster__name": self.cluster, "vrf": self.vrf, "node": self.node, "peer": self.peer}
        exact["health"] = self.health
        sessions = sessions.filter(**{name: value for name, value in exact.items() if value})
        for word in self.q.split()[:5]:
            sessions = sessions.filter(_matches(word))
        return sessions

    def query(self, **changes: str) -> str:
        """A query string with changes, for links: "?vrf=red&health=down", "?" for no filter at all."""
        wanted = replace(self, **changes)
        return "?" + urlencode({field.name: value for field in fields(self) if (value := getattr(wanted, field.name))})

    @property
    def by_health(self) -> bool:
        """Whether it needs rows that have a health."""
        return bool(self.health)

    @property
    def partial(self) -> bool:
        """Whether sessions are left out that a statement about the nodes of a cluster would need."""
        return self != Filters(cluster=self.cluster)

    @property
    def and_more(self) -> str:
        """A query string that something follows: "?vrf=red&", or "?"."""
        query = self.query()
        return query if query == "?" else f"{query}&"

    @property
    def and_node(self) -> str:
        """The same, to be followed by the name of a node."""
        return f"{replace(self, node='').and_more}node="

    @property
    def and_column(self) -> str:
        """The same, to be followed by the VRF and address of a neighbor."""
        return replace(self, vrf="", q="").and_more

    @property
    def chips(self) -> list[tuple[str, str, str]]:
        """What narrows the page: name, value, and the link that drops it."""
        shown = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [
            ("search" if name == "q" else name, HEALTH_WORDS.get(value, bounded(value, 60)), self.query(**{name: ""}))
            for name, value in shown
            if value
        ]


def _matches(word: str) -> Q:
    found = Q(node__icontains=word) | Q(peer__icontains=word) | Q(vrf__iexact=word) | Q(hostname__icontains=word)
    found |= Q(neighbor__istartswith=word) | Q(neighbor=canonical(word)) | Q(remote_router_id=word)
    named, digits = word.upper().startswith("AS"), word.upper().removeprefix("AS")
    if digits.isascii() and digits.isdigit() and len(digits) <= _ASN_DIGITS:
        found |= Q(remote_as=int(digits)) | Q(local_as=int(digits))
    elif named and (number := asn(digits)) is not None:  # asdot; without the letters it is the beginning of an address
        found |= Q(remote_as=number) | Q(local_as=number)
    return found
