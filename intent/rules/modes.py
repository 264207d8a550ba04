"""What a field is worth in this cluster's mode and release, read off the table of fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from intent.findings import Finding
from intent.kinds import Field
from intent.modes import Mode, release
from intent.rules.subject import FRR_K8S, VALIDATION, Subject

_IN_FRR_K8S = {"enableGracefulRestart": "0.14.9"}  # fields that FRR-K8s mode learnt later than FRR mode


def newer_fields(subject: Subject) -> Iterator[Finding]:
    """An older CRD lacks the field, and a strict API server refuses it; where it stands, only the speaker is older."""
    live = subject.resource.live
    in_cluster = subject.spec if live is None else live
    for field in _used(subject):
        late = _IN_FRR_K8S.get(field.name, "") if subject.mode is Mode.FRR_K8S else ""
        if late and release(field.since) <= subject.release < release(late):
            message = f"In FRR-K8s mode {field.name} has an effect since MetalLB {late} only"
            hint = "Leave it out, or update MetalLB."
            yield subject.warning("ignored-in-frr-k8s-mode", field.name, message, source=FRR_K8S, hint=hint)
        if release(field.since) > subject.release:
            tell, does = (subject.warning, "does not know") if field.name in in_cluster else (subject.error, "refuses")
            message = (
                f"{field.name} came with MetalLB {field.since}; this cluster's {_dotted(subject.release)} {does} it"
            )
            hint = "Leave it out, or update MetalLB."
            yield tell("field-newer-than-metallb", field.name, message, source="MetalLB release notes", hint=hint)


def fields_without_effect(subject: Subject) -> Iterator[Finding]:
    """FRR-K8s mode does not pass everything on."""
    for field in _used(subject):
        if subject.mode is Mode.FRR_K8S and Mode.FRR_K8S not in field.modes:
            yield subject.warning(
                "ignored-in-frr-k8s-mode",
                field.name,
                f"{field.name} is dropped silently in FRR-K8s mode",
                source=FRR_K8S,
                hint="Leave it out: it has no effect here.",
            )


def native_mode(subject: Subject) -> Iterator[Finding]:
    """Native mode refuses what needs FRR, a BFDProfile as such."""
    if subject.mode is not Mode.NATIVE:
        return
    message = "needs FRR; native mode refuses the whole configuration"
    hint = "Leave it out, or run MetalLB with FRR."
    if not any(Mode.NATIVE in field.modes for field in subject.fields):
        text = f"{subject.kind.kind} {message}"
        yield subject.error("not-in-native-mode", "", text, source=VALIDATION, hint=hint)
        return
    for field in _used(subject):
        if Mode.NATIVE not in field.modes:
            text = f"{field.name} {message}"
            yield subject.error("not-in-native-mode", field.name, text, source=VALIDATION, hint=hint)


def _used(subject: Subject) -> Iterator[Field]:
    for field in subject.fields:
        if _says_something(field, subject.spec.get(field.name)):
            yield field


def _says_something(field: Field, value: Any) -> bool:
    """Zero values of Go mean "unset", as does a keepalive of 0 for native mode."""
    if value is None or value is False or value in ("", 0):
        return False
    return not (field.name == "keepaliveTime" and value in ("0", "0s"))


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in numbers)
