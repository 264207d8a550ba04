"""A manifest that somebody sent: its shape is checked here, its meaning by the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.api.problems import BadBody, fault
from clusters.kube.redact import repeats
from clusters.paths import joined
from intent.kinds import Kind

READ_ONLY = frozenset(
    {
        "cluster",
        "status",
        "sync",
        "sessions",
        "findings",
        "inlinePassword",
        "edit",
        "usedBy",
        "olderWriters",
        "owner",
        "use",
        "announcedOver",
    }
)
_WRITTEN = frozenset({"apiVersion", "kind", "metadata", "spec"})
_METADATA = frozenset({"name", "namespace", "labels", "annotations"})
# What the API server or controllers set; `kubectl get -o yaml` prints it, so it is read and left alone.
_SERVERS_OWN = frozenset(
    {
        "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "deletionTimestamp",
        "deletionGracePeriodSeconds", "ownerReferences", "finalizers",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What to save: the manifest without the password, and the password apart; None = as it is, "" = none any more."""

    namespace: str
    name: str
    manifest: dict[str, Any]
    password: str | None

    @property
    def whole(self) -> dict[str, Any]:
        """The manifest with the password."""
        if self.password is None:
            return self.manifest
        return {**self.manifest, "spec": {**self.manifest["spec"], "password": self.password}}


def draft_of(kind: Kind, body: Any, *, namespace: str = "", name: str = "", default_namespace: str = "") -> Draft:
    """The body as a draft; apiVersion, kind, name and namespace may be left out where the address says them.

    default_namespace: for an address without one, if the body has none either. An older version that is served stays
    in the draft, for the rules to say what that means; what is saved is of the stored version.

    Raises BadBody with a finding for everything that has not the shape of a manifest of this kind, or that names
    another object than the address does.
    """
    if not isinstance(body, dict):
        raise BadBody("The body must be an object.", findings=[fault("", "must be an object", code="shape")])
    address = {"namespace": namespace, "name": name}
    faults = [*_envelope(kind, body), *_metadata(body.get("metadata"), address)]
    spec = body.get("spec")
    if spec is not None and not isinstance(spec, dict):
        faults.append(fault("spec", "must be an object", code="shape"))
    spec = dict(spec) if isinstance(spec, dict) else {}
    password = (spec.pop("password") or "") if "password" in spec else None
    if password is not None and not isinstance(password, str):
        faults.append(fault("spec.password", "must be a string", code="shape"))
    if faults:
        raise BadBody("The body is not a manifest of this kind.", findings=faults)
    metadata = body.get("metadata") or {}
    metadata = {key: metadata[key] for key in sorted(_METADATA) if metadata.get(key)}
    if "annotations" in metadata:
        given = metadata["annotations"].items()
        metadata["annotations"] = {key: value for key, value in given if not repeats(key, value)}
    metadata |= {key: value for key, value in address.items() if value}
    metadata = {"name": "", "namespace": default_namespace, **metadata}
    manifest = {
        "apiVersion": body.get("apiVersion", kind.api_version),
        "kind": kind.kind,
        "metadata": metadata,
        "spec": spec,
    }
    return Draft(metadata["namespace"], metadata["name"], manifest, password)


def _envelope(kind: Kind, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in body.keys() - _WRITTEN - READ_ONLY:
        yield fault(key, "is not part of a manifest", code="unknown-field")
    versions = [kind.api_version, *(f"{kind.group}/{name}" for name in kind.served_versions)]
    for key, wanted in (("apiVersion", versions), ("kind", [kind.kind])):
        if body.get(key, wanted[0]) not in wanted:
            yield fault(key, f"must be {wanted[0]} here", code="shape", value=body[key], hint=f"Write {wanted[0]}.")


def _metadata(metadata: Any, address: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        yield fault("metadata", "must be an object", code="shape", value=metadata)
        return
    for key in metadata.keys() - _METADATA - _SERVERS_OWN:
        yield fault(f"metadata.{key}", "is not part of the metadata that can be written", code="unknown-field")
    for key, said in address.items():
        value = metadata.get(key)
        if value is not None and not isinstance(value, str):
            yield fault(f"metadata.{key}", "must be a string", code="shape", value=value)
        elif value and said and value != said:
            yield fault(f"metadata.{key}", f"is not {said}, which the address names", code="immutable", value=value)
    for key in ("labels", "annotations"):
        value = metadata.get(key)
        if value is not None and not isinstance(value, dict):
            yield fault(f"metadata.{key}", "must be an object", code="shape", value=value)
        elif value:
            yield from (
                fault(joined(("metadata", key, label)), "must be a string", code="shape", value=inner)
                for label, inner in value.items()
                if not isinstance(inner, str)
            )
