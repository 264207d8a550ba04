"""The object under judgement, and how a rule speaks about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intent.findings import Finding, ObjectRef, Severity, one_line, shown
from intent.kinds import KINDS, Field, Kind, Version
from intent.modes import Mode, release
from intent.snapshot import Resource, Snapshot

CONFIG: Final = "MetalLB internal/config/config.go"
VALIDATION: Final = "MetalLB internal/config/validation.go"
WEBHOOK: Final = "MetalLB admission webhook"
BGP: Final = "MetalLB speaker/bgp_controller.go"
FRR_K8S: Final = "MetalLB internal/bgp/frrk8s/frrk8s.go"
SCHEMA: Final = "CRD schema"
CEL: Final = "CRD validation rule"
OPENSHIFT: Final = "OpenShift documentation"
FRR: Final = "FRR"
KUBERNETES: Final = "Kubernetes"
LINUX: Final = "Linux"
RFC: Final = "IANA, BGP Well-known Communities"

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Subject:
    """One object with all that its single-object rules need.

    version: the served one that the object is written in. password: the inline password if it is at hand, only
    when a person has just typed it. namespace: MetalLB's. secret_namespace: where Secrets with passwords are looked
    for, "" = there, too. served: fields of the spec in the cluster's CRD, none = they are not known.
    """

    resource: Resource
    kind: Kind
    version: Version
    mode: Mode
    release: tuple[int, int, int]
    namespace: str
    password: object = None
    api_version: str = ""
    secret_namespace: str = ""
    served: frozenset[str] = frozenset()

    @property
    def fields(self) -> tuple[Field, ...]:
        """The spec's fields in this version."""
        return self.version.fields

    @property
    def spec(self) -> Mapping[str, Any]:
        """The spec without a password."""
        return self.resource.spec

    def number(self, name: str) -> int | None:
        """An integer of the spec; None if it is unset or something else."""
        value = self.spec.get(name)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def string(self, name: str) -> str:
        """A string of the spec; "" if it is unset or something else."""
        value = self.spec.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        """A boolean of the spec; False if it is unset or something else."""
        return self.spec.get(name) is True

    def finding(  # noqa: PLR0913
        self,
        severity: Severity,
        code: str,
        name: str,
        message: str,
        *,
        source: str,
        hint: str,
        value: object = _MISSING,
        others: tuple[ObjectRef, ...] = (),
        nodes: tuple[str, ...] = (),
    ) -> Finding:
        """A finding about the spec's field of that name; its value is looked up unless given."""
        if value is _MISSING:
            value = self.spec.get(name, "")
        path = shown(f"spec.{name}") if name else ""
        return Finding(
            code, severity, path, shown(value), one_line(message), source, hint, (self.resource.ref, *others), nodes
        )

    def error(self, code: str, name: str, message: str, **rest: Any) -> Finding:
        """The cluster or the speaker refuses it."""
        return self.finding(Severity.ERROR, code, name, message, **rest)

    def documented(self, code: str, name: str, message: str, **rest: Any) -> Finding:
        """The OpenShift page forbids it."""
        return self.finding(Severity.DOCUMENTED, code, name, message, source=OPENSHIFT, **rest)

    def warning(self, code: str, name: str, message: str, **rest: Any) -> Finding:
        """Legal, but it surprises."""
        return self.finding(Severity.WARNING, code, name, message, **rest)


@dataclass(frozen=True, slots=True)
class Rule:
    """speaker: an error of this rule makes the speaker refuse its whole configuration and keep the old one."""

    judge: Callable[[Subject], Iterator[Finding]]
    speaker: bool = False


def subject_of(resource: Resource, snapshot: Snapshot) -> Subject | None:
    """A snapshot's object as the subject of its rules; None for kinds that have none."""
    kind = KINDS.get(resource.ref.kind)
    if kind is None:
        return None
    served, room = snapshot.served_fields.get(kind.kind, frozenset()), snapshot.secret_namespace
    key = Subject, snapshot.mode, snapshot.version, snapshot.namespace, room, served
    if key not in resource.memo:
        parts = resource, kind, kind.stored, snapshot.mode, release(snapshot.version), snapshot.namespace
        resource.memo[key] = Subject(*parts, secret_namespace=room, served=served)
    subject: Subject = resource.memo[key]
    return subject
