"""What single built-in types ask for beyond metadata and schema: preparation before a write, and rules of their own."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from lab.apiserver import cel, services, workloads
from lab.apiserver.errors import FORBIDDEN, INVALID, REQUIRED, FieldError, undecodable
from lab.apiserver.metadata import now
from lab.apiserver.resources import Manifest, Resource

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_CONFIG_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_BASIC_AUTH = "kubernetes.io/basic-auth"
_PROTECTED_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})


def prepare(resource: Resource, new: Manifest, old: Manifest | None) -> None:
    """Set in place what the server itself sets. Raises ApiError 400 for data that Go could not decode."""
    step = _PREPARE.get((resource.group, resource.plural))
    if step:
        step(resource, new, old)


def faults(resource: Resource, new: Manifest, old: Manifest | None) -> Iterator[FieldError]:
    """Broken rules that only this type has."""
    step = _FAULTS.get((resource.group, resource.plural))
    if step:
        yield from step(new, old)


def warnings(resource: Resource, new: Manifest) -> Iterator[str]:
    """What the writer should know though nothing is wrong: rules of a definition that are not enforced here."""
    if resource.kind == "CustomResourceDefinition":
        for version in new["spec"]["versions"]:
            for rule in dict.fromkeys(cel.unknown_rules(version["schema"]["openAPIV3Schema"])):
                yield f"{version['name']}: this server does not enforce the rule {rule}"


def is_protected(resource: Resource, name: str) -> bool:
    """Namespaces that cannot be deleted."""
    return resource.kind == "Namespace" and not resource.group and name in _PROTECTED_NAMESPACES


def _prepare_secret(resource: Resource, new: Manifest, _old: Manifest | None) -> None:
    for name in ("data", "stringData"):
        if not isinstance(new.get(name) or {}, dict):
            raise undecodable(resource, f"json: cannot unmarshal into Go struct field Secret.{name} of type map")
    written = new.pop("stringData", None) or {}
    encoded = {name: base64.b64encode(str(value).encode()).decode() for name, value in written.items()}
    data = {**(new.get("data") or {}), **encoded}
    for value in data.values():
        _check_base64(resource, value)
    if data or "data" in new:
        new["data"] = data
    new.setdefault("type", "Opaque")


def _check_base64(resource: Resource, value: Any) -> None:
    try:
        base64.b64decode(value or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise undecodable(resource, "illegal base64 data at input byte 0") from error


def _secret_faults(new: Manifest, old: Manifest | None) -> Iterator[FieldError]:
    data = new.get("data") or {}
    for name in data:
        if not _CONFIG_KEY.fullmatch(name):
            yield FieldError(INVALID, f"data[{name}]", _CONFIG_KEY_WORDS, name)
    if new["type"] == _BASIC_AUTH and not {"username", "password"} & data.keys():
        yield FieldError(REQUIRED, "data[username]")
        yield FieldError(REQUIRED, "data[password]")
    if old is None:
        return
    if old.get("type") != new["type"]:
        yield FieldError(INVALID, "type", "field is immutable", new["type"])
    if old.get("immutable") and (old.get("data") or {}) != data:
        yield FieldError(FORBIDDEN, "data", "field is immutable when `immutable` is set")


def _prepare_namespace(_resource: Resource, new: Manifest, old: Manifest | None) -> None:
    metadata = new["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    new["spec"] = {"finalizers": ["kubernetes"]}
    if old is None:
        new["status"] = {"phase": "Active"}


def _prepare_pod(_resource: Resource, new: Manifest, old: Manifest | None) -> None:
    if old is None and isinstance(new.setdefault("status", {}), dict):
        new["status"].setdefault("phase", "Pending")


def _prepare_crd(_resource: Resource, new: Manifest, old: Manifest | None) -> None:
    spec = new.get("spec")
    if (
        not isinstance(spec, dict)
        or not isinstance(spec.get("names"), dict)
        or not isinstance(spec.get("versions"), list)
    ):
        return  # the schema says what is missing
    names = spec["names"]
    kind = str(names.get("kind", ""))
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    since = now() if old is None else old["status"]["conditions"][0]["lastTransitionTime"]
    texts = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    conditions = [
        {"type": name, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since}
        for name, reason, message in texts
    ]
    stored = [
        version.get("name") for version in spec["versions"] if isinstance(version, dict) and version.get("storage")
    ]
    new["status"] = {"acceptedNames": names, "conditions": conditions, "storedVersions": stored}


def _crd_faults(new: Manifest, _old: Manifest | None) -> Iterator[FieldError]:
    spec, name = new["spec"], new["metadata"]["name"]
    if name != f"{spec['names']['plural']}.{spec['group']}":
        yield FieldError(INVALID, "metadata.name", 'must be spec.names.plural+"."+spec.group', name)
    for i, version in enumerate(spec["versions"]):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            yield FieldError(REQUIRED, f"spec.versions[{i}].schema.openAPIV3Schema", "schemas are required")
    if len(new["status"]["storedVersions"]) != 1:
        words = "must have exactly one version marked as storage version"
        yield FieldError(INVALID, "spec.versions", words, spec["versions"])


def _slice_faults(new: Manifest, old: Manifest | None) -> Iterator[FieldError]:
    if old is not None and old["addressType"] != new["addressType"]:
        yield FieldError(INVALID, "addressType", "field is immutable", new["addressType"])


_Type = tuple[str, str]
_PREPARE: dict[_Type, Callable[[Resource, Manifest, Manifest | None], None]] = {
    ("", "secrets"): _prepare_secret,
    ("", "namespaces"): _prepare_namespace,
    ("", "pods"): _prepare_pod,
    ("", "services"): services.prepare,
    ("apps", "deployments"): workloads.prepare,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _prepare_crd,
}
_FAULTS: dict[_Type, Callable[[Manifest, Manifest | None], Iterator[FieldError]]] = {
    ("", "secrets"): _secret_faults,
    ("", "services"): services.faults,
    ("apps", "deployments"): workloads.faults,
    ("discovery.k8s.io", "endpointslices"): _slice_faults,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _crd_faults,
}
