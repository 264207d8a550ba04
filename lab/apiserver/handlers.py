"""One handler a verb: from an HTTP request on objects to its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import yaml
from aiohttp import web

from lab.apiserver import deletes, listing, patch, protobuf, proxy
from lab.apiserver.auth import Attributes, User, require
from lab.apiserver.deletes import DeleteOptions
from lab.apiserver.errors import ApiError, bad_request
from lab.apiserver.exec import Execs
from lab.apiserver.logs import Logs
from lab.apiserver.options import WriteOptions
from lab.apiserver.resources import Key, Resource
from lab.apiserver.routes import Target
from lab.apiserver.storage import Entry, Storage
from lab.apiserver.watch import DEFAULT_TIMEOUT, Watch, WatchOptions
from lab.apiserver.writes import Writer

JSON = "application/json"
_VALIDATION = ("Strict", "Warn", "Ignore")


class Handlers:
    """Serves what `routes.Target` describes."""

    def __init__(
        self,
        storage: Storage,
        writer: Writer,
        execs: Execs,
        logs: Logs,
        proxied: Callable[[], proxy.ProxyHandler | None] = lambda: None,
    ) -> None:
        self._storage, self._writer, self._execs, self._logs = storage, writer, execs, logs
        self._proxied = proxied
        self._verbs: dict[str, Callable[[web.Request, Target, User], Awaitable[web.StreamResponse]]] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    async def serve(self, request: web.Request, target: Target, user: User) -> web.StreamResponse:
        """Raises ApiError for whatever is refused."""
        require(user, target.attributes)
        if target.subresource == "exec":
            if target.verb == "get":  # a GET that upgrades must be allowed to create, too
                asked = target.attributes
                require(user, Attributes("create", asked.group, asked.resource, "exec", asked.namespace, asked.name))
            return await self._execs.serve(request, listing.get(self._storage, target).manifest)
        if target.subresource == "log":
            return await self._logs.serve(request, listing.get(self._storage, target).manifest)
        if target.subresource == "proxy":
            tail = request.path.partition("/proxy/")[2]
            return await proxy.serve(self._proxied(), target.namespace or "", target.name, f"/{tail}")
        return await self._verbs[target.verb](request, target, user)

    async def _get(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        entry = listing.get(self._storage, target)
        return answer(listing.renderer(request, target.resource)(entry), target)

    async def _list(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        return answer(listing.listing(self._storage, target, request), target)

    async def _watch(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        resource = target.resource
        match = listing.matcher(request, resource)
        watch = Watch(self._storage, resource, target.namespace, match, listing.renderer(request, resource))
        options = _watch_options(request)
        response = web.StreamResponse(headers={"Content-Type": JSON} | _warnings(target, []))
        await response.prepare(request)
        await watch.run(response, options)
        return response

    async def _create(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        options = _write_options(request, target)
        body = await read_body(request)
        entry = self._writer.create(target.resource, target.namespace or "", body, options)
        return self._written(request, target, entry, options, 201)

    async def _update(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        options = _write_options(request, target)
        entry = self._writer.update(target.resource, target.key, await read_body(request), options)
        return self._written(request, target, entry, options)

    async def _patch(self, request: web.Request, target: Target, user: User) -> web.StreamResponse:
        options, kind = _write_options(request, target), request.content_type
        body = await read_body(request)
        if kind == patch.APPLY and self._storage.entry(target.resource, target.key) is None:
            asked = target.attributes
            require(
                user, Attributes("create", asked.group, asked.resource, asked.subresource, asked.namespace, asked.name)
            )
        entry, is_new = self._writer.patch(target.resource, target.key, kind, body, options)
        return self._written(request, target, entry, options, 201 if is_new else 200)

    async def _delete(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        options = DeleteOptions.read(await read_body(request), dict(request.query))
        resource = target.resource
        self._admit_deletion(resource, target.key)
        deleted = deletes.delete(self._storage, resource, target.key, options)
        if resource.returns_deleted or not deleted.is_gone:
            return answer(listing.renderer(request, resource)(deleted.entry.view(resource)), target)
        uid = deleted.entry.manifest["metadata"]["uid"]
        details = {"name": target.name, "group": resource.group, "kind": resource.plural, "uid": uid}
        details = {key: value for key, value in details.items() if value}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return answer(msgspec.json.encode(status), target)

    async def _delete_collection(self, request: web.Request, target: Target, _user: User) -> web.StreamResponse:
        options = DeleteOptions.read(await read_body(request), dict(request.query))
        match, table = listing.matcher(request, target.resource), self._storage.table(target.resource)
        gone = []
        for key in table.range(target.namespace):
            entry = table.entries.get(key)
            if entry is not None and (match is None or match(entry.manifest)):
                self._admit_deletion(target.resource, key)
                gone.append(deletes.delete(self._storage, target.resource, key, options).entry.view(target.resource))
        metadata = {"resourceVersion": str(self._storage.version)}
        head = {"kind": f"{target.resource.kind}List", "apiVersion": target.resource.api_version, "metadata": metadata}
        body = msgspec.json.encode(head)[:-1] + b',"items":[' + b",".join(entry.raw for entry in gone) + b"]}"
        return answer(body, target)

    def _admit_deletion(self, resource: Resource, key: Key) -> None:
        entry = self._storage.entry(resource, key)
        if entry is not None:
            self._writer.admit("DELETE", resource, entry.manifest, WriteOptions(admits=True))

    def _written(
        self, request: web.Request, target: Target, entry: Entry, options: WriteOptions, code: int = 200
    ) -> web.Response:
        body = listing.renderer(request, target.resource)(entry.view(target.resource))
        return answer(body, target, code, options.warnings)


def answer(
    body: bytes, target: Target | None = None, code: int = 200, warnings: list[str] | None = None
) -> web.Response:
    """A JSON answer, with the Warning headers that it deserves."""
    headers = _warnings(target, warnings or []) if target else {}
    return web.Response(body=body, status=code, content_type=JSON, headers=headers)


def refusal(error: ApiError) -> web.Response:
    headers = {"WWW-Authenticate": 'Bearer realm="lab"'} if error.code == 401 else {}
    return web.Response(body=msgspec.json.encode(error.status()), status=error.code, content_type=JSON, headers=headers)


async def read_body(request: web.Request) -> Any:
    """The decoded body, None if there is none. Raises ApiError 400."""
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == protobuf.MEDIA_TYPE:
        return protobuf.decode(raw)
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        if not request.content_type.endswith("yaml"):
            raise bad_request(f"json: {error}") from error
    try:
        return yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError) as error:
        raise bad_request(f"error decoding YAML: {error}") from error


def _warnings(target: Target | None, texts: list[str]) -> dict[str, str]:
    deprecation = target.resource.deprecation if target else ""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in (*texts, deprecation) if text]
    return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted)} if quoted else {}


def _write_options(request: web.Request, target: Target) -> WriteOptions:
    query = request.query
    validation = query.get("fieldValidation") or "Warn"
    dry_run = query.getall("dryRun", [])
    if validation not in _VALIDATION:
        raise bad_request(
            f'fieldValidation: Unsupported value: "{validation}": supported values: "", "Ignore", "Strict", "Warn"'
        )
    if any(value != "All" for value in dry_run):
        raise bad_request(f'dryRun: Unsupported value: "{dry_run[0]}": supported values: "All"')
    agent = request.headers.get("User-Agent", "").partition("/")[0]
    is_apply = request.content_type == patch.APPLY
    manager = query.get("fieldManager") or ("" if is_apply else agent or "unknown")
    force = query.get("force", "").lower() in ("1", "true")
    return WriteOptions(
        manager,
        dry_run=bool(dry_run),
        force=force,
        validation=validation,
        subresource=target.subresource,
        admits=True,
    )


def _watch_options(request: web.Request) -> WatchOptions:
    query = request.query
    bookmarks = query.get("allowWatchBookmarks") in ("1", "true")
    initial = query.get("sendInitialEvents")
    timeout = query.get("timeoutSeconds") or "0"
    if not timeout.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{timeout}": invalid syntax')
    version = query.get("resourceVersion", "")
    is_initial = None if initial is None else initial in ("1", "true")
    return WatchOptions(version, float(timeout) or DEFAULT_TIMEOUT, bookmarks, is_initial)
