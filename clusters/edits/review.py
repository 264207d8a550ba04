"""Review: what an edit would change and what everybody says of it, before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clusters.edits import judging
from clusters.edits.dryrun import UNASKED, DryRun
from clusters.edits.dryrun import dry_run as ask
from clusters.edits.edit import prepare, snapshots
from clusters.edits.meaning import Meaning, Meant
from clusters.edits.unedited import findings_without
from clusters.manifest import FieldDiff, Object, differences, has_inline_password, plain
from clusters.models import Cluster
from clusters.sync import ownership
from intent import rules
from intent.findings import Finding, ObjectRef, Severity


@dataclass(frozen=True, slots=True)
class Review:
    """findings: of the object with the change, for a deletion those that it would leave behind; without warnings
    about others that the change has no part in. introduced and solved: against the cluster as it would be without
    the change. before and after: manifests, None = no such object.
    takes_over: the tools whose fields this edit moves to bgpui. drops_inline_password: `spec.password` will go.
    revision: of the row that was reviewed, for `base_revision`; 0 = there is none. meaning: of checks while typing,
    what it says of sessions alone.
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
    meaning: Meaning


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
    alone = edit.row is not None and manifest is not None
    old = findings_without(without, {edit.ref} if alone else (), alone=alone)
    new = judging.judge(edit, with_change, manifest) if manifest is not None else rules.check(with_change)
    # A new object may solve what others lack (a BFDProfile does), so all of them are looked at again.
    left = rules.check(with_change) if manifest is not None and edit.row is None else new
    introduced = beyond(new, old)
    live, meant = edit.live, Meant(cluster, [edit], with_change)
    return Review(
        findings=concerning(edit.ref, new, introduced)
        if manifest is not None
        else (*judging.judge(edit, with_change), *introduced),
        introduced=introduced,
        solved=beyond(old, left),
        diff=differences(edit.kind, live, edit.after),
        before=plain(live),
        after=plain(edit.manifest),
        dry_run=ask(edit) if dry_run else UNASKED,
        takes_over=ownership.taken_over_from(live) if live is not None else (),
        drops_inline_password=has_inline_password(live) and not edit.inline_password and manifest is not None,
        new_password=edit.new_password is not None,
        revision=edit.row.revision if edit.row is not None else 0,
        meaning=meant.meaning(introduced) if dry_run else Meaning(sessions=meant.sessions()),
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
