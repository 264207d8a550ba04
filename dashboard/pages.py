"""What the pages of peers say of their sessions, which the speakers know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from clusters.kindpages import KindPage, ListColumn
from clusters.models import Resource
from dashboard.tallies import Tally, tallies
from peers.models import BGPPeer
from peers.pages import PEER


def _tallies(rows: Sequence[Resource]) -> Mapping[int, Tally]:
    peers = cast("Sequence[BGPPeer]", rows)
    return {peer.pk: tally for peer, tally in zip(peers, tallies(peers), strict=True)}


_SESSIONS = ListColumn(
    "sessions",
    "Sessions",
    template="peers/sessions.html",
    fields=("-sessions_down", "sessions_up", "name"),
)
PEER_WITH_SESSIONS: KindPage = replace(
    PEER,
    events=("resources", "sessions"),
    columns=(*PEER.columns, _SESSIONS),
    beside=_tallies,
    head_template="peers/head.html",
    more_template="peers/on_nodes.html",
)
