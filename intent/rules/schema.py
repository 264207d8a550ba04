"""What the API server checks by the CRD: types, ranges, enums, required and unknown fields, CEL rules."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from intent.findings import Finding, Severity, shown
from intent.kinds import Field
from intent.kinds.cel import Cel
from intent.rules.subject import CEL, KUBERNETES, OPENSHIFT, SCHEMA, Subject

MANY = 100  # findings about one object; whoever sends more errors than that has sent something else
_SECRET = ("pass", "pw", "secret", "token", "key", "auth", "md5", "cred")
_SECRETS = ("password", "passphrase", "passwordsecret", "secret")
_NOUNS = {
    "integer": "a whole number",
    "string": "a text",
    "duration": "a text such as 30s",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


def by_schema(subject: Subject) -> Iterator[Finding]:
    """The spec against the fields of its version."""
    live = subject.resource.live
    known = subject.spec if live is None else live
    yield from islice(_object(subject, subject.spec, subject.fields, "", known), MANY)
    for rule in subject.version.cel:
        if not rule.holds(subject.spec, known):
            yield _broken(subject, rule, "", "", known)


def _object(
    subject: Subject, value: Mapping[str, Any], fields: tuple[Field, ...], path: str, live: Mapping[str, Any]
) -> Iterator[Finding]:
    known = {field.name: field for field in fields}
    for name, inner in value.items():
        at = f"{path}{shown(name)}"
        if name not in known:
            yield _unknown(subject, at, str(name), inner, list(known), in_cluster=name in live)
        elif inner is not None and not known[name].secret:
            yield from _value(subject, inner, known[name], at, live.get(name))
    for field in fields:
        if field.required and value.get(field.name) is None:
            yield subject.error(
                "required",
                f"{path}{field.name}",
                f"{field.name} is required",
                value="",
                source=SCHEMA,
                hint=f"Set {field.name}.",
            )


def _value(subject: Subject, value: Any, field: Field, path: str, live: Any) -> Iterator[Finding]:
    if not _of_type(value, field):
        yield subject.error(
            "wrong-type",
            path,
            f"{path} must be {_NOUNS[field.type]}",
            value=value,
            source=SCHEMA,
            hint=f"Write {_NOUNS[field.type]}.",
        )
        return
    if field.enum and value not in field.enum:
        choices = ", ".join(field.enum)
        hint = "Choose one of these, or leave it out."
        message = f"{path} must be one of {choices}"
        yield subject.error("not-allowed", path, message, value=value, source=SCHEMA, hint=hint)
    if field.type == "integer":
        yield from _range(subject, value, field, path)
    elif field.properties:
        yield from _object(subject, value, field.properties, f"{path}.", live if isinstance(live, Mapping) else {})
    elif field.type == "object" and field.additional is not None:
        for name, inner in value.items():
            yield from _value(subject, inner, field.additional, f"{path}.{name}", None)
    elif field.type == "array":
        yield from _items(subject, value, field, path, live)
    yield from _cel(subject, value, field, path, live)


def _of_type(value: Any, field: Field) -> bool:
    match field.type:
        case "integer":
            whole = isinstance(value, float) and value.is_integer()
            return whole or (isinstance(value, int) and not isinstance(value, bool))
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, Mapping)
    return isinstance(value, str)


def _range(subject: Subject, value: float, field: Field, path: str) -> Iterator[Finding]:
    low, high = field.bounds
    if low <= value <= high:
        return
    if field.taken:
        low, high = field.taken
    unit = f" {field.unit}" if field.unit else ""
    message, source = f"{path} must lie between {low} and {high}{unit}", SCHEMA
    if field.documented:
        message += f"; the OpenShift documentation gives {field.documented}"
        source += f"; {OPENSHIFT}"
    hint = f"Choose a value from {low} to {high}{unit}."
    yield subject.error("out-of-range", path, message, value=value, source=source, hint=hint)


def _items(subject: Subject, value: list[Any], field: Field, path: str, live: Any) -> Iterator[Finding]:
    if field.min_items is not None and len(value) < field.min_items:
        message = f"{path} needs at least {field.min_items} entries"
        yield subject.error("too-few", path, message, value=value, source=SCHEMA, hint="Add an entry.")
    if field.max_items is not None and len(value) > field.max_items:
        message = f"{path} may have at most {field.max_items} entries"
        yield subject.error("too-many", path, message, value=len(value), source=SCHEMA, hint="Remove entries.")
    if field.items is None:
        return
    before = live if isinstance(live, list | tuple) else ()
    for index, item in enumerate(value):
        yield from _value(
            subject, item, field.items, f"{path}[{index}]", before[index] if index < len(before) else None
        )


def _cel(subject: Subject, value: Any, field: Field, path: str, live: Any) -> Iterator[Finding]:
    for rule in field.cel:
        if rule.holds(value, live) if not rule.transition or live is not None else True:
            continue
        yield _broken(subject, rule, path, value, live)


def _broken(subject: Subject, rule: Cel, path: str, value: Any, live: Any) -> Finding:
    hint = f"Keep {shown(live)}, or delete the object and create it anew." if rule.transition else rule.hint
    return subject.error(rule.name, path, rule.message, value=value, source=CEL, hint=hint)


def _unknown(subject: Subject, path: str, name: str, value: Any, known: list[str], *, in_cluster: bool) -> Finding:
    close = difflib.get_close_matches(name[:100], known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "Remove it, or check its spelling."
    if in_cluster:
        severity, message = Severity.WARNING, f"{path} is not known here; it is kept as it is"
        hint = "It stems from another MetalLB release and is left alone."
    else:
        severity, message = Severity.ERROR, f"{subject.kind.kind} has no field {path}"
    public = not in_cluster and not _may_be_secret(name, value, subject.password)
    value = value if public and value is not None else ""
    return subject.finding(severity, "unknown-field", path, message, value=value, source=KUBERNETES, hint=hint)


def _may_be_secret(name: str, value: Any, password: object) -> bool:
    """Whether a field that nobody knows may hold a password: by its name, as "pasword" does, or by what it holds."""
    if isinstance(value, Mapping | list | tuple) or (isinstance(value, str) and password and str(password) in value):
        return True
    plain = re.sub("[^a-z0-9]", "", name[:100].lower())
    return any(word in plain for word in _SECRET) or bool(difflib.get_close_matches(plain, _SECRETS, n=1, cutoff=0.6))
