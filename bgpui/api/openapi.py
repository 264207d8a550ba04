"""What drf-spectacular cannot see: how one authenticates, and that every error is a problem."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from clusters.api.problems import MEDIA_TYPE
from clusters.api.shapes import FINDING, SYNC

_PROBLEM = {
    "type": "object",
    "description": "A problem (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:bgpui:problem:rules"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "The cluster's own words where it refused."},
        "instance": {"type": "string"},
        "findings": {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}},
        "sync": {"$ref": "#/components/schemas/Sync"},
    },
    "required": ["type", "title", "status", "detail"],
}
_RESPONSE = {
    "description": "A problem.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Bearer tokens."""

    target_class = "bgpui.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A token of /api/v1/tokens/."}


_DESCRIPTION = """
Resources are Kubernetes manifests, addressed by cluster, namespace and name. A `PUT` creates or replaces, and may be
repeated; a worker brings the edit into the cluster.

    curl -X PUT -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/yaml" \\
         --data-binary @peer.yaml "$URL/api/v1/bgppeers/lab/metallb-system/rack-1/?wait=10s"

* `wait=10s` holds the answer until the cluster has spoken: 200 or 201 in sync, 422 rejected and 409 in conflict in the
  API server's own words, 202 while it is pending.
* `dry_run=true` asks the rules and the API server and saves nothing; `accept=CODE` breaks a documented rule knowingly.
* `If-Match` with an `ETag` refuses (412) to write over what somebody else has changed.
* Errors are problems (RFC 9457); `findings` name field, value, rule, source and the way out.
* A query parameter that is not known is an error.
"""


def problems_everywhere(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook: the introduction, shared components, and the default answer of every operation."""
    result["info"]["description"] += f"\n{_DESCRIPTION}"
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= {"Finding": FINDING, "Problem": _PROBLEM, "Sync": SYNC}
    components["schemas"] = dict(sorted(schemas.items()))
    for path in result["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                operation["responses"]["default"] = _RESPONSE
    return result
