"""Several edits judged as one: each beside all the others, over one picture of the cluster."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from clusters.changesets.balancers import with_balancers
from clusters.changesets.order import in_order
from clusters.changesets.wanted import AnyEdit
from clusters.edits.edit import Edit, PlainEdit, with_edits
from clusters.edits.judging import held_by, judge
from clusters.edits.meaning import Meant
from clusters.edits.overriding import NOTHING, Override, stops
from clusters.manifest import has_inline_password
from clusters.models import Cluster
from clusters.selectors import resource_of, snapshot_of
from clusters.sync.held import holders_of
from clusters.sync.owners import looked_after_by
from clusters.sync.takes import Take, takes_of
from intent import rules
from intent.findings import Finding, ObjectRef, Severity, shown
from intent.session_changes import held as held_now
from intent.snapshot import Snapshot

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_API = "Kubernetes API"


class SomeRefused(Exception):
    """Rules forbid some of them; `findings` are those that block, for each of the edits."""

    def __init__(self, findings: Sequence[Sequence[Finding]]) -> None:
        super().__init__("the rules refuse some of the objects")
        self.findings = tuple(map(tuple, findings))


@dataclass(frozen=True, slots=True)
class Judged:
    """findings: of each edit. order: the indexes of the edits in the order of work, cluster after cluster.

    meant: of each cluster what it means.
    """

    findings: tuple[tuple[Finding, ...], ...]
    order: tuple[int, ...]
    meant: tuple[Meant, ...] = ()


def stop(found: Sequence[Sequence[Finding]], accept: Collection[str], override: Override = NOTHING) -> None:
    """Raise SomeRefused if anything in it blocks."""
    blocked = [stops(some, accept, override) for some in found]
    if any(blocked):
        raise SomeRefused(blocked)


def judge_together(edits: Sequence[AnyEdit], *, on_trial: bool = False) -> Judged:
    """All findings of each edit, all the others being accepted, too; the rules look at each cluster once.

    on_trial: all of it may have to be taken back once it is in force.
    """
    found: dict[int, tuple[Finding, ...]] = {}
    order: list[int] = []
    meant: list[Meant] = []
    for cluster in {edit.cluster.pk: edit.cluster for edit in edits}.values():
        mine = [index for index, edit in enumerate(edits) if edit.cluster.pk == cluster.pk]
        some = [edits[index] for index in mine]
        before = snapshot_of(cluster, desired=True)
        after = with_all(some, before)
        judged = judge_in(cluster, some, before, after, on_trial=on_trial)
        own = [edit for edit in some if isinstance(edit, Edit)]
        meant.append(Meant(cluster, own, after, with_balancers(some, after)[0]))
        found |= dict(zip(mine, judged.findings, strict=True))
        order += [mine[place] for place in judged.order]
    return Judged(tuple(found[index] for index in range(len(edits))), tuple(order), tuple(meant))


def judge_in(
    cluster: Cluster,
    edits: Sequence[AnyEdit],
    before: Snapshot,
    after: Snapshot,
    *,
    checked: rules.Checked | None = None,
    on_trial: bool = False,
) -> Judged:
    """The same of one cluster, `before` and `after` being that cluster without and with the edits.

    checked: what the rules say of it then, if that is asked for more.
    """
    refs = {edit.ref for edit in edits}
    held = holders_of(cluster, refs)
    taken = takes_of(
        cluster, [edit.ref for edit in edits if isinstance(edit, Edit) and looked_after_by(edit.live or {})]
    )
    order = in_order(edits, before, after)
    about = (checked or rules.Checked(after, refs)).findings(refs)
    found = _each(edits, after, about, held, taken, on_trial=on_trial)
    told = ((*some, *order.told.get(index, ())) for index, some in enumerate(found))
    return Judged(tuple(told), order.places)


def with_all(edits: Sequence[AnyEdit], before: Snapshot) -> Snapshot:
    """The cluster with all the edits in it; plain objects are none that the rules look at."""
    own = [edit for edit in edits if isinstance(edit, Edit)]
    return with_edits(own, before) if own else before


def _each(
    edits: Sequence[AnyEdit],
    after: Snapshot,
    checked: Sequence[Finding],
    held: Mapping[ObjectRef, int],
    taken: Mapping[ObjectRef, Take],
    *,
    on_trial: bool,
) -> list[list[Finding]]:
    refs = {edit.ref for edit in edits}
    by_ref: dict[ObjectRef, list[Finding]] = {ref: [] for ref in refs}
    for finding in checked:
        # Objects that clash have a finding each, in which they come first.
        about = finding.objects[:1] if finding.objects[0] in refs else finding.objects
        for ref in refs.intersection(about):
            by_ref[ref].append(finding)
    own = [edit for edit in edits if isinstance(edit, Edit)]
    now = held_now(after, {edit.ref: None if edit.live is None else resource_of(edit.ref, edit.live) for edit in own})
    found = []
    for edit in edits:
        if isinstance(edit, PlainEdit):
            found.append([*held_by(edit.ref, held), *_plain(edit)])
            continue
        some = judge(edit, after, edit.sent, checked=by_ref[edit.ref], held=held, taken=taken, now=now)
        found.append([*_as_part(edit, alone=len(edits) == 1 and not on_trial, held=edit.ref in held), *some])
    return found


def _as_part(edit: Edit, *, alone: bool, held: bool) -> list[Finding]:
    """What forbids an edit that would be fine by itself to be part of a change that can be taken back."""

    def error(code: str, field: str, message: str, hint: str) -> Finding:
        return Finding(code, Severity.ERROR, field, "", message, "bgpui", hint, (edit.ref,))

    found = []
    if edit.manifest is None and edit.row is None:
        found.append(
            error("not-there", "", f"There is no {edit.kind.kind} {edit.name[:100]} to delete.", "Leave it out.")
        )
    if edit.row is not None and edit.row.pending and not held:
        message = "An edit of this object is still on its way to the cluster."
        found.append(error("edit-on-its-way", "", message, "Wait for it, or give it up on the object's page."))
    if edit.new_password is not None:
        message = "A password cannot be part of a change set: its Secret could not be taken back."
        hint = "Write the password in the object's own form, or refer to a Secret of your own in passwordSecret."
        found.append(error("password-in-list", "spec.password", message, hint))
    drops = has_inline_password(edit.live) and (edit.recreate or not edit.inline_password)
    if drops and (edit.recreate or not alone):
        message = "The object carries a password, which nobody could put back if this change is taken back."
        found.append(error("password-cannot-return", "spec.password", message, "Move the password to a Secret first."))
    return found


def _plain(edit: PlainEdit) -> list[Finding]:
    """The little that is asked of plain objects here; the API server's dry run knows the rest."""
    found = []
    names = [("metadata.name", edit.name)]
    names += [("metadata.namespace", edit.namespace)] if edit.kind.namespaced else []
    for field, name in names:
        if not _LABEL.fullmatch(name):
            message = f"{field} must be 1 to 63 lower case letters, digits and -"
            found.append(_error(edit, "name-malformed", field, name, message, "Choose another name."))
    given = (edit.manifest or {}).get("apiVersion", edit.kind.api_version)
    if given != edit.kind.api_version:
        message = f"apiVersion must be {edit.kind.api_version}"
        found.append(_error(edit, "wrong-version", "apiVersion", given, message, f"Write {edit.kind.api_version}."))
    return found


def _error(edit: PlainEdit, code: str, field: str, value: object, message: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, field, shown(value), message, _API, hint, (edit.ref,))
