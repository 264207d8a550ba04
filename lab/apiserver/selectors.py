"""Label and field selectors of list, watch and delete collection (apimachinery's selector syntax)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lab.apiserver.errors import bad_request
from lab.apiserver.resources import Manifest, Resource

Match = Callable[[Manifest], bool]
_LabelTest = Callable[[dict[str, str]], bool]

_REQUIREMENT = re.compile(r"(?:[^,(]|\([^)]*\))+")
_SET = re.compile(r"(?P<key>[^\s!=,()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)")
_EQUAL = re.compile(r"(?P<key>[^\s!=,()]+)\s*(?P<op>!=|==|=)\s*(?P<value>[^\s!=,()]*)")
_EXISTS = re.compile(r"(?P<not>!?)\s*(?P<key>[^\s!=,()]+)")
_FIELD = re.compile(r"(?P<path>[^!=]+?)(?P<op>!=|==|=)(?P<value>.*)")


def compile_selectors(resource: Resource, labels: str, fields: str) -> Match | None:
    """A test for both selectors together; None if neither is given. Raises ApiError 400."""
    tests = [_label_test(part.strip()) for part in _REQUIREMENT.findall(labels)]
    paths = [_field_test(resource, part.strip(), labels, fields) for part in fields.split(",") if part.strip()]
    if not tests and not paths:
        return None

    def match(manifest: Manifest) -> bool:
        own = manifest["metadata"].get("labels") or {}
        return all(test(own) for test in tests) and all(test(manifest) for test in paths)

    return match


def _label_test(text: str) -> _LabelTest:
    found = _SET.fullmatch(text)
    if found:
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        return (lambda own: own.get(key) in values) if found["op"] == "in" else (lambda own: own.get(key) not in values)
    found = _EQUAL.fullmatch(text)
    if found:
        key, value, is_equal = found["key"], found["value"], found["op"] != "!="
        return lambda own: (own.get(key) == value) == is_equal
    found = _EXISTS.fullmatch(text)
    if found:
        key, is_there = found["key"], not found["not"]
        return lambda own: (key in own) == is_there
    raise bad_request(f"unable to parse requirement: found '{text[:60]}', expected: !, identifier, or 'end of string'")


def _field_test(resource: Resource, text: str, labels: str, fields: str) -> Match:
    found = _FIELD.fullmatch(text)
    if not found:
        raise bad_request(f"invalid selector: '{text[:60]}'; can't understand '{text[:60]}'")
    path, value, is_equal = found["path"].strip(), found["value"], found["op"] != "!="
    if path not in ("metadata.name", "metadata.namespace", *resource.selectable):
        unable = f'Unable to find "{resource.api_version}, Resource={resource.plural}" that match '
        raise bad_request(
            f'{unable}label selector "{labels}", field selector "{fields}": field label not supported: {path}'
        )
    steps = path.split(".")
    return lambda manifest: (_text_at(manifest, steps) == value) == is_equal


def _text_at(manifest: Manifest, steps: list[str]) -> str:
    value: Any = manifest
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
