"""One Community by itself: aliases and the values they stand for; and what a community of an advertisement may be."""

from __future__ import annotations

from collections.abc import Iterator

from intent.announcements.announcement import MOST_COMMUNITIES
from intent.communities import parse_community, resolve
from intent.findings import Finding, shown
from intent.modes import Mode
from intent.references import aliases, is_alias
from intent.rules.subject import CONFIG, RFC, VALIDATION, Subject
from intent.rules.view import View
from intent.snapshot import texts
from intent.well_known import by_name, by_value

LARGE_SINCE = (0, 13, 10)
_FORMAT = "A:B with numbers up to 65535, or large:A:B:C with numbers up to 4294967295"
_BGP = "MetalLB internal/bgp/frr/frr.go"
MANY = 100  # findings about the aliases of one object


def values(subject: Subject) -> Iterator[Finding]:
    """Every alias stands for a community."""
    found = 0
    for path, alias, value in aliases(subject.spec):
        if parse_community(value) is None and (found := found + 1) <= MANY:
            message = f"The value of alias {shown(alias)} must be {_FORMAT}"
            hint = _named(value) or "Correct the value."
            at = f"{path}.value"
            yield subject.error("community-invalid", at, message, value=value, source=CONFIG, hint=hint)


def alias_names(subject: Subject) -> Iterator[Finding]:
    """A name that can be used, and that says what it stands for."""
    for path, alias, value in list(aliases(subject.spec))[:MANY]:
        at, known = f"{path}.name", by_name(alias)
        if not alias:
            message, hint = "An alias without a name can never be used", "Give it a name, or remove it."
            yield subject.warning("alias-without-name", at, message, value="", source=CONFIG, hint=hint)
        elif not is_alias(alias):
            message = f"{shown(alias)} holds a colon: MetalLB's webhook takes that for a value where the alias is used"
            hint = "Choose a name without a colon."
            yield subject.warning("alias-with-colon", at, message, value=alias, source=CONFIG, hint=hint)
        elif known and known.value != value:
            message = f"{shown(alias)} is the name of {known.value} ({known.source}), but stands for {shown(value)}"
            hint = f"Give {known.value}, or choose another name."
            yield subject.warning("alias-misleads", at, message, value=alias, source=RFC, hint=hint)


def repeated_aliases(subject: Subject) -> Iterator[Finding]:
    """No alias twice in one object."""
    seen: set[str] = set()
    for path, alias, _value in aliases(subject.spec):
        if alias in seen and len(seen) <= MANY:
            at, hint = f"{path}.name", "Remove one of the two."
            message = f"Alias {shown(alias)} is defined twice in this object"
            yield subject.error("alias-repeated", at, message, value=alias, source=CONFIG, hint=hint)
        seen.add(alias)


def advertised(subject: Subject) -> Iterator[Finding]:
    """Communities that an advertisement gives as values, not by alias."""
    for index, value in enumerate(texts(subject.spec.get("communities"))[:MANY]):
        at = f"communities[{index}]"
        if not is_alias(value) and parse_community(value) is None:
            message, hint = f"{at} must be {_FORMAT}", "Correct it, or use the name of an alias."
            yield subject.error("community-invalid", at, message, value=value, source=CONFIG, hint=hint)
        known = by_value(value)
        if known and known.name == "blackhole":
            message = f"{value} is {known.name} ({known.source}): routers that heed it drop all traffic to the services"
            hint = "Remove it unless that is meant."
            yield subject.warning("community-blackhole", at, message, value=value, source=RFC, hint=hint)


def at_most_63(view: View, subject: Subject) -> Iterator[Finding]:
    """MetalLB announces no route with more values, however they are called; it says so in its log only."""
    count = len(resolve(subject.spec.get("communities"), view.aliases.values))
    if count > MOST_COMMUNITIES:
        message = f"A route may carry at most {MOST_COMMUNITIES} communities; with {count} nothing is announced"
        hint = "Remove some, or split the advertisement by peers."
        yield subject.error("too-many-communities", "communities", message, value=str(count), source=_BGP, hint=hint)


def large(subject: Subject) -> Iterator[Finding]:
    """Large communities (RFC 8092) need FRR, and a MetalLB that knows them."""
    found = [(f"communities[{i}]", value) for i, value in enumerate(texts(subject.spec.get("communities")))]
    found += [(f"{path}.value", value) for path, _alias, value in aliases(subject.spec)]
    for at, value in found[:MANY]:
        parsed = parse_community(value)
        if parsed is None or not parsed.large:
            continue
        if subject.mode is Mode.NATIVE:
            message, hint = "Native mode refuses large communities, with the whole configuration", "Use A:B instead."
            yield subject.error("large-community-native", at, message, value=value, source=VALIDATION, hint=hint)
        elif subject.release < LARGE_SINCE:
            message = "Large communities came with MetalLB 0.13.10; this one refuses them"
            hint = "Use A:B instead, or update MetalLB."
            yield subject.error("large-community-too-new", at, message, value=value, source=CONFIG, hint=hint)


def _named(value: str) -> str:
    known = by_name(value)
    return f"Write {known.value}, which is {known.name} ({known.source})." if known else ""
