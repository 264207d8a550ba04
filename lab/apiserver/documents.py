"""Which discovery or OpenAPI document a path asks for, and the documents, made once per set of served types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from lab.apiserver import discovery, openapi
from lab.apiserver.errors import no_such_path
from lab.apiserver.resources import Manifest, Registry

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Document:
    body: bytes
    media_type: str = _JSON


class Documents:
    """The documents of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made: dict[tuple[str, bool], Document] = {}
        self._version = -1

    def get(self, path: str, accept: str) -> Document | None:
        """None where the path is none of these. Raises ApiError 404 for a group or version that is not served."""
        if path == "/openapi/v2" and openapi.PROTOBUF in accept:
            return Document(b"", openapi.PROTOBUF)  # an empty message is an empty document
        if self._version != self._registry.version:
            self._made, self._version = {}, self._registry.version
        aggregated = path in ("/api", "/apis") and "as=APIGroupDiscoveryList" in accept and "v=v2" in accept
        if (path, aggregated) not in self._made:
            make = self._maker(path, aggregated=aggregated)
            if make is None:
                return None
            media_type = discovery.AGGREGATED if aggregated else _JSON
            self._made[path, aggregated] = Document(msgspec.json.encode(make()), media_type)
        return self._made[path, aggregated]

    def _maker(self, path: str, *, aggregated: bool) -> Callable[[], Manifest] | None:
        parts = path.strip("/").split("/")
        if parts[0] in ("", "openapi"):
            return self._openapi(parts[1:])
        if parts[0] not in ("api", "apis"):
            raise no_such_path()
        legacy = parts[0] == "api"
        if aggregated:
            return lambda: discovery.aggregated(self._registry, legacy=legacy)
        return self._legacy(parts[1:]) if legacy else self._groups(parts[1:])

    def _legacy(self, rest: list[str]) -> Callable[[], Manifest] | None:
        match rest:
            case []:
                return discovery.legacy_versions
            case [version]:
                return lambda: discovery.resources(self._registry, "", version)
        return None

    def _groups(self, rest: list[str]) -> Callable[[], Manifest] | None:
        match rest:
            case []:
                return lambda: discovery.groups(self._registry)
            case [group]:
                return lambda: discovery.group(self._registry, group)
            case [group, version]:
                return lambda: discovery.resources(self._registry, group, version)
        return None

    def _openapi(self, rest: list[str]) -> Callable[[], Manifest]:
        match rest:
            case ["v2"]:
                return openapi.v2
            case ["v3"]:
                return lambda: openapi.index(self._registry)
            case ["v3", "api", version]:
                return lambda: openapi.v3(self._registry, "", version)
            case ["v3", "apis", group, version]:
                return lambda: openapi.v3(self._registry, group, version)
        raise no_such_path()
