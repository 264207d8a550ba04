"""Get and list: single objects, pages with limit and continue, tables."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from lab.apiserver.errors import bad_request, expired, not_found
from lab.apiserver.resources import Key, Manifest, Resource
from lab.apiserver.routes import Target
from lab.apiserver.selectors import Match, compile_selectors
from lab.apiserver.storage import Entry, Storage, Table
from lab.apiserver.tables import table

_PARTIAL = "PartialObjectMetadata"
_LOST = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter."
)


def get(storage: Storage, target: Target) -> Entry:
    """One object in the version that is asked for. Raises ApiError 404."""
    entry = storage.entry(target.resource, target.key)
    if entry is None:
        raise not_found(target.resource, target.name)
    return entry.view(target.resource)


def renderer(request: web.Request, resource: Resource) -> Callable[[Entry], bytes]:
    """How this client wants an object: as it is, or as a table of one row."""
    if not wants_table(request):
        return lambda entry: entry.raw
    include = request.query.get("includeObject", "Metadata")

    def render(entry: Entry) -> bytes:
        metadata = {"resourceVersion": str(entry.version)}
        return msgspec.json.encode(table(resource, [entry.manifest], metadata, include))

    return render


def wants_table(request: web.Request) -> bool:
    return "as=Table" in request.headers.get("Accept", "")


def wants_metadata(request: web.Request) -> bool:
    return f"as={_PARTIAL}List" in request.headers.get("Accept", "")


def _partial(manifest: Manifest) -> Manifest:
    return {"kind": _PARTIAL, "apiVersion": "meta.k8s.io/v1", "metadata": manifest["metadata"]}


def matcher(request: web.Request, resource: Resource) -> Match | None:
    return compile_selectors(resource, request.query.get("labelSelector", ""), request.query.get("fieldSelector", ""))


def listing(storage: Storage, target: Target, request: web.Request) -> bytes:
    """The JSON of a list or table. Raises ApiError 400 and 410."""
    resource, match = target.resource, matcher(request, target.resource)
    limit, version, after = _page(request, storage)
    objects = storage.table(resource)
    if version < objects.floor and after is not None:
        raise expired(_LOST)
    objects = objects.at(version) if after is not None else objects
    found, rest = _matching(objects, objects.range(target.namespace, after), match, limit)
    metadata: Manifest = {"resourceVersion": str(version)}
    if rest:
        metadata["continue"] = _token(version, found[-1])
        if match is None:
            metadata["remainingItemCount"] = rest
    entries = [objects.entries[key].view(resource) for key in found]
    if wants_table(request):
        include = request.query.get("includeObject", "Metadata")
        return msgspec.json.encode(table(resource, (entry.manifest for entry in entries), metadata, include))
    if wants_metadata(request):
        head = msgspec.json.encode({"kind": f"{_PARTIAL}List", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
        partial = b",".join([msgspec.json.encode(_partial(entry.manifest)) for entry in entries])
        return head[:-1] + b',"items":[' + partial + b"]}\n"
    head = msgspec.json.encode(
        {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
    )
    return head[:-1] + b',"items":[' + b",".join([entry.raw for entry in entries]) + b"]}\n"


def _matching(objects: Table, keys: list[Key], match: Match | None, limit: int) -> tuple[list[Key], int]:
    """The keys of one page, and how many more there are (at least 1 if any)."""
    if match is not None:
        keys = [key for key in keys if match(objects.entries[key].manifest)]
    return (keys[:limit], len(keys) - limit) if limit and len(keys) > limit else (keys, 0)


def _page(request: web.Request, storage: Storage) -> tuple[int, int, Key | None]:
    """(limit or 0, resourceVersion of the list, the key before the page)"""
    text = request.query.get("limit", "") or "0"
    if not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    token = request.query.get("continue", "")
    if not token:
        return int(text), storage.version, None
    try:
        given: Any = msgspec.json.decode(base64.urlsafe_b64decode(token))
        version, namespace, name = int(given["rv"]), str(given["start"][0]), str(given["start"][1])
    except (binascii.Error, msgspec.DecodeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error
    return int(text), version, (namespace, name)


def _token(version: int, key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode({"v": "meta.k8s.io/v1", "rv": version, "start": key})).decode()
