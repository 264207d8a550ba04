"""The form of a BGPPeer, made from the kind's own description: what it shows, and the manifest that it means.

Nothing is checked here: the rules judge the manifest, with the same words as everywhere, and their findings are put
beside the field that they name. A text that is no number stays a text, and the rules say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from clusters.words import MODE_WORDS
from intent.findings import Finding, Severity
from intent.kinds import KINDS, Field
from intent.modes import Mode
from peers.selector_text import read_selectors, write_selectors

KIND = KINDS["BGPPeer"]
SECTIONS = {
    "object": "Object",
    "identity": "Who talks to whom",
    "session": "Session",
    "timers": "Timers",
    "security": "Password",
    "bfd": "BFD",
    "placement": "Nodes",
    "advanced": "Rarely needed",
}
_NUMBER = re.compile(r"[-+]?\d{1,20}", re.ASCII)
_TEXT_LIMIT = 20_000
NAME, NAMESPACE = "name", "namespace"
PASSWORD, DROP_PASSWORD = "password", "drop_password"  # names of inputs
UNREADABLE = "selectors-unreadable"


@dataclass(slots=True)
class Input:
    """One input of the form. widget: text, number, tick, choice, area or secret; hint: what it means."""

    name: str
    label: str
    widget: str
    hint: str
    value: Any = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    placeholder: str = ""
    note: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id in the page."""
        return "f-" + self.name.replace(".", "-")

    @property
    def path(self) -> str:
        """The field that it stands for."""
        return f"{'metadata' if self.name in {NAME, NAMESPACE} else 'spec'}.{self.name}"

    @property
    def shown_name(self) -> str:
        """The field as people write it: a spec's field by its name alone."""
        return self.path.removeprefix("spec.")

    @property
    def invalid(self) -> bool:
        """Whether a finding blocks."""
        return any(finding.severity is not Severity.WARNING for finding in self.findings)


@dataclass(slots=True)
class Form:
    """sections: title and inputs; findings: those that belong to no input."""

    sections: list[tuple[str, list[Input]]]
    findings: list[Finding]

    @property
    def inputs(self) -> list[Input]:
        """All of them."""
        return [one for _title, inputs in self.sections for one in inputs]


def form_of(
    manifest: Mapping[str, Any], findings: Iterable[Finding], *, mode: Mode, texts: Mapping[str, str], new: bool
) -> Form:
    """The form of a manifest. texts: what was typed where it is no value of the manifest (see `manifest_of`).

    new: the object gets its name here.
    """
    spec = manifest.get("spec") or {}
    sections: dict[str, list[Input]] = {section: [] for section in SECTIONS}
    sections["object"] = _address(manifest.get("metadata") or {}) if new else []
    for described in KIND.fields:
        note = "" if described.effective_in(mode) else f"Without effect in {MODE_WORDS.get(mode, mode.value)} mode."
        inputs = sections[described.section]
        inputs.extend(replace(one, note=note) for one in _inputs(described, spec, texts))
    rest = _distribute(findings, [one for inputs in sections.values() for one in inputs])
    return Form([(SECTIONS[section], inputs) for section, inputs in sections.items() if inputs], rest)


def _address(metadata: Mapping[str, Any]) -> list[Input]:
    name = "Lower case letters, digits, “-” and “.”. It cannot be changed later."
    namespace = "MetalLB reads only its own namespace."
    return [
        Input(NAME, "Name", "text", name, metadata.get("name", ""), required=True),
        Input(NAMESPACE, "Namespace", "text", namespace, metadata.get("namespace", "")),
    ]


def _inputs(described: Field, spec: Mapping[str, Any], texts: Mapping[str, str]) -> list[Input]:
    value = spec.get(described.name)
    if described.properties:
        inner = value if isinstance(value, Mapping) else {}
        return [
            _input(
                part, f"{described.name}.{part.name}", inner.get(part.name), f"{described.label}, {part.label.lower()}"
            )
            for part in described.properties
        ]
    if described.name == "nodeSelectors":
        text = texts.get(described.name)
        shown = text if text is not None else write_selectors(value)
        hint = (
            f"{described.description} One selector a line, as kubectl takes them; all conditions of a line must hold."
        )
        one = Input(described.name, described.label, "area", hint, shown or "")
        one.placeholder = "rack=3, kubernetes.io/hostname in (worker-1, worker-2)"
        if shown is None:
            one.widget, one.note = "fixed", "These selectors have no short form; change them as YAML."
        return [one]
    return [_input(described, described.name, value, described.label)]


