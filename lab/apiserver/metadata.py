"""Rules about `metadata` (apimachinery's ValidateObjectMeta): names, labels, annotations, finalizers, owners."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from lab.apiserver.errors import INVALID, REQUIRED, TOO_LONG, FieldError, undecodable
from lab.apiserver.resources import Key, Manifest, Resource

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"
_ANNOTATIONS_LIMIT = 256 * 1024
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_LABEL_1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    f"'{_LABEL_1035}')"
)
_QUALIFIED_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)


def now() -> str:
    """The time as `metav1.Time` writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(manifest: Manifest) -> Key:
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def generated_name(prefix: str) -> str:
    return prefix[:58] + "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))


_GO_TYPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("name", "namespace", "generateName", "uid", "resourceVersion"), (str, "string")),
    **dict.fromkeys(("labels", "annotations"), (dict, "map[string]string")),
    "finalizers": (list, "[]string"),
    "ownerReferences": (list, "[]v1.OwnerReference"),
    "managedFields": (list, "[]v1.ManagedFieldsEntry"),
}


def check_types(manifest: Manifest, resource: Resource) -> None:
    """Refuse metadata that Go could not decode, and drop nulls. Raises ApiError 400."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise undecodable(resource, "Object 'metadata' is missing or is no object")
    for name in [name for name, value in metadata.items() if value is None]:
        del metadata[name]
    for name, (wanted, go_type) in _GO_TYPES.items():
        if not isinstance(metadata.get(name, wanted()), wanted):
            raise _wrong_type(resource, f"ObjectMeta.metadata.{name}", go_type, metadata[name])
    inner = [(name, value) for name in ("labels", "annotations") for value in metadata.get(name, {}).values()]
    inner += [("finalizers", value) for value in metadata.get("finalizers", ())]
    for name, value in inner:
        if not isinstance(value, str):
            raise _wrong_type(resource, f"ObjectMeta.metadata.{name}", "string", value)
    if not all(isinstance(owner, dict) for owner in metadata.get("ownerReferences", ())):
        raise _wrong_type(resource, "ObjectMeta.metadata.ownerReferences", "v1.OwnerReference", "")


def _wrong_type(resource: Resource, field: str, wanted: str, value: Any) -> Exception:
    actual = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return undecodable(resource, f"json: cannot unmarshal {actual} into Go struct field {field} of type {wanted}")


def name_errors(name: str, resource: Resource) -> list[str]:
    """Why a name is no name for this type; empty if it is one."""
    if resource.group == "rbac.authorization.k8s.io":
        return [f"may not contain '{mark}'" for mark in "/%" if mark in name] + (
            ["may not be '.'"] if name in (".", "..") else []
        )
    if resource.plural == "namespaces" and not resource.group:
        pattern, words, limit = _LABEL, _LABEL_WORDS, 63
    elif resource.plural == "services" and not resource.group:
        pattern, words, limit = _LABEL_1035, _LABEL_1035_WORDS, 63
    else:
        pattern, words, limit = _SUBDOMAIN, _SUBDOMAIN_WORDS, 253
    too_long = [f"must be no more than {limit} bytes"] if len(name) > limit else []
    return too_long + ([] if re.fullmatch(pattern, name) else [words])


def faults(manifest: Manifest, resource: Resource) -> Iterator[FieldError]:
    """Broken rules of new or changed metadata."""
    metadata = manifest["metadata"]
    if not metadata.get("name"):
        yield FieldError(REQUIRED, "metadata.name", "name or generateName is required")
    else:
        for words in name_errors(metadata["name"], resource):
            yield FieldError(INVALID, "metadata.name", words, metadata["name"])
    yield from _label_faults(metadata.get("labels", {}))
    yield from _annotation_faults(metadata.get("annotations", {}))
    for finalizer in metadata.get("finalizers", ()):
        yield from _qualified_faults(finalizer, "metadata.finalizers")
    for i, owner in enumerate(metadata.get("ownerReferences", ())):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                yield FieldError(INVALID, f"metadata.ownerReferences[{i}].{name}", f"{name} must not be empty", "")


def _label_faults(labels: dict[str, str]) -> Iterator[FieldError]:
    for name, value in labels.items():
        yield from _qualified_faults(name, "metadata.labels")
        if len(value) > 63:
            yield FieldError(INVALID, "metadata.labels", "must be no more than 63 bytes", value)
        elif not re.fullmatch(_VALUE, value):
            yield FieldError(INVALID, "metadata.labels", _VALUE_WORDS, value)


def _annotation_faults(annotations: dict[str, str]) -> Iterator[FieldError]:
    for name in annotations:
        yield from _qualified_faults(name.lower(), "metadata.annotations")
    if sum(len(name) + len(value) for name, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        yield FieldError(TOO_LONG, "metadata.annotations", f"may not be more than {_ANNOTATIONS_LIMIT} bytes")


def _qualified_faults(name: str, field: str) -> Iterator[FieldError]:
    """Rules of a label key: an optional DNS prefix and a name part."""
    prefix, slash, part = name.rpartition("/")
    if slash and not re.fullmatch(_SUBDOMAIN, prefix):
        yield FieldError(INVALID, field, f"prefix part {_SUBDOMAIN_WORDS}", name)
    if len(part) > 63:
        yield FieldError(INVALID, field, "name part must be no more than 63 bytes", name)
    elif not re.fullmatch(_QUALIFIED, part):
        yield FieldError(INVALID, field, _QUALIFIED_WORDS, name)
