"""Who may make a change set of what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied

from clusters.changesets.wanted import Wanted
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import Cluster
from clusters.registry import resource_models
from clusters.workloads import workloads_refused


def rights_check(user: Any, cluster: Cluster, wanted: Iterable[Wanted]) -> None:
    """Raise PermissionDenied for who may not write one of the kinds in this way, with the reason if it is no role."""
    needed = {"clusters.add_changeset"}
    for one in wanted:
        if one.kind in PLAIN_KINDS:
            if refusal := workloads_refused(user, cluster):
                raise PermissionDenied(refusal)
            continue
        model = resource_models()[one.kind]
        verbs = ("delete",) if one.manifest is None else ("add", "change", *(("delete",) if one.recreate else ()))
        meta = model._meta  # noqa: SLF001  # Django's own name
        needed |= {f"{meta.app_label}.{verb}_{meta.model_name}" for verb in verbs}
    if not user.has_perms(needed):
        raise PermissionDenied