def _input(described: Field, name: str, value: Any, label: str) -> Input:
    widgets = {"integer": "number", "boolean": "tick"}
    widget = "secret" if described.secret else "choice" if described.enum else widgets.get(described.type, "text")
    hint = described.description
    if described.minimum is not None and described.maximum is not None:
        hint += f" {described.minimum} to {described.maximum}."
    one = Input(name, label, widget, hint, "" if value is None else value, described.enum, described.required)
    if described.default is not None and widget != "tick":
        one.placeholder = str(described.default)
    elif described.type == "duration":
        one.placeholder = "90s, 1m, 5m30s"
    return one


def _distribute(findings: Iterable[Finding], inputs: list[Input]) -> list[Finding]:
    rest: list[Finding] = []
    for finding in findings:
        owner = next((one for one in inputs if finding.field and _names(finding.field, one.path)), None)
        (rest if owner is None else owner.findings).append(finding)
    return rest


def _names(field: str, path: str) -> bool:
    return field == path or field.startswith((f"{path}.", f"{path}[")) or path.startswith(f"{field}.")


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form means. texts: inputs that could not become values, with findings that say why."""

    manifest: dict[str, Any]
    password: str | None
    texts: dict[str, str]
    findings: list[Finding]


def manifest_of(post: QueryDict, base: Mapping[str, Any]) -> Typed:
    """The manifest that the form means; what it does not show is kept from `base`, which it was made of."""
    old = dict(base.get("spec") or {})
    known = {described.name for described in KIND.fields}
    spec: dict[str, Any] = {name: value for name, value in old.items() if name not in known}
    texts: dict[str, str] = {}
    findings: list[Finding] = []
    for described in KIND.fields:
        if described.secret:
            continue
        if described.name == "nodeSelectors":
            value = _selectors(post, old, texts, findings)
        elif described.properties:
            value = _parts(described, post, old.get(described.name))
        else:
            value = _value(described, post.get(described.name), old.get(described.name))
        if value is not None:
            spec[described.name] = value
    metadata = dict(base.get("metadata") or {})
    manifest = {"apiVersion": KIND.api_version, "kind": KIND.kind, "metadata": metadata, "spec": spec}
    password = post.get(PASSWORD, "")[:_TEXT_LIMIT] or ("" if post.get(DROP_PASSWORD) else None)
    return Typed(manifest, password, texts, findings)


def _parts(described: Field, post: QueryDict, old: object) -> dict[str, Any] | None:
    """The parts that are shown as typed, those of a newer CRD as they were; without the first nothing is left."""
    typed = {part.name: _value(part, post.get(f"{described.name}.{part.name}"), None) for part in described.properties}
    shown = {name: part for name, part in typed.items() if part is not None}
    kept = {name: part for name, part in old.items() if name not in typed} if isinstance(old, Mapping) else {}
    return {**kept, **shown} if shown else None


def _value(described: Field, typed: str | None, old: Any) -> Any:
    if described.type == "boolean":
        # An unticked box is "not set", but what says false explicitly goes on saying so.
        return True if typed else (False if old is False else None)
    text = (typed or "").strip()[:_TEXT_LIMIT]
    if not text:
        return old if old == "" else None
    return int(text) if described.type == "integer" and _NUMBER.fullmatch(text) else text


def _selectors(post: QueryDict, old: Mapping[str, Any], texts: dict[str, str], findings: list[Finding]) -> Any:
    name = "nodeSelectors"
    if name not in post:
        return old.get(name)
    text = post.get(name, "")[:_TEXT_LIMIT]
    if text.split() == (write_selectors(old.get(name)) or "").split():
        return old.get(name)  # untouched, so it stays letter for letter
    try:
        return read_selectors(text) or None
    except ValueError as error:
        texts[name] = text
        hint = "Write conditions as key=value, key in (a, b), key notin (a, b), key or !key, with commas between."
        findings.append(Finding(UNREADABLE, Severity.ERROR, f"spec.{name}", "", str(error), "kubectl", hint, ()))
        return None
