"""Lists of BGPPeers by both axes: configuration and sessions."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from clusters.edits.inforce import where
from peers.models import BGPPeer

SESSIONS = {
    "up": Q(sessions_intended__gt=0, sessions_up=F("sessions_intended")),
    "degraded": Q(sessions_degraded__gt=0),
    "down": Q(sessions_down__gt=0),
    "none": Q(sessions_intended=0),
}


def in_vrf(name: str) -> Q:
    """Peers of a VRF, as they are in force; "default" = of none, as sessions name it."""

    def matches(path: str) -> Q:
        unset = Q(**{f"{path}__isnull": True}) | Q(**{f"{path}__in": ("", name)})
        return unset if name == "default" else Q(**{path: name})

    return where(matches, "vrf", "vrf")


def peers_matching(rows: QuerySet[BGPPeer], words: str) -> QuerySet[BGPPeer]:
    """Peers whose name, address, interface, VRF or AS number is meant by all of the words."""
    for word in words.split()[:5]:
        found = Q(name__icontains=word) | Q(peer_address__istartswith=word) | Q(vrf__iexact=word) | Q(interface=word)
        digits = word.upper().removeprefix("AS")
        if digits.isascii() and digits.isdigit() and len(digits) <= 10:
            found |= Q(peer_asn=int(digits)) | Q(my_asn=int(digits))
        rows = rows.filter(found)
    return rows
