"""Services of type LoadBalancer that a change set makes or removes: the cluster with and without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clusters.changesets.wanted import AnyEdit
from clusters.edits.edit import PlainEdit
from clusters.kube.plain import marked
from clusters.manifest import Object
from intent.assignments import Outlook, assigned, outlooks
from intent.snapshot import Service, Snapshot

_NOT_YET = 0  # number of a change set that has none


def with_balancers(edits: Sequence[AnyEdit], after: Snapshot) -> tuple[Snapshot, tuple[Outlook, ...]]:
    """The cluster with the services as they will be, and what each new one would get.

    after: with all other edits in it. A service of which more than one thing may come is left out.
    """
    plain = [edit for edit in edits if isinstance(edit, PlainEdit)]
    own = [edit for edit in plain if edit.kind.kind == "Service"]
    if not own:
        return after, ()
    rooms = {edit.name: _labels(edit.manifest) for edit in plain if edit.kind.kind == "Namespace" and edit.manifest}
    after = replace(after, namespaces={**after.namespaces, **rooms})
    there = {(one.namespace, one.name) for one in after.services}
    made = [edit.manifest for edit in own if edit.manifest and (edit.namespace, edit.name) not in there]
    made = [manifest for manifest in made if _is_balancer(manifest)]
    gone = {(edit.namespace, edit.name) for edit in own if edit.manifest is None}
    found = outlooks(after, made) if made else ()
    new = [assigned(one, manifest) for one, manifest in zip(found, made, strict=True)]
    if not gone & there and not any(new):
        return after, found
    kept = [one for one in after.services if (one.namespace, one.name) not in gone]
    services: Sequence[Service] = (*kept, *filter(None, new))
    return replace(after, services=services), found


def _is_balancer(manifest: Object) -> bool:
    spec = manifest.get("spec") or {}
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")


def _labels(manifest: Object) -> dict[str, str]:
    return dict(marked(manifest, _NOT_YET)["metadata"]["labels"])
