"""What was allowed once is not asked again, as long as edits leave it as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from django.db.models import Subquery
from django.db.models.functions import Coalesce

from clusters.edits.edit import Edit
from clusters.edits.overriding import overridable
from clusters.models import Change
from clusters.selectors import resource_of
from intent import rules
from intent.findings import Finding, Severity
from intent.session_changes import held
from intent.snapshot import Snapshot

_LOOKED_AT = 20  # changes of an object by which somebody overrode a rule, newest first


def with_standing(edit: Edit, after: Snapshot, found: Sequence[Finding], now: Snapshot | None = None) -> list[Finding]:
    """The findings, marked where the cluster holds the object with the same one. after: the cluster with the edit.
    now: the same without it and what is edited together with it, None = it is alone.

    Of documented rules it is enough that they are broken there, whoever did it, and of a password in the object that
    stays; a rule that only an administrator overrides must have been overridden for this object. One query, and the
    rules once more, if there is such a finding.
    """
    asking = [one for one in found if one.severity is Severity.DOCUMENTED or overridable(one) or _kept(edit, one)]
    if not asking or edit.live is None or edit.manifest is None or edit.recreate:
        return list(found)
    now = now or held(after, {edit.ref: resource_of(edit.ref, edit.live)})
    where: dict[Finding, set[str]] = {}
    for one in rules.check(now, {edit.ref}):
        where.setdefault(replace(one, nodes=()), set()).update(one.nodes)

    def stands(one: Finding) -> bool:
        """Whether it bites on no node on which it did not before."""
        nodes = where.get(replace(one, nodes=()))
        return nodes is not None and nodes.issuperset(one.nodes)

    errors = any(overridable(one) and stands(one) for one in asking)
    allowed = _overridden(edit) if errors else frozenset[str]()
    return [
        replace(one, stood=True)
        if stands(one) and (one.severity is Severity.DOCUMENTED or one.code in allowed or _kept(edit, one))
        else one
        for one in found
    ]


def _kept(edit: Edit, one: Finding) -> bool:
    """Whether it is about the password that the object goes on to carry."""
    return edit.inline_password and one.field == "spec.password" and one.severity is Severity.ERROR


def _overridden(edit: Edit) -> frozenset[str]:
    """The rules that an administrator overrode for this object, not for one of its name that is gone."""
    place = {"cluster": edit.cluster, "kind": edit.kind.kind, "namespace": edit.namespace, "name": edit.name}
    changes = Change.objects.filter(**place)
    gone = changes.filter(action=Change.Action.DELETE).order_by("-pk").values("pk")[:1]
    own = changes.exclude(override_reason="").filter(pk__gt=Coalesce(Subquery(gone), 0))
    return frozenset(chain.from_iterable(own.order_by("-pk").values_list("overridden", flat=True)[:_LOOKED_AT]))
