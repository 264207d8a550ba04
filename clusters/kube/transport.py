"""One request to the API server and its answer, or the error that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import urllib3
from kubernetes.client import ApiClient, ApiException, Configuration

from clusters.kube.connection import authorization
from clusters.kube.errors import Unreachable, error_of, unreachable

Object = dict[str, Any]
Objects = list[Object]
_JSON = "application/json"
_CONNECT_TIMEOUT = 3.0
# One more try for connections that the server closed in the meantime; never for requests that could act twice.
_RETRIES = urllib3.Retry(total=1, connect=1, read=1, redirect=0, status=0, other=0, allowed_methods={"GET"})
_Parameters = list[tuple[str, str]]


class Transport:
    """The official client, used for objects as plain dictionaries; thread-safe."""

    def __init__(self, configuration: Configuration, user_agent: str, timeout: float) -> None:
        configuration.retries = _RETRIES
        configuration.connection_pool_maxsize = 8
        self._client = ApiClient(configuration)
        self._client.user_agent = user_agent
        self._closed = False
        self._timeout = (min(_CONNECT_TIMEOUT, timeout), timeout)

    def close(self) -> None:
        """Close all connections; requests are refused from now on."""
        self._closed = True
        self._client.close()  # type: ignore[no-untyped-call]

    def request(
        self,
        method: str,
        where: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = _JSON,
        accept: str = _JSON,
    ) -> Object:
        """Send `body` as `content` and return the answer's object, in the form `accept`. Raises KubeError."""
        headers = {"Accept": accept} | ({"Content-Type": content} if body is not None else {})
        token = authorization(self._client.configuration)
        headers |= {"authorization": token} if token else {}
        parameters = [(name, value) for name, value in (query or {}).items() if value]
        answer = self._answer_again if method != "GET" and _tries(query, body) else self._answer
        return object_of(answer(method, where, parameters, headers, body))

    def text(self, where: str, query: Mapping[str, str]) -> bytes:
        """What a GET answers that is no object, as bytes. Raises KubeError."""
        token = authorization(self._client.configuration)
        headers = {"Accept": "text/plain, */*"} | ({"authorization": token} if token else {})
        return self._answer("GET", where, list(query.items()), headers, None)

    def _answer_again(
        self, method: str, where: str, parameters: _Parameters, headers: Mapping[str, str], body: Any
    ) -> bytes:
        try:
            return self._answer(method, where, parameters, headers, body)
        except Unreachable as error:
            if not isinstance(error.__cause__, urllib3.exceptions.ProtocolError):
                raise
            return self._answer(method, where, parameters, headers, body)

    def _answer(self, method: str, where: str, parameters: _Parameters, headers: Mapping[str, str], body: Any) -> bytes:
        if self._closed:
            raise Unreachable("the connection to the API server is closed")
        prepared = self._client.param_serialize(method, where, query_params=parameters, header_params=headers)
        try:
            response = self._client.call_api(*prepared[:3], body, _request_timeout=self._timeout)
            answer: bytes = response.read()  # type: ignore[no-untyped-call]
        except (ApiException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            raise unreachable("the API server cannot be reached", error) from error
        if not 200 <= response.status < 300:
            raise error_of(response.status, response.headers, answer)
        return answer


def _tries(query: Mapping[str, str] | None, body: Any) -> bool:
    """Whether the request leaves nothing behind: a dry run may be asked twice, as a GET may."""
    return bool((query or {}).get("dryRun") or (isinstance(body, Mapping) and body.get("dryRun")))


def object_of(content: bytes) -> Object:
    if b"\\u0000" in content:  # PostgreSQL's JSON cannot hold it
        content = content.replace(b"\\u0000", b"\\ufffd")
    try:
        answer = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreachable("the API server's answer cannot be read: it is not JSON, or cut off") from error
    if not isinstance(answer, dict):
        raise Unreachable("the API server's answer cannot be read: it is no object")
    return answer
