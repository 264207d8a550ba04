"""Review: what an edit would change and what everybody says of it, before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clusters.edits import judging
from clusters.edits.dryrun import DryRun
from clusters.edits.dryrun import dry_run as ask
from clusters.edits.edit import prepare, snapshots
from clusters.edits.frozen import UNHINDERED, StandStill, stand_still
from clusters.edits.meaning import confirmed_by, to_addresses, to_announcements, to_layer2, to_sessions
from clusters.heard import UNHEARD, Heard, heard
from clusters.manifest import FieldDiff, Object, differences, has_inline_password, plain
from clusters.models import Cluster
from clusters.sync import ownership
from intent import rules
from intent.confirmations import Confirmation
from intent.displaced import AddressEffects
from intent.effects import Effects
from intent.findings import Finding, ObjectRef, Severity
from intent.frr_changes import UNCHANGED, ConfigurationChanges
from intent.layer2_effects import Layer2Effects
from intent.session_changes import SessionChange


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
    frozen: where none of that will be so, since nodes keep their old configuration. confirm: what of it whoever applies
    it has to confirm.
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
    confirm: tuple[Confirmation, ...] = ()


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
    sessions, live = to_sessions([edit], with_change), edit.live
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
        sessions=sessions,
        effects=told,
        heard=known,
        layer2=to_layer2([edit], with_change) if dry_run else None,
        addresses=to_addresses([edit], with_change) if dry_run else None,
        frr=frr,
        frozen=stand_still(cluster, [edit.ref], with_change, introduced, frr) if dry_run else UNHINDERED,
        confirm=confirmed_by([edit], with_change, sessions, told) if dry_run else (),
    )


def concerning(ref: ObjectRef, found: Sequence[Finding], introduced: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without warnings about other objects that stand with or without the change."""
    new = set(introduced)
    return tuple(
        finding
        for finding in found
        if finding.severity is not Severity.WARNING or finding.objects[0] == ref or finding in new
    )


def beyond(found: Sequence[Finding], known: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that are not known; a clash of objects that clash with more of them there is, and a warning about

    a clash if it only spread to more objects.
    """
    clashes = [(finding.code, set(finding.objects)) for finding in known if len(finding.objects) > 1]
    same = set(known)
    return tuple(
        finding
        for finding in found
        if finding not in same
        and not (
            len(finding.objects) > 1
            and any(code == finding.code and _stood(finding, objects) for code, objects in clashes)
        )
    )


def _stood(finding: Finding, known: set[ObjectRef]) -> bool:
    spread = finding.severity is Severity.WARNING and known.issubset(finding.objects)
    return spread or known.issuperset(finding.objects)
