"""Deleting an object and making it anew, as one change: for what a change alone does not do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clusters.changesets.drafts import SetDraft
from clusters.changesets.wanted import Wanted
from clusters.models import Cluster, Resource
from intent.findings import Finding
from intent.kinds import KINDS

_BFD_STAYS_ON = "bfd-stays-on"
_TRANSITIONS = {
    rule.name for kind in KINDS.values() for field in kind.fields for rule in field.cel if rule.transition
}  # fields that keep their first value


def recreation_offered(found: Iterable[Finding], row: Resource | None) -> str:
    """The label of the way out that deletes the object first, "" if the findings give no reason for it."""
    codes = {finding.code for finding in found}
    if row is None or row.live is None:
        return ""
    if _BFD_STAYS_ON in codes:
        return "Disable BFD: delete and recreate"
    return "Delete and recreate" if codes & _TRANSITIONS else ""


def recreation(
    cluster: Cluster, row: Resource | None, manifest: Mapping[str, Any], accept: Sequence[str] = ()
) -> SetDraft:
    """The change that deletes the row's object and makes it as the manifest says."""
    metadata = manifest["metadata"]
    wanted = Wanted(
        kind=manifest["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        manifest=manifest,
        recreate=True,
        base_revision=row.revision if row is not None else 0,
    )
    title = f"Delete {wanted.name} and make it anew"
    back = row.get_absolute_url() if row is not None else ""
    return SetDraft(cluster=cluster, wanted=[wanted], title=title, back=back, accept=list(accept))
