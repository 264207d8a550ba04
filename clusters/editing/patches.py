"""A change to take to where an object comes from: whole, as a merge patch, for Kustomize, and as a diff."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from clusters.changesets.exports import canonical_of
from clusters.editing.yaml_text import manifest_yaml
from clusters.manifest import merge_patch
from clusters.models import Resource
from clusters.sync.marks import marks_of, unmarked

FORMS = {
    "manifest": ("application/yaml", "yaml"),
    "merge": ("application/json", "merge.json"),
    "kustomize": ("application/yaml", "kustomize.yaml"),
    "diff": ("text/x-diff", "diff"),
}  # media type and ending of the file


@dataclass(frozen=True, slots=True)
class Patch:
    """The forms of one change, by their names in FORMS. None of them has a password, or marks of the object's owner."""

    name: str
    texts: Mapping[str, str]


def patch_of(row: Resource, after: Mapping[str, Any]) -> Patch:
    """What makes the object that the cluster holds be as the manifest says."""
    kind = row.KIND
    marks = marks_of(row.live)
    old, new = (unmarked(canonical_of(kind, state), marks) for state in (row.live or {}, after))
    change = merge_patch(old, new)
    target = {"group": kind.group, "version": kind.version, "kind": kind.kind, "name": row.name}
    metadata = {"name": row.name, **change.get("metadata", {})}
    named = {"apiVersion": kind.api_version, "kind": kind.kind, **change, "metadata": metadata}
    kustomize = {"patches": [{"target": target, "patch": manifest_yaml(named)}]}
    name = f"{kind.kind.lower()}-{row.name}"
    before, then = manifest_yaml(old), manifest_yaml(new)
    diff = difflib.unified_diff(before.splitlines(), then.splitlines(), f"a/{name}.yaml", f"b/{name}.yaml", lineterm="")
    texts = {
        "manifest": then,
        "merge": json.dumps(change, indent=2, ensure_ascii=False) + "\n",
        "kustomize": manifest_yaml(kustomize),
        "diff": "".join(f"{line}\n" for line in diff),
    }
    return Patch(name, texts)


def patch_download(patch: Patch, form: str) -> HttpResponse:
    """One form of it as a file."""
    media_type, ending = FORMS[form]
    response = HttpResponse(patch.texts[form], content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{patch.name}.{ending}"'
    response["Cache-Control"] = "private, no-store"
    return response
