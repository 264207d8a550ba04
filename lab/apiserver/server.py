"""The embedded Kubernetes API server: HTTP in front of the storage."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiohttp import web

from lab.apiserver import discovery, tls
from lab.apiserver.auth import Attributes, Tokens, User, review
from lab.apiserver.builtin import builtin_resources
from lab.apiserver.documents import Documents
from lab.apiserver.errors import ApiError, internal
from lab.apiserver.exec import ExecHandler, Execs
from lab.apiserver.faults import Fault, Faults
from lab.apiserver.handlers import Handlers, answer, read_body, refusal
from lab.apiserver.logs import LogHandler, Logs
from lab.apiserver.persistence import StateFile
from lab.apiserver.proxy import ProxyHandler
from lab.apiserver.resources import Registry
from lab.apiserver.routes import Review, Target, resolve
from lab.apiserver.storage import Event, Storage
from lab.apiserver.store import Store
from lab.apiserver.writes import Admission, Writer

_OPEN_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version"})
_LARGEST_BODY = 3 << 20
_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


class ApiServer:
    """A Kubernetes API server in this process.

    state_path: file that keeps the objects over restarts (the TLS identity lies beside it); None keeps nothing.
    tokens: bearer token -> user name (an administrator) or User with rules.
    tls: False serves plain http; kubectl then sends no token.
    """

    def __init__(
        self, state_path: Path | None = None, tokens: Mapping[str, str | User] | None = None, *, tls: bool = True
    ) -> None:
        registry = Registry()
        for resource in builtin_resources():
            registry.add(resource)
        self.tokens = Tokens(tokens or {})
        self.faults = Faults()
        self._tls = tls
        self._folder = state_path.parent if state_path else None
        self._storage = Storage(registry)
        self._storage.table(registry.find("customresourcedefinitions")).listeners[self] = self._definition_changed
        writer = self._writer = Writer(self._storage)
        self.store = Store(self._storage, writer)
        self.exec: ExecHandler | None = None
        """What runs a command in a container."""
        self.logs: LogHandler | None = None
        """What pods/log answers."""
        self._execs, self._logs = Execs(self._storage, lambda: self.exec), Logs(lambda: self.logs)
        self.proxy: ProxyHandler | None = None
        """What a pod answers over HTTP."""
        self._handlers = Handlers(self._storage, writer, self._execs, self._logs, lambda: self.proxy)
        self._state = StateFile(state_path, self._storage) if state_path else None
        self._is_loaded = False
        self._runner: web.AppRunner | None = None
        self._documents = Documents(registry)
        self.host, self.port = "127.0.0.1", 0
        self.ca_pem: bytes | None = None
        """The authority that a client must trust; None without TLS."""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def use_webhooks(self, admission: Admission | None) -> None:
        """Ask this hook, None = no more, before every write over HTTP, dry runs included; see lab.apiserver.writes."""
        self._writer.admission = admission

    @property
    def open_execs(self) -> int:
        """Exec streams that are running."""
        return len(self._execs)

    def load(self) -> None:
        """Read the state file and make the standing namespaces; `start` does it too, once."""
        if self._is_loaded:
            return
        self._is_loaded = True
        if self._state:
            self._state.load()
            self._storage.listeners[self] = self._state.changed
        for name in _NAMESPACES:
            if self.store.get("namespaces", "", name) is None:
                self.store.create("namespaces", {"metadata": {"name": name}})

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one, or after a `stop` the same as before. OSError if the port is taken."""
        self.load()
        self.host = host
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, host, port or self.port, ssl_context=self._context(host), backlog=1024, reuse_address=True
        )
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and every connection; objects stay, so that `start` goes on where it was."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._state:
            await self._state.flush()

    def close(self) -> None:
        """Nothing outlives `stop` here; a control plane of processes has them to end."""

    def _context(self, host: str) -> ssl.SSLContext | None:
        if not self._tls:
            return None
        identity = tls.identity(self._folder, (host,))
        self.ca_pem = identity.ca
        return identity.context()

    def _definition_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self._storage.registry.uninstall(event.new.manifest)
        elif event.old is None or event.old.manifest["spec"] != event.new.manifest["spec"]:
            self._storage.registry.install(event.new.manifest)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._authenticated(request)
        except ApiError as error:
            return refusal(error)
        except web.HTTPRequestEntityTooLarge:
            words = f"request entity too large: limit is {_LARGEST_BODY}"
            return refusal(ApiError(413, "RequestEntityTooLarge", words))
        except (ConnectionError, asyncio.CancelledError, web.HTTPException):
            raise
        except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as error:
            # An object of the right type that is wrong inside, where no schema looks: Go would refuse to decode it.
            return refusal(internal(f"unable to handle the object: {type(error).__name__}: {error}", "InternalError"))

    async def _authenticated(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path in _OPEN_PATHS:
            return answer(msgspec.json.encode(discovery.version())) if path == "/version" else web.Response(text="ok")
        user = self.tokens.authenticate(request.headers.get("Authorization", ""))
        document = self._documents.get(path, request.headers.get("Accept", ""))
        if document is not None:
            return web.Response(body=document.body, headers={"Content-Type": document.media_type})
        target = resolve(self._storage.registry, request.method, path, request.query)
        asked = Attributes("create") if isinstance(target, Review) else target.attributes
        fault = self.faults.take(request.method, asked)
        if fault is None:
            return await self._served(request, target, user)
        if not fault.lasting:
            return await self._spoiled(request, target, user, fault)
        await request.read()
        return await asyncio.shield(self._spoiled(request, target, user, fault))

    async def _served(self, request: web.Request, target: Target | Review, user: User) -> web.StreamResponse:
        if isinstance(target, Review):
            body = await read_body(request)
            return answer(msgspec.json.encode(review(target.kind, body, user, self.tokens)), code=201)
        try:
            return await self._handlers.serve(request, target, user)
        except ApiError as error:
            return refusal(error)

    async def _spoiled(
        self, request: web.Request, target: Target | Review, user: User, fault: Fault
    ) -> web.StreamResponse:
        instead = await _instead(request, fault)
        return instead if instead is not None else await _cut(request, await self._served(request, target, user), fault)


async def _instead(request: web.Request, fault: Fault) -> web.Response | None:
    """What a fault answers before the request is served, None = it goes on."""
    if fault.before is not None:
        fault.before()
    await asyncio.sleep(fault.delay)
    if fault.drop == "before":
        return _dropped(request)
    if not fault.code:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    body = msgspec.json.encode(fault.body())
    return web.Response(body=body, status=fault.code, headers=headers, content_type="application/json")


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _cut(request: web.Request, served: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """The answer of a request that took effect, dropped or cut short."""
    if fault.after is not None:
        fault.after()
    if fault.drop == "after":
        return _dropped(request)
    if fault.truncate is None or not isinstance(served, web.Response) or not isinstance(served.body, bytes):
        return served
    cut = web.StreamResponse(status=served.status, headers={"Content-Type": "application/json"})
    cut.content_length = len(served.body)
    await cut.prepare(request)
    await cut.write(served.body[: fault.truncate])
    if request.transport is not None:
        request.transport.close()
    return cut
