"""From a request's body to an object of a type, or a refusal in the words of the real server."""

from __future__ import annotations

from typing import Any

from lab.apiserver import metadata, schema
from lab.apiserver.errors import bad_request, internal, undecodable
from lab.apiserver.resources import Key, Manifest, Resource


def checked(resource: Resource, body: Any) -> Manifest:
    """The body as an object of this type; apiVersion and kind may be missing. Raises ApiError 400."""
    if not isinstance(body, dict):
        raise undecodable(resource, "Object 'Kind' is missing")
    kind, version = body.setdefault("kind", resource.kind), body.setdefault("apiVersion", resource.api_version)
    if kind != resource.kind:
        raise bad_request(f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})")
    if version != resource.api_version:
        words = f"the API version in the data ({version}) does not match the expected API version"
        raise bad_request(f"{words} ({resource.api_version})")
    body.setdefault("metadata", {})
    metadata.check_types(body, resource)
    return body


def decoded(resource: Resource, body: Any, validation: str, warnings: list[str]) -> Manifest:
    """The object pruned and defaulted; unknown fields are refused (Strict), warned about (Warn) or dropped (Ignore)."""
    manifest = checked(resource, body)
    unknown = [f'unknown field "{name}"' for name in schema.prune(manifest, resource.schema)]
    if unknown and validation == "Strict":
        raise undecodable(resource, "strict decoding error: " + ", ".join(unknown))
    if validation == "Warn":
        warnings.extend(text for text in unknown if text not in warnings)
    schema.default(manifest, resource.schema)
    return manifest


def applied(resource: Resource, key: Key, body: Any) -> Manifest:
    """The body of a server-side apply: unknown fields are an error, whatever fieldValidation says."""
    manifest = checked(resource, body)
    if manifest["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    check_identity(manifest, key)
    unknown = schema.prune(schema.copy(manifest), resource.schema)
    if unknown:
        typed = f"({key[0]}/{key[1]}; {resource.api_version}, Kind={resource.kind})"
        problems = ", ".join(f".{name}: field not declared in schema" for name in unknown)
        raise internal(f"failed to create typed patch object {typed}: {problems}")
    return manifest


def place(manifest: Manifest, resource: Resource, namespace: str) -> None:
    """Put a new object into the namespace of the request. Raises ApiError 400 if it names another."""
    own = manifest["metadata"]
    if not resource.namespaced:
        own.pop("namespace", None)
    elif own.setdefault("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def check_identity(manifest: Manifest, key: Key) -> None:
    """Name and namespace as in the URL; filled in where they are missing. Raises ApiError 400."""
    own = manifest["metadata"]
    name = own.setdefault("name", key[1])
    if name != key[1]:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({key[1]})")
    if not key[0]:
        own.pop("namespace", None)
        return
    namespace = own.setdefault("namespace", key[0])
    if namespace != key[0]:
        raise bad_request(
            f"the namespace of the object ({namespace}) does not match the namespace on the URL ({key[0]})"
        )


def writable_part(resource: Resource, before: Manifest, new: Manifest, subresource: str) -> Manifest:
    """The main endpoint leaves the status alone, the status endpoint everything else."""
    if subresource == "status":
        own = {name: value for name, value in before["metadata"].items() if name != "managedFields"}
        if "managedFields" in new["metadata"]:
            own["managedFields"] = new["metadata"]["managedFields"]
        status = {"status": new["status"]} if "status" in new else {}
        kept = {name: value for name, value in before.items() if name not in ("metadata", "status")}
        result: Manifest = schema.copy(kept | {"metadata": own} | status)
        return result
    if "status" not in resource.subresources:
        return new
    new.pop("status", None)
    return new | ({"status": schema.copy(before["status"])} if "status" in before else {})
