"""OpenAPI of resources, from the same description of the kinds that rules, forms and columns follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers

from clusters.api.shapes import DELETION, EDIT, FINDINGS, OLDER_WRITERS, TEXT, USED_BY, shape
from intent.kinds import Kind

V = TypeVar("V", bound=type[Any])
_STRINGS = {"type": "object", "additionalProperties": TEXT}


class ResourceSerializer(serializers.Serializer[Any]):
    """Stands for a kind in the OpenAPI description; manifests are read and written without it."""

    KIND: Kind
    BESIDE: ClassVar[Mapping[str, Any]] = {}


def resource_serializer(kind: Kind, beside: Mapping[str, Any] | None = None) -> type[ResourceSerializer]:
    """The serializer class that stands for a kind. beside: schemas of what is told besides the manifest, by name."""
    body = {"KIND": kind, "BESIDE": beside or {}, "__doc__": kind.description}
    return type(kind.kind, (ResourceSerializer,), body)


class ResourceSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """The component of a kind: its manifest, and beside it what is read only."""

    target_class = "clusters.api.schema.ResourceSerializer"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: str) -> str:
        """The kind."""
        return str(self.target.KIND.kind)

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """The schema."""
        return manifest_schema(self.target.KIND, self.target.BESIDE)


def manifest_schema(kind: Kind, beside: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest of the kind as the API reads and answers it."""
    name = {**TEXT, "maxLength": 253}
    metadata = {"name": name, "namespace": name, "labels": _STRINGS, "annotations": _STRINGS}
    seen = {"uid": TEXT, "resourceVersion": TEXT, "generation": {"type": "integer"}}
    metadata |= {key: {**schema, "readOnly": True} for key, schema in seen.items()}
    properties: dict[str, Any] = {
        "apiVersion": _version(kind),
        "kind": {**TEXT, "const": kind.kind},
        "metadata": shape(metadata),
        "spec": _spec(kind),
        "cluster": {**TEXT, "description": "Name of the cluster; read by a POST, else read-only."},
        "inlinePassword": {"type": "boolean", "readOnly": True, "description": "The object itself carries a password."},
        "edit": EDIT,
        "sync": {"$ref": "#/components/schemas/Sync"},
    }
    properties |= beside
    properties["findings"] = {**FINDINGS, "readOnly": True}
    properties |= {"usedBy": USED_BY, "olderWriters": OLDER_WRITERS}
    return shape(properties, description=kind.description, required=["spec"])


def _version(kind: Kind) -> dict[str, Any]:
    older = [f"{kind.group}/{name}" for name in kind.served_versions if name != kind.version]
    if not older:
        return {**TEXT, "const": kind.api_version}
    told = f"{', '.join(older)} is read, with a warning, and saved as {kind.api_version}."
    deprecated = [{"const": name, "deprecated": True} for name in older]
    return {**TEXT, "oneOf": [{"const": kind.api_version}, *deprecated], "description": told}


def _spec(kind: Kind) -> dict[str, Any]:
    spec = _plain(kind.openapi_schema()["properties"]["spec"])
    for field in kind.fields:
        if field.secret:
            spec["properties"][field.name]["writeOnly"] = True
    return dict(spec)


def _plain(schema: Any) -> Any:
    """Without the keywords that only Kubernetes knows."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


_PATH = [
    OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.PATH, description=description)
    for name, description in (
        ("cluster", "Name of the cluster."),
        ("namespace", "Namespace of the object."),
        ("name", "Name of the object."),
    )
]
CLUSTER = OpenApiParameter("cluster", str, description="The cluster to write to; needed if there are several.")
WAIT = OpenApiParameter(
    "wait",
    str,
    description="Hold the answer until the cluster has spoken, `10s`; at most 60s. Still pending then: 202.",
)
DRY_RUN = OpenApiParameter(
    "dry_run", bool, description="Ask the rules and the API server, save nothing; the answer is a review."
)
ACCEPT = OpenApiParameter(
    "accept",
    str,
    many=True,
    description="Code of a documented rule that is broken knowingly, or of what is destroyed knowingly, with the "
    "numbers as `confirm` of a review has them, `services-withdrawn:2`; repeatable.",
)
MESSAGE = OpenApiParameter("message", str, description="Why, for the history; at most 400 characters.")
OVERRIDE = OpenApiParameter(
    "override",
    str,
    many=True,
    description="Code of a rule that only bgpui has, to apply all the same; repeatable, with `reason`. For "
    "administrators, and only if the API server accepts the edit in a dry run.",
)
REASON = OpenApiParameter("reason", str, description="Why rules are overridden, for the history.")
SAFE_APPLY = OpenApiParameter(
    "safe_apply",
    str,
    description="Revert all of it unless it is confirmed within this time, `5m` (30s to 24h), once it is in force; the "
    "answer is a change set then, and `trials/` has how it goes.",
)
WRITING_PARAMETERS = [WAIT, DRY_RUN, ACCEPT, MESSAGE, OVERRIDE, REASON, SAFE_APPLY]
_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="Write only if the object is the one with this ETag."
)
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="`*`: write only if there is none yet."
)
_PENDING = OpenApiResponse(description="Saved; the cluster has not answered yet. `Location` shows how it went.")


def documented_read(kind: Kind) -> Callable[[V], V]:
    """Describes the endpoints that read a kind."""
    what = f"{kind.kind} objects"
    return extend_schema_view(
        list=extend_schema(summary=f"List {what}", description=kind.description),
        retrieve=extend_schema(summary=f"One {kind.kind}", parameters=[*_PATH, _IF_NONE_MATCH]),
    )


def documented_write(kind: Kind, serializer: type[ResourceSerializer], example: Mapping[str, Any]) -> Callable[[V], V]:
    """Describes the endpoints that write a kind."""
    examples = [OpenApiExample(kind.kind, value=dict(example), request_only=True)]
    patch = [OpenApiExample("One field", value={"spec": dict(list(example["spec"].items())[-1:])}, request_only=True)]
    done = {200: serializer, 202: OpenApiResponse(serializer, description=_PENDING.description)}
    one = {"$ref": f"#/components/schemas/{kind.kind}"}
    many = {"type": "array", "items": one, "description": "All of them, or none."}
    created = {201: serializer, 202: done[202]}
    reviewed = "With `dry_run` the answer is a review: `findings`, `diff`, `sessions`, and the API server's words."
    both = [*WRITING_PARAMETERS, _IF_MATCH]
    return extend_schema_view(
        create=extend_schema(
            summary=f"Create {kind.kind} objects",
            description=f"A list as body creates several, all or none. {reviewed}",
            parameters=[CLUSTER, *WRITING_PARAMETERS],
            request={media_type: {"oneOf": [one, many]} for media_type in ("application/json", "application/yaml")},
            examples=examples,
            responses=created,
        ),
        update=extend_schema(
            summary=f"Create or replace one {kind.kind}",
            description=f"Repeating it changes nothing. {reviewed}",
            parameters=[*_PATH, *both, _IF_NONE_MATCH],
            examples=examples,
            responses={**created, **done},
        ),
        partial_update=extend_schema(
            summary=f"Change one {kind.kind}",
            description=f"The body is a JSON merge patch (RFC 7396) of the manifest. {reviewed}",
            parameters=[*_PATH, *both],
            examples=patch,
            responses=done,
        ),
        destroy=extend_schema(
            summary=f"Delete one {kind.kind}",
            parameters=[*_PATH, *both],
            responses={200: OpenApiResponse(DELETION, description=DELETION["description"]), 202: done[202], 204: None},
        ),
    )
