"""What the API server calls: the kubelet of every node, whose a token is, and admission webhooks by URL."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from lab.apiserver.errors import ApiError
from lab.apiserver.exec import ExecOptions, Streams
from lab.apiserver.handlers import refusal
from lab.apiserver.logs import Logs
from lab.apiserver.pods import require_running
from lab.apiserver.resources import Manifest
from lab.apiserver.writes import Admission

TOKENS, ADMISSION = "/tokens", "/admission"
_DENIED = " denied the request: "
Pods = Callable[[str, str], Manifest | None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Callbacks:
    """pods: namespace and name -> the pod; review: answers a TokenReview."""

    def __init__(
        self, streams: Streams, logs: Logs, pods: Pods, review: Callable[[Mapping[str, Any]], dict[str, Any]]
    ) -> None:
        self._streams, self._logs, self._pods, self._review = streams, logs, pods, review
        self.admission: Admission | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, port: int, tls: ssl.SSLContext) -> None:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/exec/{namespace}/{pod}/{container}", self._kubelet(self._exec))
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._kubelet(self._log))
        app.router.add_post(TOKENS, self._tokens)
        app.router.add_post(ADMISSION, self._admit)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls, reuse_address=True).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _tokens(self, request: web.Request) -> web.Response:
        return web.json_response(self._review(await request.json()))

    async def _admit(self, request: web.Request) -> web.Response:
        asked = (await request.json())["request"]
        resource, verdict = asked["resource"], {"uid": asked["uid"], "allowed": True}
        if resource["resource"] == "configmaps":
            verdict |= {"allowed": False, "status": {"code": 403, "message": "asked"}}
        elif self.admission is not None:
            manifest = asked.get("object") or asked.get("oldObject")
            try:
                self.admission(asked["operation"], f"{resource['resource']}.{resource['group']}", manifest)
            except ApiError as denied:
                words = denied.message.partition(_DENIED)[2] or denied.message
                verdict |= {"allowed": False, "status": {"code": 403, "message": words}}
        return web.json_response({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": verdict})

    async def _exec(self, request: web.Request, pod: Manifest) -> web.StreamResponse:
        container, query = request.match_info["container"], request.query
        require_running(pod, container)
        wanted = (query.get(name) == "1" for name in ("input", "output", "error"))
        options = ExecOptions(tuple(query.getall("command", [])), container, *wanted)
        return await self._streams.serve(request, pod, container, options)

    async def _log(self, request: web.Request, pod: Manifest) -> web.StreamResponse:
        return await self._logs.serve(request, pod, request.match_info["container"])

    def _kubelet(self, answer: Callable[[web.Request, Manifest], Awaitable[web.StreamResponse]]) -> Handler:
        """What a kubelet asks before it answers about a container."""

        async def handler(request: web.Request) -> web.StreamResponse:
            if request.transport is None or not request.transport.get_extra_info("peercert"):
                return web.Response(status=401, text="Unauthorized")  # only the API server has a certificate
            try:
                pod = self._pods(request.match_info["namespace"], request.match_info["pod"])
                if pod is None:
                    return web.Response(status=404, text="pod does not exist")
                return await answer(request, pod)
            except ApiError as error:
                return refusal(error)

        return handler
