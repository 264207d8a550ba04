"""What edits mean for sessions, announcements and frr.conf, against what the cluster holds; what to confirm of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from clusters.edits.edit import Edit
from clusters.heard import Heard
from clusters.selectors import answering, resource_of
from intent.affected import Sides, announced
from intent.announcements.announcement import ServiceRef
from intent.confirmations import Confirmation, confirmations
from intent.displaced import AddressEffects, address_effects
from intent.effects import KINDS, Effects, effects
from intent.findings import ObjectRef
from intent.frr_changes import UNCHANGED, ConfigurationChanges, configuration_changes
from intent.layer2_effects import KINDS as LAYER2_KINDS
from intent.layer2_effects import Layer2Effects, layer2_effects
from intent.session_changes import SessionChange, held, session_changes
from intent.sessions import placed
from intent.snapshot import Resource, Service, Snapshot


def to_sessions(edits: Sequence[Edit], after: Snapshot) -> tuple[SessionChange, ...]:
    """What edits do to sessions; after: the cluster with all of them in it."""
    return session_changes(
        after,
        _held(edits),
        recreated=[edit.ref for edit in edits if edit.recreate],
        passwords=[edit.ref for edit in edits if edit.new_password is not None],
    )


def to_announcements(
    edits: Sequence[Edit], after: Snapshot, known: Heard, services: Sequence[Service] | None = None
) -> tuple[Effects | None, ConfigurationChanges]:
    """The same for what is announced and for frr.conf; None if no kind among them decides about announcements.

    known: what was heard of sessions. services: those that there are before, if the edits make or remove some.
    """
    others = _others(after, services)
    if _decides(edits, {*KINDS, "BFDProfile"}) or others:
        before, sides = _sides(edits, after, services)
        told = effects(before, after, sides, known.up) if _decides(edits, KINDS) or others else None
        return told, configuration_changes(before, after, sides)
    return None, UNCHANGED


def to_addresses(edits: Sequence[Edit], after: Snapshot) -> AddressEffects | None:
    """The same for the addresses of services; None if no pool is among them."""
    if not any(edit.kind.kind == "IPAddressPool" for edit in edits):
        return None
    return address_effects(as_held(edits, after), after)


def to_layer2(
    edits: Sequence[Edit], after: Snapshot, services: Sequence[Service] | None = None
) -> Layer2Effects | None:
    """The same for who may answer ARP and NDP; None if no kind among them decides about it."""
    if not edits or not (_decides(edits, LAYER2_KINDS) or _others(after, services)):
        return None
    before = replace(as_held(edits, after), services=after.services if services is None else tuple(services))
    return layer2_effects(before, after, answering(edits[0].cluster))


def as_held(edits: Sequence[Edit], after: Snapshot) -> Snapshot:
    """The cluster with the objects of the edits as it holds them now; after: with all of the edits in it."""
    return held(after, _held(edits))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What edits mean, as far as it can hurt: known of sessions, what happens to them, what to announcements."""

    known: Heard
    sessions: tuple[SessionChange, ...]
    told: Effects | None
    confirm: tuple[Confirmation, ...]


def meaning(edits: Sequence[Edit], after: Snapshot, known: Heard, services: Sequence[Service] | None = None) -> Meaning:
    """The arguments as for to_announcements."""
    told, sessions = None, to_sessions(edits, after)
    if _decides(edits, KINDS) or _others(after, services):
        before, sides = _sides(edits, after, services)
        told = effects(before, after, sides, known.up)
    return Meaning(known, sessions, told, confirmed_by(edits, after, sessions, told))


def confirmed_by(
    edits: Sequence[Edit], after: Snapshot, sessions: Sequence[SessionChange], told: Effects | None
) -> tuple[Confirmation, ...]:
    """What of it has to be confirmed."""
    ends = any(change.reset or change.closed for change in sessions)
    total = sum(len(nodes) for _, nodes in placed(as_held(edits, after)).values()) if ends else 0
    there = {ServiceRef(one.namespace, one.name) for one in after.services} if told is not None else set()
    return confirmations(sessions, total, told, there, settings.BGPUI_CONFIRM_SESSIONS)


def _decides(edits: Sequence[Edit], kinds: frozenset[str] | set[str]) -> bool:
    return any(edit.kind.kind in kinds for edit in edits)


def _others(after: Snapshot, services: Sequence[Service] | None) -> bool:
    return services is not None and services is not after.services


def _sides(edits: Sequence[Edit], after: Snapshot, services: Sequence[Service] | None) -> tuple[Snapshot, Sides]:
    earlier = after.services if services is None else tuple(services)
    before = replace(as_held(edits, after), services=earlier)
    return before, announced(before, after)


def _held(edits: Sequence[Edit]) -> dict[ObjectRef, Resource | None]:
    return {edit.ref: None if edit.live is None else resource_of(edit.ref, edit.live) for edit in edits}
