"""The administrator's plain way to an API server: one request, one JSON answer; from any thread."""

from __future__ import annotations

import http
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from lab.apiserver.errors import ApiError

_TIMEOUT = 30.0  # seconds
_PAUSE = 0.02
MERGE = "application/merge-patch+json"


class Client:
    """tls: with the administrator's certificate; None where a proxy on this machine has it."""

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        self.port, self.tls = port, tls
        self._own = threading.local()

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """The answer's JSON. Raises ApiError with the server's own Status, OSError if it cannot be reached."""
        target = f"{path}?{urlencode(query)}" if query else path
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        answer, content = self._sent(method, target, payload, headers)
        for _try in range(int(_TIMEOUT / _PAUSE)):
            if answer.status != http.HTTPStatus.TOO_MANY_REQUESTS:
                break
            threading.Event().wait(_PAUSE)  # storage of a new type is being made
            answer, content = self._sent(method, target, payload, headers)
        if answer.status >= 400:
            raise _refusal(answer.status, content)
        found: dict[str, Any] = json.loads(content) if content.startswith(b"{") else {}
        return found

    def ensure_namespace(self, name: str) -> dict[str, Any]:
        """The namespace, made if it is not there yet."""
        try:
            return self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        except ApiError as refusal:
            if refusal.code != 409:
                raise
        return self.request("GET", f"/api/v1/namespaces/{name}")

    def is_ready(self) -> bool:
        """Whether the server says that it is."""
        try:
            self.request("GET", "/readyz")
        except (ApiError, OSError, http.client.HTTPException):
            return False
        return True

    def _sent(
        self, method: str, target: str, payload: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        for is_new in (not hasattr(self._own, "connection"), True):
            if is_new:
                self._own.connection = self._connection()
            try:
                self._own.connection.request(method, target, payload, dict(headers))
                answer = self._own.connection.getresponse()
                return answer, answer.read()
            except (http.client.HTTPException, ConnectionError, ssl.SSLError):
                self._own.connection.close()
                if is_new:
                    raise
        raise AssertionError("unreachable")

    def _connection(self) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=_TIMEOUT, context=self.tls)


def patiently(probe: Callable[[], bool], what: str) -> None:
    """Ask again until the API server has taken something in. Raises TimeoutError, which says what it was."""
    pause = threading.Event()
    for _look in range(int(_TIMEOUT / _PAUSE)):
        if probe():
            return
        pause.wait(_PAUSE)
    raise TimeoutError(f"not within {_TIMEOUT:g} s: {what}")


def _refusal(code: int, content: bytes) -> ApiError:
    try:
        status = json.loads(content)
    except ValueError:
        status = {}
    message = str(status.get("message") or content.decode(errors="replace"))
    return ApiError(code, str(status.get("reason", "")), message, status.get("details"))
