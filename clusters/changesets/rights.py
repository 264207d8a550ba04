"""Who may make a change set of what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied

from clusters.changesets.wanted import Wanted
from clusters.registry import resource_models


def rights_check(user: Any, wanted: Iterable[Wanted]) -> None:
    """Raise PermissionDenied for who may not write one of the kinds in this way."""
    needed = {"clusters.add_changeset"}
    for one in wanted:
        model = resource_models().get(one.kind)
        if model is None:  # plain objects: whoever may make change sets; the cluster has its own say
            continue
        verbs = ("delete",) if one.manifest is None else ("add", "change", *(("delete",) if one.recreate else ()))
        meta = model._meta  # noqa: SLF001  # Django's own name
        needed |= {f"{meta.app_label}.{verb}_{meta.model_name}" for verb in verbs}
    if not user.has_perms(needed):
        raise PermissionDenied
