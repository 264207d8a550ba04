"""After a change set is in force FRR is asked once what it advertises to the set's peers, as soon as sessions stand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError
from redis import RedisError

from clusters.models import ChangeSet
from dashboard import observe
from dashboard.guided.advertised import families
from intent.snapshot import mapping
from speakers import live
from speakers.models import Session
from speakers.selectors import sessions

log = logging.getLogger(__name__)
NODES = 25  # of a peer that are asked; as many as a page of checks shows
_PEERS = 20  # of a set
_TURNS = 24
_PAUSE = 5.0  # seconds between two turns: speakers collect changes for 3 s, then the session has to come up


def ask_soon(change_set: ChangeSet, **_rest: Any) -> None:
    """Let a worker begin; without a broker the page's button is left."""
    if any(True for _ in _names(change_set)):
        _send(change_set.pk, 0)


def ask_standing(pk: int, turn: int) -> None:
    """Ask for the tables of those sessions that stand and were not asked since, and come back for the others."""
    change_set = ChangeSet.objects.filter(pk=pk, state=ChangeSet.State.APPLIED).first()
    if change_set is None or change_set.settled_at is None:
        return
    waiting = False
    for name in dict.fromkeys(_names(change_set)):
        found = sessions(cluster=change_set.cluster).filter(peer=name, intended=True)
        own = list(found.order_by("node", "vrf", "neighbor")[:NODES])
        waiting = waiting or not own
        for session in own:
            if session.state != Session.State.ESTABLISHED:
                waiting = True
            else:
                _ask(session, change_set)
    if waiting and turn < _TURNS:
        _send(pk, turn + 1)


def _ask(session: Session, change_set: ChangeSet) -> None:
    for family in families(session):
        known = live.command_get(session.pk, family)
        if known is None or change_set.settled_at is None or known.at < change_set.settled_at:
            observe.ask(session, family)


def _names(change_set: ChangeSet) -> Iterator[str]:
    """The peers that it made or changed, and those that its advertisements name, the first few."""
    items = change_set.items.filter(kind__in=("BGPPeer", "BGPAdvertisement")).exclude(after=None).order_by("position")
    for kind, name, after in items.values_list("kind", "name", "after")[:_PEERS]:
        if kind == "BGPPeer":
            yield name
        else:
            peers = mapping(mapping(after).get("spec")).get("peers")
            yield from (peer for peer in (peers if isinstance(peers, list) else ())[:_PEERS] if isinstance(peer, str))


def _send(pk: int, turn: int) -> None:
    try:
        current_app.send_task("dashboard.tasks.ask_of_changeset", args=(pk, turn), countdown=_PAUSE, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("nobody can be asked about change set %s: %s", pk, error)
