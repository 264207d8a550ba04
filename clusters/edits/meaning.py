"""What edits mean for sessions, announcements and frr.conf, against what the cluster holds; what to confirm of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.conf import settings

from clusters.edits.edit import Edit
from clusters.edits.frozen import UNHINDERED, StandStill, stand_still
from clusters.heard import UNHEARD, Heard, heard
from clusters.models import Cluster
from clusters.selectors import answering, resource_of
from intent.affected import Sides, announced
from intent.announcements.announcement import ServiceRef
from intent.between import NOTHING_BETWEEN, Between, interrupted
from intent.confirmations import Confirmation, confirmations
from intent.displaced import AddressEffects, address_effects
from intent.effects import KINDS, Effects, effects
from intent.findings import Finding, ObjectRef
from intent.frr_changes import UNCHANGED, ConfigurationChanges, configuration_changes
from intent.layer2_effects import KINDS as LAYER2_KINDS
from intent.layer2_effects import Layer2Effects, layer2_effects
from intent.session_changes import SessionChange, held, session_changes
from intent.sessions import placed
from intent.snapshot import Resource, Snapshot

_FRR_KINDS = KINDS | {"BFDProfile"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """sessions: what happens to those of peers. effects: what happens to announcements, None if no kind among the edits

    decides about them. heard: what is known of the sessions, if services change their reach. layer2: what happens to
    who answers ARP and NDP, likewise. addresses: to those of services, None if it is about no pool. frr: to frr.conf.
    between: what is withdrawn for a while, though it is announced before and after.
    frozen: where none of that will be so, since nodes keep their old configuration. confirm: what of it whoever applies
    it has to confirm.
    """

    sessions: tuple[SessionChange, ...] = ()
    effects: Effects | None = None
    heard: Heard = UNHEARD
    layer2: Layer2Effects | None = None
    addresses: AddressEffects | None = None
    frr: ConfigurationChanges = UNCHANGED
    frozen: StandStill = UNHINDERED
    between: Between = NOTHING_BETWEEN
    confirm: tuple[Confirmation, ...] = ()


NO_MEANING = Meaning()


class _Hearing:
    """The sessions of a cluster that are up, of which there may be very many: asked for once somebody needs them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @cached_property
    def known(self) -> Heard:
        """All that is known of sessions."""
        return heard(self._cluster)

    def __contains__(self, key: object) -> bool:
        return key in self.known.up


class Meant:
    """Edits of one cluster and that cluster with all of them; what several questions need is worked out once.

    then: the same with the services that are made or removed beside the edits, if there are such.
    """

    def __init__(self, cluster: Cluster, edits: Sequence[Edit], after: Snapshot, then: Snapshot | None = None) -> None:
        self.cluster = cluster
        self.edits = edits
        self.after = after
        self._then = then or after
        self._kinds = {edit.kind.kind for edit in edits}
        if self._then.services is not after.services:
            self._kinds.add("Service")

    def meaning(self, introduced: Iterable[Finding]) -> Meaning:
        """All of it. introduced: the findings that the edits add."""
        frr = configuration_changes(self.before, self._then, self._sides) if self._decides(_FRR_KINDS) else UNCHANGED
        hearing = _Hearing(self.cluster)
        found = self._harm(hearing)
        if found.effects is not None and found.effects.services:
            found = replace(found, heard=hearing.known)
        return replace(
            found,
            layer2=self._layer2(),
            addresses=address_effects(self.held, self.after) if "IPAddressPool" in self._kinds else None,
            frr=frr,
            frozen=stand_still(self.cluster, [edit.ref for edit in self.edits], self.after, introduced, frr),
            between=Between(interrupted=self._interrupted(found, hearing)),
        )

    def harm(self, *, stays: bool = False) -> Meaning:
        """As much of it as decides what has to be confirmed and, if that is asked, what has to stay."""
        hearing = _Hearing(self.cluster)
        found = self._harm(hearing)
        return replace(found, heard=hearing.known) if stays else found

    def _harm(self, hearing: _Hearing) -> Meaning:
        sessions = self.sessions()
        told = effects(self.before, self._then, self._sides, hearing) if self._decides(KINDS) else None
        return Meaning(sessions=sessions, effects=told, confirm=self._confirm(sessions, told))

    def _interrupted(self, found: Meaning, hearing: _Hearing) -> tuple[ServiceRef, ...]:
        """The services that nobody announces while sessions reset, without those that nobody announces afterwards."""
        if not any(one.reset or (one.closed and one.opened) for one in found.sessions):
            return ()
        told = interrupted(self.before, found.sessions, hearing.known.up - hearing.known.silent)
        later = {*found.effects.lost, *found.effects.dark} if found.effects is not None else set()
        return tuple(sorted(told - later))

    def sessions(self) -> tuple[SessionChange, ...]:
        """What happens to sessions."""
        return session_changes(
            self.after,
            self._was,
            recreated=[edit.ref for edit in self.edits if edit.recreate],
            passwords=[edit.ref for edit in self.edits if edit.new_password is not None],
        )

    @cached_property
    def held(self) -> Snapshot:
        """The cluster with the objects of the edits as it holds them now."""
        return held(self.after, self._was)

    @cached_property
    def before(self) -> Snapshot:
        """The same, beside what else there will be of services that stay."""
        return replace(held(self._then, self._was), services=self.after.services)

    @cached_property
    def _was(self) -> dict[ObjectRef, Resource | None]:
        return {edit.ref: None if edit.live is None else resource_of(edit.ref, edit.live) for edit in self.edits}

    @cached_property
    def _sides(self) -> Sides:
        return announced(self.before, self._then)

    def _decides(self, kinds: frozenset[str]) -> bool:
        return not self._kinds.isdisjoint({*kinds, "Service"})

    def _layer2(self) -> Layer2Effects | None:
        if not self.edits or not self._decides(LAYER2_KINDS):
            return None
        return layer2_effects(self.before, self._then, answering(self.cluster))

    def _confirm(self, sessions: Sequence[SessionChange], told: Effects | None) -> tuple[Confirmation, ...]:
        ends = any(change.reset or change.closed for change in sessions)
        total = sum(len(nodes) for _, nodes in placed(self.held).values()) if ends else 0
        there = {ServiceRef(one.namespace, one.name) for one in self._then.services} if told is not None else set()
        return confirmations(sessions, total, told, there, settings.BGPUI_CONFIRM_SESSIONS)
