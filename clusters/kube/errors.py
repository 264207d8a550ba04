"""What the API server, a webhook or the way to it answered instead of doing the work, in their own words."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import urllib3

_WORDS_LIMIT = 1000
# As `spec.password: Invalid value: "…"`, and as JSON, also within a quoted text: `{\"password\":\"…\"}`.
_QUOTED_PASSWORD = re.compile(r'(?i)(password(?!secret)(?:\\*"\s*[:=]\s*\\*"|[^"\n]{0,60}"))[^"\n]*(")')
_WEBHOOK_UNREACHABLE = "failed calling webhook"
_UNTYPED_APPLY = "failed to create typed patch object"
_SLOW = "it did not answer in time"
_POOL = re.compile(r"^HTTPS?ConnectionPool\(.*?\): ")
# The first that fits counts: a certificate that is refused is an SSLError, too.
_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not accepted ({reason})"),
    ((ssl.SSLError, urllib3.exceptions.SSLError), "no TLS connection came about; is it an https address?"),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError), "its name cannot be resolved"),
    (ConnectionRefusedError, "the connection was refused"),
    ((TimeoutError, urllib3.exceptions.TimeoutError), _SLOW),
    ((ConnectionResetError, BrokenPipeError, http.client.HTTPException), "it closed the connection"),
    ((urllib3.exceptions.ProtocolError, aiohttp.ClientPayloadError), "it closed the connection"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason of a refusal: `FieldManagerConflict`, `FieldValueInvalid`, ...; field: path in the object."""

    reason: str
    message: str
    field: str


class KubeError(Exception):
    """A request that was not answered with success.

    code: HTTP status, 0 without an answer. reason: Kubernetes' StatusReason. retry_after: seconds the server asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        reason: str = "",
        causes: tuple[Cause, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(bounded(message))
        self.message = bounded(message)
        self.code = code
        self.reason = reason
        self.causes = causes
        self.retry_after = retry_after


class NotFound(KubeError):
    """404: no such object, or no such namespace."""


class NotServed(KubeError):
    """404: no such kind. Its definition is missing, or the API server has not got that far after a start."""


class Conflict(KubeError):
    """409: the object is in another state than was assumed."""


class ManagerConflict(Conflict):
    """409 of server-side apply: others own the fields (`causes`)."""


class AlreadyExists(Conflict):
    """409 of a create."""


class Rejected(KubeError):
    """400, 403 or 422: the schema, a rule, a webhook or a quota says no."""


class Forbidden(Rejected):
    """403: the rights are missing (RBAC)."""


class Unauthorized(KubeError):
    """401: the credentials are not accepted, or not any more."""


class Expired(KubeError):
    """410: the list went on for too long."""


class Unreachable(KubeError):
    """No answer, an answer that cannot be read, 429 or 5xx: try again later."""


class Silent(Unreachable):
    """No answer in time: asking once more would cost as much time again."""


class WebhookUnreachable(Unreachable):
    """500: a webhook that must be asked does not answer."""


def bounded(text: str) -> str:
    """Words of others, at most 1,000 characters, without what stands in quotes after `password`."""
    text = _QUOTED_PASSWORD.sub(r"\1…\2", text)
    return text if len(text) <= _WORDS_LIMIT else text[: _WORDS_LIMIT - 1] + "…"


def why_unreachable(error: BaseException) -> str:
    """Why there was no answer, in plain words: from the innermost of the errors that led to this one."""
    chain = list(_chain(error))
    for kind, words in _WORDS:
        for one in chain:
            if isinstance(one, kind):
                return words.format(reason=getattr(one, "verify_message", "") or "not trusted")
    text = str(chain[-1]).rpartition(">: ")[2] or type(chain[-1]).__name__
    return bounded(_POOL.sub("", text) or type(chain[-1]).__name__)


def unreachable(text: str, error: BaseException) -> Unreachable:
    """What led to no answer, as the error that it is."""
    why = why_unreachable(error)
    return (Silent if why == _SLOW else Unreachable)(f"{text}: {why}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it was made of: urllib3 keeps them as `reason`, others as cause or context."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        reason = getattr(current, "reason", None)
        inner = reason if isinstance(reason, BaseException) else current.__cause__ or current.__context__
        wrapped = next((one for one in current.args if isinstance(one, BaseException)), None)
        current = inner or wrapped


def error_of(code: int, headers: Mapping[str, str], body: bytes) -> KubeError:
    """The error that an answer of status `code` stands for."""
    status = _status(body)
    reason, message = _text(status.get("reason")), _text(status.get("message"))
    message = message or f"the API server answered HTTP {code}"
    causes = _causes(status)
    details = status.get("details")
    named = isinstance(details, dict) and bool(details.get("name"))
    kind = NotServed if code == 404 and not named else _kind(code, reason, message, causes)
    message = _waiting(message) if kind is WebhookUnreachable else message
    retry_after = _seconds(headers.get("Retry-After")) if issubclass(kind, Unreachable) else None
    return kind(message, code=code, reason=reason, causes=causes, retry_after=retry_after)


def _kind(code: int, reason: str, message: str, causes: tuple[Cause, ...]) -> type[KubeError]:
    if code == 409:
        return _conflict(reason, causes)
    if code == 403:
        return Rejected if "admission webhook" in message or "denied the request" in message else Forbidden
    if code >= 500 and _UNTYPED_APPLY in message:
        return Rejected  # the object has a field that the schema does not know
    if code >= 500 and _WEBHOOK_UNREACHABLE in message:
        return WebhookUnreachable
    if code == 429 or code >= 500:
        return Unreachable
    return {401: Unauthorized, 404: NotFound, 410: Expired}.get(code, Rejected)


def _waiting(message: str) -> str:
    """What a webhook that is silent means for who waits for it, and the way out."""
    out = "MetalLB's controller answers it: see whether its pod runs. " if "metallb.io" in message else ""
    return f"A webhook that has to be asked does not answer; bgpui tries again. {out}The API server says: {message}"


def _conflict(reason: str, causes: tuple[Cause, ...]) -> type[Conflict]:
    if reason == "AlreadyExists":
        return AlreadyExists
    if any(cause.reason == "FieldManagerConflict" for cause in causes):
        return ManagerConflict
    return Conflict


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _causes(status: Mapping[str, Any]) -> tuple[Cause, ...]:
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    if not isinstance(causes, list):
        return ()
    return tuple(
        Cause(_text(cause.get("reason")), bounded(_text(cause.get("message"))), _text(cause.get("field")))
        for cause in causes[:50]
        if isinstance(cause, dict)
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _seconds(text: str | None) -> float | None:
    return min(float(text), 300.0) if text is not None and text.isascii() and text.isdigit() else None
