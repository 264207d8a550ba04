"""How bgpui writes: under which name, in which forms, and strictly."""

from __future__ import annotations

FIELD_MANAGER = "bgpui"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def writing(*, dry_run: bool = False) -> dict[str, str]:
    """The query of a write: fields that the API server does not know are refused."""
    query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
    return query | {"dryRun": "All"} if dry_run else query
