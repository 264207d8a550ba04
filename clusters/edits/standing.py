"""What was allowed once is not asked again, as long as edits leave it as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from clusters.edits.edit import Edit
from clusters.edits.overriding import overridable
from clusters.models import Change
from clusters.selectors import resource_of
from intent import rules
from intent.findings import Finding, Severity
from intent.session_changes import held
from intent.snapshot import Snapshot

_LOOKED_AT = 20  # changes of an object by which somebody overrode a rule, newest first


def with_standing(edit: Edit, after: Snapshot, found: Sequence[Finding]) -> list[Finding]:
    """The findings, marked where the cluster holds the object with the same one. after: the cluster with the edit.

    Of documented rules it is enough that they are broken there, whoever did it; a rule that only an administrator
    overrides must have been overridden for this object. One query, and the rules once more, if there is such a finding.
    """
    asking = [one for one in found if one.severity is Severity.DOCUMENTED or overridable(one)]
    if not asking or edit.live is None or edit.manifest is None or edit.recreate:
        return list(found)
    now = held(after, {edit.ref: resource_of(edit.ref, edit.live)})
    stood = {replace(one, nodes=()) for one in rules.check(now, {edit.ref})}
    errors = {one.code for one in asking if one.severity is Severity.ERROR and replace(one, nodes=()) in stood}
    allowed = _overridden(edit) if errors else frozenset[str]()
    return [
        replace(one, stood=True)
        if replace(one, nodes=()) in stood and (one.severity is Severity.DOCUMENTED or one.code in allowed)
        else one
        for one in found
    ]


def _overridden(edit: Edit) -> frozenset[str]:
    """The rules that an administrator overrode for this object."""
    changes = Change.objects.filter(
        cluster=edit.cluster, kind=edit.kind.kind, namespace=edit.namespace, name=edit.name
    ).exclude(override_reason="")
    return frozenset(chain.from_iterable(changes.order_by("-pk").values_list("overridden", flat=True)[:_LOOKED_AT]))
