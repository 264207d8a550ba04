"""Every error of the API as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from clusters.api.problems import MEDIA_TYPE, BodyTooLarge, Problem, fault

log = logging.getLogger(__name__)


def handler(error: Exception, context: dict[str, Any]) -> Response:
    """The response to an exception that a view raised."""
    request = context.get("request")
    known = _known(error)
    if known.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(known, Problem):
        log.error("an API request failed", exc_info=error)
        got_request_exception.send(sender=handler, request=getattr(request, "_request", None))
    body = _body(known)
    if request is not None:
        body["instance"] = request.path
    return Response(body, status=known.status_code, headers=_headers(known), content_type=MEDIA_TYPE)


def _known(error: Exception) -> exceptions.APIException:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound(str(error) or None)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    if isinstance(error, RequestDataTooBig | TooManyFilesSent | TooManyFieldsSent):
        most = f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes"
        return BodyTooLarge(f"The body is larger than is accepted ({most}): send it in parts, or to /api/v1/import/.")
    if isinstance(error, OperationalError):
        return DatabaseBusy()
    return exceptions.APIException()


class DatabaseBusy(exceptions.APIException):
    """503: the database does not answer."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "The database does not answer."
    default_code = "database-unavailable"
    wait = 5


def _body(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, Problem):
        code, title, detail, findings, members = error.code, error.title, error.text, error.findings, error.members
    else:
        findings = list(_faults(error.detail)) if isinstance(error, exceptions.ValidationError) else []
        detail = "The request is not valid." if findings else str(error.detail)
        code, members = str(error.default_code).replace("_", "-"), {}
        title = HTTPStatus(error.status_code).phrase
    body = {"type": f"urn:bgpui:problem:{code}", "title": title, "status": error.status_code, "detail": detail}
    return {**members, **body, **({"findings": findings} if findings else {})}


def _faults(detail: Any, path: str = "") -> Iterator[dict[str, Any]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _faults(inner, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _faults(inner, path if isinstance(inner, str) else f"{path}[{index}]")
    else:
        yield fault(path, str(detail), code=getattr(detail, "code", None) or "invalid")


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
