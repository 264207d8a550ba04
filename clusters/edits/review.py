"""Review: what an edit would change and what everybody says of it, before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusters.edits import judging
from clusters.edits.dryrun import DryRun
from clusters.edits.dryrun import dry_run as ask
from clusters.edits.edit import Edit, prepare, snapshots
from clusters.edits.frozen import UNHINDERED, StandStill, stand_still
from clusters.heard import UNHEARD, Heard, heard
from clusters.manifest import FieldDiff, Object, differences, has_inline_password, plain
from clusters.models import Cluster
from clusters.selectors import answering, resource_of
from clusters.sync import ownership
from intent import rules
from intent.affected import announced
from intent.displaced import AddressEffects, address_effects
from intent.effects import KINDS, Effects, effects
from intent.findings import Finding, ObjectRef, Severity
from intent.frr_changes import UNCHANGED, ConfigurationChanges, configuration_changes
from intent.layer2_effects import KINDS as LAYER2_KINDS
from intent.layer2_effects import Layer2Effects, layer2_effects
from intent.session_changes import SessionChange, held, session_changes
from intent.snapshot import Resource, Service, Snapshot


@dataclass(frozen=True, slots=True)
class Review:
    """findings: of the object with the change, for a deletion those that it would leave behind; without warnings
    about others that the change has no part in. introduced and solved: against the cluster as it would be without
    the change. before and after: manifests, None = no such object.
    takes_over: the tools whose fields this edit moves to bgpui. drops_inline_password: `spec.password` will go.
    revision: of the row that was reviewed, for `base_revision`; 0 = there is none. sessions: what happens to them.
    effects: what happens to announcements, None for a kind that does not decide about them. heard: what is known of
    the sessions that carry them. layer2: what happens to who answers ARP and NDP, likewise. addresses: to those
    of services, None if it is about no pool. frr: to frr.conf.
    frozen: where none of that will be so, since nodes keep their old configuration.
    """

    findings: tuple[Finding, ...]
    introduced: tuple[Finding, ...]
    solved: tuple[Finding, ...]
    diff: tuple[FieldDiff, ...]
    before: Object | None
    after: Object | None
    dry_run: DryRun
    takes_over: tuple[str, ...]
    drops_inline_password: bool
    new_password: bool
    revision: int
    sessions: tuple[SessionChange, ...] = ()
    effects: Effects | None = None
    heard: Heard = UNHEARD
    layer2: Layer2Effects | None = None
    addresses: AddressEffects | None = None
    frr: ConfigurationChanges = UNCHANGED
    frozen: StandStill = UNHINDERED


def review(
    *,
    cluster: Cluster,
    kind: str,
    namespace: str,
    name: str,
    manifest: Mapping[str, Any] | None,
    password: str | None = None,
    dry_run: bool = True,
) -> Review:
    """Look at an edit from all sides; manifest None = deletion. Writes nothing.

    With dry_run it asks the API server, and works out what is announced and written then; checks while typing do not.
    """
    edit = prepare(cluster, kind, namespace, name, manifest, password)
    without, with_change = snapshots(edit, fresh=dry_run)
    old = rules.check(without, {edit.ref} if edit.row is not None and manifest is not None else None)
    new = judging.judge(edit, with_change, manifest) if manifest is not None else rules.check(with_change)
    # A new object may solve what others lack (a BFDProfile does), so all of them are looked at again.
    left = rules.check(with_change) if manifest is not None and edit.row is None else new
    introduced = beyond(new, old)
    known = heard(cluster) if dry_run else UNHEARD
    told, frr = to_announcements([edit], with_change, known) if dry_run else (None, UNCHANGED)
    live = edit.live
    return Review(
        findings=concerning(edit.ref, new, introduced)
        if manifest is not None
        else (*judging.judge(edit, with_change), *introduced),
        introduced=introduced,
        solved=beyond(old, left),
        diff=differences(edit.kind, live, edit.after),
        before=plain(live),
        after=plain(edit.manifest),
        dry_run=ask(edit) if dry_run else DryRun(accepted=None, message=""),
        takes_over=ownership.taken_over_from(live) if live is not None else (),
        drops_inline_password=has_inline_password(live) and not edit.inline_password and manifest is not None,
        new_password=edit.new_password is not None,
        revision=edit.row.revision if edit.row is not None else 0,
        sessions=to_sessions([edit], with_change),
        effects=told,
        heard=known,
        layer2=to_layer2([edit], with_change) if dry_run else None,
        addresses=to_addresses([edit], with_change) if dry_run else None,
        frr=frr,
        frozen=stand_still(cluster, [edit.ref], with_change, introduced, frr) if dry_run else UNHINDERED,
    )


def to_sessions(edits: Sequence[Edit], after: Snapshot) -> tuple[SessionChange, ...]:
    """What edits do to sessions, against what the cluster holds; after: the cluster with all of them in it."""
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
    kinds = {edit.kind.kind for edit in edits}
    earlier = after.services if services is None else services
    others = earlier is not after.services
    if kinds.isdisjoint({*KINDS, "BFDProfile"}) and not others:
        return None, UNCHANGED
    before = replace(as_held(edits, after), services=earlier)
    sides = announced(before, after)
    told = None if KINDS.isdisjoint(kinds) and not others else effects(before, after, sides, known.up)
    return told, configuration_changes(before, after, sides)


def to_addresses(edits: Sequence[Edit], after: Snapshot) -> AddressEffects | None:
    """The same for the addresses of services; None if no pool is among them."""
    if not any(edit.kind.kind == "IPAddressPool" for edit in edits):
        return None
    return address_effects(as_held(edits, after), after)


def to_layer2(
    edits: Sequence[Edit], after: Snapshot, services: Sequence[Service] | None = None
) -> Layer2Effects | None:
    """The same for who may answer ARP and NDP; None if no kind among them decides about it."""
    earlier = after.services if services is None else services
    if not edits or (LAYER2_KINDS.isdisjoint(edit.kind.kind for edit in edits) and earlier is after.services):
        return None
    before = replace(as_held(edits, after), services=earlier)
    return layer2_effects(before, after, answering(edits[0].cluster))


def as_held(edits: Sequence[Edit], after: Snapshot) -> Snapshot:
    """The cluster with the objects of the edits as it holds them now; after: with all of the edits in it."""
    return held(after, _held(edits))


def _held(edits: Sequence[Edit]) -> dict[ObjectRef, Resource | None]:
    return {edit.ref: None if edit.live is None else resource_of(edit.ref, edit.live) for edit in edits}


def concerning(ref: ObjectRef, found: Sequence[Finding], introduced: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without warnings about other objects that stand with or without the change."""
    return tuple(
        finding
        for finding in found
        if finding.severity is not Severity.WARNING or finding.objects[0] == ref or finding in introduced
    )


def beyond(found: Sequence[Finding], known: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that are not known; a clash of objects that clash with more of them there is, and a warning about

    a clash if it only spread to more objects.
    """
    clashes = [(finding.code, set(finding.objects)) for finding in known if len(finding.objects) > 1]
    return tuple(
        finding
        for finding in found
        if finding not in known
        and not (
            len(finding.objects) > 1
            and any(code == finding.code and _stood(finding, objects) for code, objects in clashes)
        )
    )


def _stood(finding: Finding, known: set[ObjectRef]) -> bool:
    spread = finding.severity is Severity.WARNING and known.issubset(finding.objects)
    return spread or known.issuperset(finding.objects)
