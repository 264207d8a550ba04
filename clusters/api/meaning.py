"""What edits mean for sessions, announcements and FRR's configuration, as JSON of bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from clusters.changesets.review import SetReview
from clusters.edits.frozen import StandStill
from clusters.edits.review import Review
from clusters.heard import Heard, missing
from clusters.places import places_of
from intent.announcements.layer2 import Candidates
from intent.assignments import Outlook
from intent.between import Between
from intent.displaced import AddressEffects
from intent.effects import Effects
from intent.frr_changes import ConfigurationChanges
from intent.layer2_effects import Layer2Effects
from intent.reach import Reach
from intent.session_changes import SessionChange

_NODES = 20  # names of nodes for each thing that happens
_ROUTES = 500  # prefixes, and services
_HAPPENINGS = {"opened": "opened", "closed": "closed", "reset": "reset", "mayReset": "may_reset", "changed": "changed"}


def meaning_json(review: Review | SetReview) -> dict[str, Any]:
    """The part of a review that intent answers."""
    meaning = review.meaning
    return {
        "sessions": _sessions(meaning.sessions),
        "announcements": announcements_json(meaning.effects, meaning.heard),
        "layer2": _layer2(meaning.layer2),
        "addresses": _addresses(meaning.addresses),
        "between": _between(meaning.between),
        "configuration": _configuration(meaning.frr),
        "frozen": _frozen(meaning.frozen),
        "confirm": [str(one) for one in meaning.confirm],
    }


def assigned_json(found: Outlook) -> dict[str, Any]:
    """What a new service would get: one of these."""
    return {
        "namespace": found.service.namespace,
        "name": found.service.name,
        "local": found.local,
        "prospects": [asdict(one) for one in found.prospects],
        "morePools": found.more,
    }


def _sessions(changes: Iterable[SessionChange]) -> list[dict[str, Any]]:
    """What happens to sessions, peer by peer: how many, and the first of the nodes."""
    return [
        {"peer": change.peer, "vrf": change.vrf, "neighbor": change.neighbor, "fields": change.fields}
        | {key: len(getattr(change, what)) for key, what in _HAPPENINGS.items()}
        | {"nodes": {key: nodes[:_NODES] for key, what in _HAPPENINGS.items() if (nodes := getattr(change, what))}}
        for change in changes
    ]


def announcements_json(found: Effects | None, known: Heard) -> dict[str, Any] | None:
    """What happens to announcements: services whose reach changes, those that lose it first, and routes."""
    if found is None:
        return None
    services = sorted(found.services, key=lambda one: (not one.lost, not one.dark, not one.alone, one.service))
    return {
        "lost": len(found.lost),
        "dark": len(found.dark),
        "alone": len(found.alone),
        "services": [
            {"namespace": one.service.namespace, "name": one.service.name}
            | {"lost": one.lost, "dark": one.dark, "alone": one.alone}
            | {"before": _reach(one.before, known), "after": _reach(one.after, known)}
            for one in services[:_ROUTES]
        ],
        "moreServices": max(0, len(services) - _ROUTES),
        "routes": [asdict(one) for one in found.routes[:_ROUTES]],
        "moreRoutes": max(0, len(found.routes) - _ROUTES),
    }


def _reach(reach: Reach, known: Heard) -> dict[str, Any]:
    """From where, to whom and over which sessions, and which of these are not up now."""
    lacking = [asdict(missing(known, node, *feed)) for node, feed in reach.missing]
    return {
        "nodes": reach.nodes, "peers": reach.peers, "sessions": reach.sessions, "up": reach.up, "notUp": lacking
    }  # fmt: skip


def _addresses(found: AddressEffects | None) -> dict[str, Any] | None:
    """Services that lose their addresses, where they may get others, and what pools have left."""
    if found is None:
        return None
    return {
        "displaced": found.displaced,
        "without": found.without,
        "services": [
            {"namespace": one.service.namespace, "name": one.service.name}
            | {"addresses": one.addresses, "pools": one.pools[:_NODES]}
            for one in found.services
        ],
        "moreServices": found.more,
        "pools": [asdict(one) | {"left": one.left, "left_then": one.left_then} for one in found.pools[:_ROUTES]],
    }


def _between(found: Between) -> dict[str, Any]:
    """What is withdrawn for a while, though it is announced before and after."""
    told = {"lost": found.lost, "displaced": found.displaced, "interrupted": found.interrupted}
    services = {
        name: [{"namespace": ref.namespace, "name": ref.name} for ref in refs[:_ROUTES]] for name, refs in told.items()
    }
    counts = {f"{name}Count": len(refs) for name, refs in told.items()}
    return {"prefixes": found.prefixes[:_ROUTES], "prefixCount": len(found.prefixes), **services, **counts}


def _layer2(found: Layer2Effects | None) -> dict[str, Any] | None:
    """Services for which other nodes may answer ARP and NDP, those that lose it first."""
    if found is None:
        return None
    services = sorted(found.services, key=lambda one: (not one.lost, not one.moves, one.service))
    return {
        "lost": found.lost,
        "gained": found.gained,
        "moved": found.moved,
        "services": [
            {"namespace": one.service.namespace, "name": one.service.name, "addresses": one.addresses}
            | {"lost": one.lost, "gained": one.gained, "moves": one.moves, "stays": one.stays, "answers": one.answers}
            | {"before": _candidates(one.before), "after": _candidates(one.after)}
            for one in services[:_ROUTES]
        ],
        "moreServices": max(0, len(services) - _ROUTES),
    }


def _candidates(found: Candidates) -> dict[str, Any]:
    return {"count": len(found.nodes), "nodes": found.nodes[:_NODES], "interfaces": found.interfaces[:_NODES]}


def _frozen(found: StandStill) -> dict[str, Any]:
    """Where the change will not be in force, and why."""
    reasons = found.reasons
    refs = [(found.cluster, ref) for freeze, _ in reasons[:_NODES] for ref in freeze.objects[:_NODES]]
    pages = places_of(refs)
    return {
        "count": len(found.nodes),
        "nodes": found.nodes[:_NODES],
        "reasons": [
            {
                "nodes": freeze.nodes[:_NODES],
                "count": freeze.number_of_nodes,
                "message": freeze.message,
                "told": freeze.tellers,
                "byThisChange": begun,
                "objects": [
                    asdict(ref) | {"page": pages.get((found.cluster, ref), "")} for ref in freeze.objects[:_NODES]
                ],
            }
            for freeze, begun in reasons[:_NODES]
        ],
        "moreReasons": max(0, len(reasons) - _NODES),
        "freed": found.freed[:_NODES],
        "freedCount": len(found.freed),
        "allocation": found.allocation,
    }


def _configuration(found: ConfigurationChanges) -> dict[str, Any]:
    """How frr.conf changes, by the nodes where it is the same."""
    differences = [
        {"nodes": one.nodes[:_NODES], "count": len(one.nodes), "diff": one.diff, "moreLines": one.more}
        for one in found.kinds
    ]
    return {"differences": differences, "more": found.more}
