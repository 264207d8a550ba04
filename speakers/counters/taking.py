"""The numbers of one answer of a node that are worth a series."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from speakers.counters.packing import Place
from speakers.frr.bfd import Placed, bfd_of, placed
from speakers.frr.neighbor import Neighbor
from speakers.frr.parse import UNREADABLE, Answer, Scalar, canonical, utf8, whole
from speakers.frr.text import clean

SESSIONS = 256  # of one node; MetalLB's speakers have a handful
_FAMILIES = 4  # of one session
RECEIVED, SENT = "prefixes_received.", "prefixes_sent."  # followed by the address family
BFD = "bfd_up"  # 1 or 0
_BIGGEST = 2**53  # what JSON carries exactly


class _Messages(Struct, rename={"updates_sent": "updatesSent", "updates_received": "updatesRecv",
                                "messages_sent": "totalSent", "messages_received": "totalRecv"}):  # fmt: skip
    """FRR's `messageStats`, counted since the neighbor was configured."""

    updates_sent: int | None = None
    updates_received: int | None = None
    messages_sent: int | None = None
    messages_received: int | None = None


class _Counted(Struct):
    messages: _Messages | None = msgspec.field(default=None, name="messageStats")


MESSAGES = _Messages.__struct_fields__
_decoder = msgspec.json.Decoder(dict[str, dict[str, _Counted | Scalar]])


def taken(answer: Answer) -> dict[Place, dict[str, int]]:
    """By session; a number that FRR did not give, or that cannot be one, is left out."""
    messages, bfd = _messages(answer.document), placed(answer.bfd)
    found = {}
    for neighbor in answer.neighbors[:SESSIONS]:
        place = neighbor.vrf, neighbor.key
        values = {**_prefixes(neighbor), **_of_bfd(neighbor, bfd), **messages.get(place, {})}
        if values:
            found[place] = values
    return found


def _prefixes(neighbor: Neighbor) -> dict[str, int]:
    """Only while the session is up: nothing is told or heard before."""
    found: dict[str, int] = {}
    families = list(neighbor.families.items())[:_FAMILIES] if neighbor.established else ()
    for name, family in families:
        for series, number in ((RECEIVED, family.accepted_prefix_counter), (SENT, family.sent_prefix_counter)):
            if (value := whole(number)) is not None:
                found[f"{series}{name}"] = value
    return found


def _of_bfd(neighbor: Neighbor, peers: Placed) -> dict[str, int]:
    """bfdd's word, else what bgpd knows."""
    peer = bfd_of(neighbor, peers)
    if peer is not None:
        return {BFD: int(peer.status == "up")}
    return {BFD: int(neighbor.bfd.status == "Up")} if neighbor.bfd is not None and neighbor.bfd.status else {}


def _messages(document: bytes) -> dict[Place, dict[str, int]]:
    try:
        read = _decoder.decode(utf8(document))
    except UNREADABLE:
        return {}
    found = {}
    for vrf, members in read.items():
        for key, member in members.items():
            if isinstance(member, _Counted) and member.messages is not None:
                counts = {name: whole(getattr(member.messages, name), _BIGGEST) for name in MESSAGES}
                found[clean(vrf, 63), canonical(key)] = {name: n for name, n in counts.items() if n is not None}
    return found
