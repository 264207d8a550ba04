"""What a field is worth in this cluster's mode and release, read off the table of fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from intent.findings import Finding
from intent.kinds import Field
from intent.modes import Mode, release
from intent.rules.subject import FRR_K8S, VALIDATION, Subject

_NOTES, _LEAVE = "MetalLB release notes", "Leave it out, or update MetalLB."
_IN_FRR_K8S = {"enableGracefulRestart": "0.14.9"}  # fields that FRR-K8s mode learnt later than FRR mode


def newer_fields(subject: Subject) -> Iterator[Finding]:
    """What an older CRD lacks a strict API server refuses; where the CRD has it, only the speaker is older."""
    live = subject.resource.live
    in_cluster = subject.spec if live is None else live
    for field in _used(subject):
        late = _IN_FRR_K8S.get(field.name, "") if subject.mode is Mode.FRR_K8S else ""
        if late and release(field.since) <= subject.release < release(late):
            message = f"In FRR-K8s mode {field.name} has an effect since MetalLB {late} only"
            yield subject.warning("ignored-in-frr-k8s-mode", field.name, message, source=FRR_K8S, hint=_LEAVE)
        if not is_served(field, subject.release, subject.served) and field.name not in in_cluster:
            lacks = "the CRD of this cluster lacks it"
            lacks = lacks if subject.served else f"this cluster's {_dotted(subject.release)} refuses it"
            message = f"{field.name} came with MetalLB {field.since}; {lacks}"
            yield subject.error("field-newer-than-metallb", field.name, message, source=_NOTES, hint=_LEAVE)
        elif release(field.since) > subject.release:
            message = f"{field.name} came with MetalLB {field.since}; this cluster's {_dotted(subject.release)} "
            message += "does not know it, and it has no effect"
            yield subject.warning("field-newer-than-metallb", field.name, message, source=_NOTES, hint=_LEAVE)


def is_served(field: Field, of_metallb: tuple[int, int, int], served: Collection[str]) -> bool:
    """Whether the API server takes the field of a spec. served: what its CRD has, if that is known; it decides.

    An update of MetalLB does not bring its CRDs with every installer, and may bring them first (Helm's `crds/`).
    """
    return field.name in served if served else release(field.since) <= of_metallb


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
