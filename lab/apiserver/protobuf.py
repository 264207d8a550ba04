"""Protobuf bodies of the few types that kubectl posts that way (`kubectl create secret`, `kubectl auth can-i`, ...).

Field numbers: generated.proto of k8s.io/api and k8s.io/apimachinery. Wire format: protobuf encoding, varints and
length-delimited fields; anything else in a message is stepped over.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from lab.apiserver.errors import bad_request, unsupported_media_type

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
_MAGIC: Final = b"k8s\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Message = dict[int, tuple[str, Any]]
"""Field number -> (name, what it holds): one of the words below or a nested message."""
_TEXT, _TEXTS, _FLAG, _TEXT_MAP, _DATA_MAP = "text", "texts", "flag", "text map", "data map"

_METADATA: Message = {
    1: ("name", _TEXT), 2: ("generateName", _TEXT), 3: ("namespace", _TEXT), 5: ("uid", _TEXT),
    6: ("resourceVersion", _TEXT), 11: ("labels", _TEXT_MAP), 12: ("annotations", _TEXT_MAP),
    14: ("finalizers", _TEXTS),
}  # fmt: skip
_ATTRIBUTES: Message = {
    number: (name, _TEXT)
    for number, name in enumerate(("namespace", "verb", "group", "version", "resource", "subresource", "name"), 1)
}
_NON_RESOURCE: Message = {1: ("path", _TEXT), 2: ("verb", _TEXT)}
_KINDS: dict[str, Message] = {
    "Namespace": {1: ("metadata", _METADATA)},
    "ServiceAccount": {1: ("metadata", _METADATA)},
    "ConfigMap": {
        1: ("metadata", _METADATA), 2: ("data", _TEXT_MAP), 3: ("binaryData", _DATA_MAP), 4: ("immutable", _FLAG),
    },
    "Secret": {
        1: ("metadata", _METADATA), 2: ("data", _DATA_MAP), 3: ("type", _TEXT), 4: ("stringData", _TEXT_MAP),
        5: ("immutable", _FLAG),
    },
    "SelfSubjectAccessReview": {
        2: ("spec", {1: ("resourceAttributes", _ATTRIBUTES), 2: ("nonResourceAttributes", _NON_RESOURCE)}),
    },
    "SelfSubjectRulesReview": {2: ("spec", {1: ("namespace", _TEXT)})},
    "SelfSubjectReview": {},
    "TokenReview": {2: ("spec", {1: ("token", _TEXT), 2: ("audiences", _TEXTS)})},
}  # fmt: skip


def decode(raw: bytes) -> dict[str, Any]:
    """The object in a protobuf body. Raises ApiError 400 (no message) or 415 (a type that is read as JSON only)."""
    try:
        envelope = dict(_fields(raw.removeprefix(_MAGIC)))
        head = _object(envelope[1], {1: ("apiVersion", _TEXT), 2: ("kind", _TEXT)})
        known = _KINDS.get(head.get("kind", ""))
        if known is not None and raw.startswith(_MAGIC):
            return head | _object(envelope[2], known)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise bad_request(f"unable to decode protobuf: {error}") from error
    raise unsupported_media_type(("application/json", "application/yaml"))


def _object(raw: Any, message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(raw):
        name, holds = message.get(number, ("", ""))
        if isinstance(holds, dict):
            found[name] = _object(value, holds)
        elif holds in (_TEXT_MAP, _DATA_MAP):
            entry = dict(_fields(value))
            inner = entry.get(2, b"")
            found.setdefault(name, {})[entry.get(1, b"").decode()] = (
                inner.decode() if holds == _TEXT_MAP else base64.b64encode(inner).decode()
            )
        elif holds == _TEXTS:
            found.setdefault(name, []).append(value.decode())
        elif holds == _FLAG:
            found[name] = bool(value)
        elif holds == _TEXT and value:  # Go writes empty strings out
            found[name] = value.decode()
    return found


def _fields(raw: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, int or bytes) of a message."""
    position = 0
    while position < len(raw):
        tag, position = _varint(raw, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(raw, position)
            yield number, value
        elif wire == _BYTES:
            length, position = _varint(raw, position)
            if position + length > len(raw):
                raise ValueError("unexpected end of message")
            yield number, raw[position : position + length]
            position += length
        elif wire in (_FIXED64, _FIXED32):
            position += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"unknown wire type {wire}")


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
        if shift > 63:
            raise ValueError("a number is too long")
