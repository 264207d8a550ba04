"""What Kubernetes and MetalLB ask of any object: name, namespace, labels, and text without hidden characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from intent.findings import Finding, invisible, shown
from intent.rules.subject import KUBERNETES, WEBHOOK, Subject
from intent.selectors import label_key_error, label_value_error, subdomain_error

_DEPTH = 20


def name_is_a_subdomain(subject: Subject) -> Iterator[Finding]:
    """metadata.name (RFC 1123)."""
    error = subdomain_error(subject.resource.name)
    if error:
        found = subject.error(
            "name-syntax",
            "",
            f"metadata.name {error}",
            value=subject.resource.name,
            source=KUBERNETES,
            hint="Choose a name such as tor-switch-1.",
        )
        yield replace(found, field="metadata.name")


def namespace_is_metallbs(subject: Subject) -> Iterator[Finding]:
    """Objects elsewhere are refused on creation, and ignored."""
    namespace = subject.resource.ref.namespace
    if namespace != subject.namespace:
        found = subject.error(
            "namespace-not-metallbs",
            "",
            f"{subject.kind.kind} must be in MetalLB's namespace, {subject.namespace}",
            value=namespace,
            source=WEBHOOK,
            hint=f"Set metadata.namespace to {subject.namespace}.",
        )
        yield replace(found, field="metadata.namespace")


def labels_are_well_formed(subject: Subject) -> Iterator[Finding]:
    """Syntax of labels, and of the keys of annotations."""
    for part, entries in (("labels", subject.resource.labels), ("annotations", subject.resource.annotations)):
        for key, value in entries.items():
            error, wrong, what = label_key_error(key), key, "a key"
            if not error and part == "labels":
                error, wrong, what = label_value_error(value), value, f"the value of {shown(key)}"
            if error:
                message, hint = f"metadata.{part}: {what} {error}", "Correct or remove it."
                found = subject.error(f"{part[:-1]}-syntax", "", message, value=wrong, source=KUBERNETES, hint=hint)
                yield replace(found, field=f"metadata.{part}")


def texts_are_printable(subject: Subject) -> Iterator[Finding]:
    """Line ends would add lines of their own to frr.conf; other invisible characters mislead."""
    for path, text in _texts(subject.spec, "", _DEPTH):
        if any(invisible(character) for character in text):
            yield subject.error(
                "control-character",
                path,
                "The text holds a line end or another invisible character, which would get into FRR's configuration",
                value=text,
                source="FRR configuration syntax",
                hint="Type the value anew instead of pasting it.",
            )


def version_is_current(subject: Subject) -> Iterator[Finding]:
    """Deprecated versions lose fields."""
    name = subject.api_version.rpartition("/")[2]
    served = subject.kind.served(name)
    if subject.api_version and (served is None or subject.api_version != f"{subject.kind.group}/{name}"):
        message = f"{subject.kind.kind} is not served as {subject.api_version[:100]}"
        hint = f"Use {subject.kind.api_version}."
        found = subject.error("api-version", "", message, value=subject.api_version, source=KUBERNETES, hint=hint)
        yield replace(found, field="apiVersion")
    elif served is not None and served.deprecation:
        message = f"{name} is deprecated and lacks newer fields, which get lost when an object is written in it"
        hint = (
            f"Use {subject.kind.api_version}, with the same fields. Timers that are not set stay unset then; MetalLB's "
            "own conversion turns them into 0s, which switches keepalives off."
        )
        found = subject.warning("api-version-deprecated", "", message, value=name, source=KUBERNETES, hint=hint)
        yield replace(found, field="apiVersion")


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif depth and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(str(key), path, 0)
            yield from _texts(inner, f"{path}.{key}" if path else str(key), depth - 1)
    elif depth and isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]", depth - 1)
