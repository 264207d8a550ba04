"""A kind of MetalLB object, described once: CRD, canonical form, columns, forms and serializers follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from intent.kinds.cel import Cel
from intent.modes import Mode

Type = Literal["integer", "string", "boolean", "duration", "array", "object"]
Section = Literal[
    "identity", "session", "timers", "security", "bfd", "addresses", "allocation", "pools", "services", "routes",
    "communities", "placement", "advanced", "reported",
]  # fmt: skip
Scope = Literal["Namespaced", "Cluster"]
EVERY_MODE = (Mode.FRR, Mode.FRR_K8S, Mode.NATIVE)
FRR_MODES = (Mode.FRR, Mode.FRR_K8S)
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a spec.

    type "duration" is a string in Go's syntax. minimum and maximum are inclusive. items: of an array; properties: of an
    object; additional: the values of a map. default: what the API server fills in. since: first MetalLB release.
    modes: where it has an effect. documented: the range that the OpenShift page gives where it differs from the schema.
    taken: of a number, what the schema and MetalLB both take, where that is less than the schema alone.
    """

    name: str = ""
    type: Type
    label: str = ""
    description: str = ""
    section: Section = "session"
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    format: str = ""
    pattern: str = ""
    enum: tuple[str, ...] = ()
    default: Any = None
    unit: str = ""
    secret: bool = False
    since: str = "0.13.2"
    modes: tuple[Mode, ...] = EVERY_MODE
    documented: str = ""
    taken: tuple[int, int] | None = None
    items: Field | None = None
    properties: tuple[Field, ...] = ()
    additional: Field | None = None
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""
    cel: tuple[Cel, ...] = ()

    @property
    def column(self) -> str:
        """The field's name in snake_case: myASN -> my_asn."""
        return _WORD_END.sub("_", self.name).lower()

    @property
    def immutable(self) -> bool:
        """Whether a rule forbids to change the value once it is set."""
        return any(rule.transition for rule in self.cel)

    @property
    def bounds(self) -> tuple[int, int]:
        """What the API server takes: the schema's range, or the format's; without any, 64 bits."""
        half = 1 << (31 if self.format == "int32" else 63)
        low = -half if self.minimum is None else self.minimum
        return low, half - 1 if self.maximum is None else self.maximum

    @property
    def range(self) -> tuple[int, int] | None:
        """What to choose a number from; None where nothing but its size limits it."""
        if self.taken is None and (self.minimum is None or self.maximum is None):
            return None
        return self.taken or self.bounds

    def effective_in(self, mode: Mode) -> bool:
        """Whether MetalLB acts on the field in this mode; an unknown mode gets the benefit of the doubt."""
        return mode is Mode.UNKNOWN or mode in self.modes


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column of `kubectl get`."""

    name: str
    json_path: str
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One served version of a kind. cel: rules about the spec as a whole; has_spec: False for what is status only."""

    name: str
    fields: tuple[Field, ...]
    columns: tuple[Column, ...] = ()
    status: tuple[Field, ...] = ()
    cel: tuple[Cel, ...] = ()
    has_spec: bool = True
    spec_required: bool = False
    storage: bool = True
    deprecation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A custom resource; the attributes without a version are those of the stored one."""

    kind: str
    plural: str
    description: str
    versions: tuple[Version, ...]
    group: str = "metallb.io"
    scope: Scope = "Namespaced"

    @property
    def stored(self) -> Version:
        """The version that the API server stores and this program writes."""
        return next(version for version in self.versions if version.storage)

    @property
    def version(self) -> str:
        """The stored version's name: "v1beta2"."""
        return self.stored.name

    @property
    def storage(self) -> str:
        """The stored version's name, as the CRD calls it."""
        return self.stored.name

    @property
    def served_versions(self) -> tuple[str, ...]:
        """All versions that the API server answers."""
        return tuple(version.name for version in self.versions)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The spec's fields."""
        return self.stored.fields

    @property
    def status(self) -> tuple[Field, ...]:
        """The status' fields, which MetalLB writes."""
        return self.stored.status

    @property
    def columns(self) -> tuple[Column, ...]:
        """The printer columns."""
        return self.stored.columns

    @property
    def api_version(self) -> str:
        """metallb.io/v1beta2."""
        return f"{self.group}/{self.version}"

    def field(self, name: str) -> Field:
        """The spec's field of that name. Raises KeyError."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def default_at(self, keys: Sequence[str]) -> Any:
        """What the API server fills in at a place within the spec that is not set; None = nothing."""
        fields, default = self.fields, None
        for key in keys:
            found = next((field for field in fields if field.name == key), None)
            fields, default = (found.properties, found.default) if found is not None else ((), None)
        return default

    def served(self, name: str) -> Version | None:
        """The served version of that name, None if it is not served."""
        return next((version for version in self.versions if version.name == name), None)

    def openapi_schema(self, version: str | None = None) -> dict[str, Any]:
        """The CRD's openAPIV3Schema for a served version, the stored one by default. Raises KeyError."""
        from intent.kinds.schema import object_schema  # schema.py is written in terms of Kind

        found = self.served(version or self.version)
        if found is None:
            raise KeyError(version)
        return object_schema(self, found)

    def crd(self) -> dict[str, Any]:
        """The whole CustomResourceDefinition (apiextensions.k8s.io/v1)."""
        from intent.kinds.schema import definition

        return definition(self)

    def canonical(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The spec without nulls and schema defaults: what Kubernetes treats as equal has equal canonical forms."""
        return _canonical(spec, self.fields)

    def with_defaults(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The spec without nulls and with the schema's defaults, as the API server stores it."""
        return _with_defaults(spec, self.fields)


def _canonical(value: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        field = known.get(name)
        if field is None:
            kept[name] = inner
        elif inner is not None and (field.default is None or not same(inner, field.default)):
            kept[name] = _inside(inner, field, _canonical)
    return kept


def _with_defaults(value: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    kept = {
        name: _inside(inner, known[name], _with_defaults) if name in known else inner
        for name, inner in value.items()
        if inner is not None or name not in known
    }
    defaults = {field.name: field.default for field in fields if field.default is not None and field.name not in kept}
    return {**kept, **defaults}


def _inside(value: Any, field: Field, walk: Any) -> Any:
    if field.items is not None and isinstance(value, list | tuple):
        return [_inside(item, field.items, walk) for item in value]
    if field.properties and isinstance(value, Mapping):
        return walk(value, field.properties)
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
