"""The objects of a real API server, by the same calls as `lab.apiserver.Store` has."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from lab.apiserver.builtin import builtin_resources
from lab.apiserver.errors import ApiError
from lab.apiserver.resources import Key, Manifest, Registry, Resource
from lab.apiserver.storage import Entry, Event
from lab.control_plane.client import MERGE, Client, patiently

_LARGEST_EVENT = 4 << 20
_NO_END = aiohttp.ClientTimeout(total=None)


class RemoteStore:
    """Objects by resource name, over HTTP as the administrator. Errors are the API server's, as ApiError.

    prepare: what a new object of any type gets from the lab. Watches run on the event loop of the caller; every other
    call blocks for as long as the request takes.
    """

    def __init__(self, client: Client, prepare: Callable[[Resource, Manifest], Manifest]) -> None:
        self.registry = Registry()
        for resource in builtin_resources():
            self.registry.add(resource)
        self._client, self._prepare = client, prepare
        self._watches: dict[object, _Watch] = {}

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        found = self._client.request("GET", "/api/v1/namespaces", query={"limit": "1"})
        return int(found["metadata"]["resourceVersion"])

    def get(self, resource: str, namespace: str, name: str) -> Manifest | None:
        """One object, None if there is none."""
        try:
            return self._client.request("GET", path_of(self.registry.find(resource), namespace, name))
        except ApiError as refusal:
            if refusal.code == 404:
                return None
            raise

    def list(
        self, resource: str, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> builtins.list[Manifest]:
        """Objects in name order."""
        return self._listed(self.registry.find(resource), namespace, labels, fields)[0]

    def create(self, resource: str, manifest: Manifest, manager: str = "") -> Manifest:
        """A new object; namespace from its metadata."""
        return self._create(self.registry.find(resource), manifest, manager)

    def add(self, manifest: Manifest, manager: str = "") -> Manifest:
        """A new object of whatever type its apiVersion and kind name; a CustomResourceDefinition is served after."""
        found = self.registry.find_kind(manifest["apiVersion"], manifest["kind"])
        if found is None:
            raise KeyError(f"{manifest['apiVersion']} {manifest['kind']} is not served")
        return self._create(found, manifest, manager)

    def update(self, resource: str, manifest: Manifest, manager: str = "") -> Manifest:
        """Replace an object, its status excepted; a resourceVersion in it is a precondition."""
        found, metadata = self.registry.find(resource), manifest["metadata"]
        path = path_of(found, metadata.get("namespace", ""), metadata["name"])
        body = {"apiVersion": found.api_version, "kind": found.kind, **manifest}
        if not metadata.get("resourceVersion"):
            version = self._client.request("GET", path)["metadata"]["resourceVersion"]
            body["metadata"] = {**metadata, "resourceVersion": version}
        return self._client.request("PUT", path, body, query=_by(manager))

    def patch(self, resource: str, namespace: str, name: str, change: Manifest, manager: str = "") -> Manifest:
        """Merge patch, the status excepted; a pod's node is set by binding it, as a scheduler does."""
        path = path_of(self.registry.find(resource), namespace, name)
        node = (change.get("spec") or {}).get("nodeName") if resource == "pods" else None
        if node is not None:
            target = {"apiVersion": "v1", "kind": "Node", "name": node}
            self._client.request("POST", f"{path}/binding", {"metadata": {"name": name}, "target": target})
        return self._client.request("PATCH", path, change, query=_by(manager), content_type=MERGE)

    def patch_status(self, resource: str, namespace: str, name: str, status: Manifest, manager: str = "") -> Manifest:
        """Merge patch of the status alone."""
        path = f"{path_of(self.registry.find(resource), namespace, name)}/status"
        return self._client.request("PATCH", path, {"status": status}, query=_by(manager), content_type=MERGE)

    def delete(self, resource: str, namespace: str, name: str) -> bool:
        """Delete at once: no kubelet has to confirm that a pod's containers have ended."""
        options = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
        try:
            self._client.request("DELETE", path_of(self.registry.find(resource), namespace, name), options)
        except ApiError as refusal:
            if refusal.code == 404:
                return False
            raise
        return True

    def watch(self, callback: Callable[[Event], None], resource: str) -> Callable[[], None]:
        """Call back on every change, on the running loop, some milliseconds after it. Returns what stops it."""
        found = self.registry.find(resource)
        objects, version = self._listed(found)
        watch = _Watch(found, callback, {_uid(each): each for each in objects})
        self._watches[watch] = watch
        watch.task = asyncio.get_running_loop().create_task(self._follow(watch, version))

        def cancel() -> None:
            if self._watches.pop(watch, None) is not None and watch.task is not None:
                watch.task.cancel()

        return cancel

    def close(self) -> None:
        """Forget all watches; their loop may have ended."""
        self._watches.clear()

    async def caught_up(self) -> None:
        """Wait until every watch has called back for what the API server holds right now."""
        for watch in list(self._watches.values()):
            while watch in self._watches:
                if watch.task is not None and watch.task.done():
                    watch.task.result()
                objects, _version = self._listed(watch.resource)
                wanted = {_uid(each): int(each["metadata"]["resourceVersion"]) for each in objects}
                seen = {uid: int(each["metadata"]["resourceVersion"]) for uid, each in watch.seen.items()}
                if seen.keys() == wanted.keys() and all(seen[uid] >= wanted[uid] for uid in wanted):
                    break
                await asyncio.sleep(0.01)

    def _listed(
        self, resource: Resource, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> tuple[builtins.list[Manifest], str]:
        query = {name: text for name, text in (("labelSelector", labels), ("fieldSelector", fields)) if text}
        answer = self._client.request("GET", path_of(resource, namespace), query=query)
        mark = {"apiVersion": resource.api_version, "kind": resource.kind}
        return [{**mark, **item} for item in answer.get("items") or ()], answer["metadata"]["resourceVersion"]

    def _create(self, resource: Resource, manifest: Manifest, manager: str) -> Manifest:
        mark = {"apiVersion": resource.api_version, "kind": resource.kind}
        body = self._prepare(resource, json.loads(json.dumps({**mark, **manifest})))
        namespace = (body.get("metadata") or {}).get("namespace", "")
        made = self._posted(resource, namespace, body, manager)
        if resource.plural == "customresourcedefinitions":
            self.registry.install(made)
            self._wait_until_served(made)
        status = body.get("status")
        if not status or "status" not in resource.subresources or resource.plural == "customresourcedefinitions":
            return made
        return self.patch_status(resource.group_resource, namespace, made["metadata"]["name"], status, manager)

    def _posted(self, resource: Resource, namespace: str, body: Manifest, manager: str) -> Manifest:
        """As created; its namespace is made where it is not there yet, as the embedded API server asks for none."""
        path = path_of(resource, namespace)
        if resource.plural == "namespaces" and body.keys() <= {"apiVersion", "kind", "metadata"}:
            found = self._client.ensure_namespace(body["metadata"]["name"])
            return self.patch("namespaces", "", found["metadata"]["name"], {"metadata": body["metadata"]}, manager)
        try:
            return self._client.request("POST", path, body, query=_by(manager))
        except ApiError as refusal:
            if refusal.code != 404 or (refusal.details or {}).get("kind") != "namespaces":
                raise
        self._client.ensure_namespace(namespace)
        return self._client.request("POST", path, body, query=_by(manager))

    def _wait_until_served(self, crd: Manifest) -> None:
        kind = self.registry.find(f"{crd['spec']['names']['plural']}.{crd['spec']['group']}")

        def is_served() -> bool:
            try:
                self._listed(kind)
            except ApiError as refusal:
                if refusal.code not in (404, 429, 503):  # not known yet, or its storage is being made
                    raise
                return False
            return True

        patiently(is_served, f"{crd['metadata']['name']} is served")

    async def _follow(self, watch: _Watch, version: str) -> None:
        """Events from this version on; the server ends a watch after some minutes."""
        url = f"{self._client.url}{path_of(watch.resource, None)}"
        connector = aiohttp.TCPConnector(ssl=self._client.tls or False)
        async with aiohttp.ClientSession(connector=connector, read_bufsize=_LARGEST_EVENT) as session:
            while watch in self._watches:
                query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
                with contextlib.suppress(aiohttp.ClientPayloadError):  # the API server has ended
                    async with session.get(url, params=query, timeout=_NO_END) as answer:
                        async for line in answer.content:
                            event = json.loads(line)
                            version = event["object"]["metadata"]["resourceVersion"]
                            watch.take(event["type"], event["object"])


@dataclass(eq=False, slots=True)
class _Watch:
    """seen: the objects by uid as the callback was told of them."""

    resource: Resource
    callback: Callable[[Event], None]
    seen: dict[str, Manifest]
    task: asyncio.Task[None] | None = field(default=None)

    def take(self, kind: str, obj: Manifest) -> None:
        if kind not in ("ADDED", "MODIFIED", "DELETED"):
            return
        metadata = obj["metadata"]
        old = self.seen.pop(_uid(obj), None)
        if kind != "DELETED":
            self.seen[_uid(obj)] = obj
        key: Key = (metadata.get("namespace", ""), metadata["name"])
        number = int(metadata["resourceVersion"])
        entry = None if old is None else Entry(old, int(old["metadata"]["resourceVersion"]))
        self.callback(Event(kind, self.resource, key, Entry(obj, number), entry))  # type: ignore[arg-type]


def path_of(resource: Resource, namespace: str | None = None, name: str = "") -> str:
    """Where a type, or an object of it, is served."""
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    inside = f"/namespaces/{namespace}" if namespace and resource.namespaced else ""
    return f"{root}{inside}/{resource.plural}{f'/{name}' if name else ''}"


def _uid(obj: Manifest) -> str:
    return str(obj["metadata"]["uid"])


def _by(manager: str) -> dict[str, Any]:
    return {"fieldManager": manager or "lab"}
