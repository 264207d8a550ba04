"""What a request wants of several objects: `{"manifest": …}`, `{"recreate": …}` or `{"delete": …}` for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clusters.api.manifests import Draft, draft_of
from clusters.api.problems import BadBody, Problem, fault
from clusters.changesets.save import MOST
from clusters.changesets.wanted import Wanted
from clusters.kube.plain import PLAIN_KINDS, PlainKind
from clusters.models import Cluster
from clusters.registry import resource_models

_VERBS = ("manifest", "recreate", "delete")
_METADATA = frozenset({"name", "namespace", "labels", "annotations"})


def known_kinds() -> list[str]:
    """The kinds that a change set may carry."""
    return [*resource_models(), *PLAIN_KINDS]


def wanted_of(body: Any, cluster: Cluster) -> list[Wanted]:
    """The entries of a body. Raises BadBody with a finding for everything that is none."""
    if not isinstance(body, list) or not 1 <= len(body) <= MOST:
        raise BadBody(f"The body must be a list of 1 to {MOST} entries.")
    wanted: list[Wanted] = []
    faults: list[dict[str, Any]] = []
    seen = set()
    for index, entry in enumerate(body):
        try:
            one = _entry(entry, cluster)
        except Problem as problem:
            faults += placed(f"[{index}]", problem)
            continue
        if one.ref in seen:
            faults.append(fault(f"[{index}]", "names the same object as an entry before", code="shape", value=one.name))
        seen.add(one.ref)
        wanted.append(one)
    if faults:
        raise BadBody("The list is not one of edits.", findings=faults)
    return wanted


def placed(where: str, problem: Problem) -> Iterator[dict[str, Any]]:
    """The findings of a problem with one of several objects, `field` beginning with which."""
    for finding in problem.findings or [fault("", problem.text, code=problem.code)]:
        yield {**finding, "field": f"{where}.{finding['field']}".rstrip(".")}


def _entry(entry: Any, cluster: Cluster) -> Wanted:
    given = [verb for verb in _VERBS if isinstance(entry, dict) and verb in entry]
    if len(given) != 1 or len(entry) != 1:
        message = f"must have exactly one of {', '.join(_VERBS)}"
        raise BadBody(message, findings=[fault("", message, code="shape")])
    verb, value = given[0], entry[given[0]]
    if not isinstance(value, dict):
        raise BadBody("", findings=[fault(verb, "must be an object", code="shape", value=value)])
    try:
        if verb == "delete":
            return _deletion(value, cluster)
        return wanted_manifest(value, cluster, recreate=verb == "recreate")
    except Problem as problem:
        raise BadBody(problem.text, findings=list(placed(verb, problem))) from problem


def wanted_manifest(manifest: Mapping[str, Any], cluster: Cluster, *, recreate: bool = False) -> Wanted:
    """The object as the manifest says, whichever kind that is. Raises BadBody."""
    kind = manifest.get("kind")
    if isinstance(kind, str) and kind in PLAIN_KINDS:
        return _plain(PLAIN_KINDS[kind], manifest)
    model = resource_models().get(kind) if isinstance(kind, str) else None
    if model is None:
        raise _unknown(kind)
    draft = draft_of(model.KIND, manifest, default_namespace=cluster.namespace)
    return Wanted(model.KIND.kind, draft.namespace, draft.name, _with_password(draft), recreate=recreate)


def _with_password(draft: Draft) -> Mapping[str, Any]:
    """The manifest with its password, for the rules to refuse it; it is kept nowhere."""
    if draft.password is None:
        return draft.manifest
    return {**draft.manifest, "spec": {**draft.manifest["spec"], "password": draft.password}}


def _unknown(kind: object) -> BadBody:
    message = f"must be one of {', '.join(known_kinds())}"
    return BadBody(f"kind {message}.", findings=[fault("kind", message, code="unknown-kind", value=kind)])


def _deletion(ref: Mapping[str, Any], cluster: Cluster) -> Wanted:
    kind, name = ref.get("kind"), ref.get("name")
    if not isinstance(kind, str) or kind not in known_kinds():
        raise _unknown(kind)
    faults = [
        fault(key, "is not part of a reference; write kind, namespace and name", code="shape")
        for key in ref.keys() - {"kind", "namespace", "name"}
    ]
    clustered = kind in PLAIN_KINDS and not PLAIN_KINDS[kind].namespaced
    namespace = "" if clustered else ref.get("namespace", cluster.namespace)
    faults += [
        fault(key, "must be a text", code="shape", value=value)
        for key, value in (("namespace", namespace), ("name", name))
        if not isinstance(value, str)
    ]
    if faults:
        raise BadBody("This names no object.", findings=faults)
    return Wanted(kind, namespace, str(name), None)


def _plain(kind: PlainKind, manifest: Mapping[str, Any]) -> Wanted:
    """A manifest of a plain kind, without what only the server writes. Raises BadBody."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    spec = manifest.get("spec", {})
    faults = [
        fault(key, "is not part of a manifest that is taken here", code="unknown-field")
        for key in sorted(manifest.keys() - {"apiVersion", "kind", "metadata", "spec", "status"})
    ]
    for key in ("labels", "annotations"):
        values = metadata.get(key) or {}
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            faults.append(fault(f"metadata.{key}", "must map names to texts", code="shape", value=values))
    faults += [
        fault(f"metadata.{key}", "must be given", code="shape", value=metadata.get(key, ""))
        for key in (("name", "namespace") if kind.namespaced else ("name",))
        if not isinstance(metadata.get(key), str)
    ]
    if not isinstance(spec, dict):
        faults.append(fault("spec", "must be an object", code="shape", value=spec))
    if faults:
        raise BadBody(f"This is no {kind.kind} that is taken.", findings=faults)
    kept = {name: metadata[name] for name in sorted(_METADATA) if metadata.get(name)}
    clean = {"apiVersion": manifest.get("apiVersion", kind.api_version), "kind": kind.kind, "metadata": kept}
    clean |= {"spec": spec} if spec else {}
    return Wanted(kind.kind, metadata["namespace"] if kind.namespaced else "", metadata["name"], clean)
