"""ETag, If-Match and If-None-Match (RFC 9110, section 13).

A resource's tag is `"<configuration>.<representation>"`: a write compares the first half alone, so that a change of its
sync state or sessions is no lost update, but a conflict is one: the cluster holds what the writer has not seen. A read
compares the whole, so that it is never told "not modified" wrongly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clusters.api.problems import PreconditionFailed
from clusters.edits.rebase import refused
from clusters.models import Resource

_HALF = 16


def configuration_tag(row: Resource) -> str:
    """Changes with the desired object, with which object in the cluster that is, and with what stands beside it."""
    conflict = row.resource_version if refused(row) else ""
    return _tag([row.manifest, row.uid, row.inline_password, row.deleting, conflict])


def tag_of(row: Resource, manifest: Mapping[str, Any]) -> str:
    """The tag that the row had when it was in sync with this manifest."""
    return _tag([manifest, row.uid, row.inline_password, False, ""])


def _tag(state: list[Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:_HALF]


def preconditions_check(request: Request, row: Resource | None) -> None:
    """Raise PreconditionFailed if If-Match or If-None-Match forbids to write over this row (None = there is none)."""
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match is not None and (row is None or not _names(match, row)):
        raise PreconditionFailed("It has changed since, or is gone: read it again.")
    if none_match is not None and row is not None and _names(none_match, row):
        raise PreconditionFailed("It exists already.")


def _names(header: str, row: Resource) -> bool:
    tags = parse_etags(header)
    return "*" in tags or configuration_tag(row) in {tag.strip('"').partition(".")[0] for tag in tags}


class ConditionalMixin(APIView):
    """Tags what is read, and answers 304 to who has it."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """As DRF's; the tag is set when the body is rendered."""
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "private, no-cache")

        def tag(rendered: SimpleTemplateResponse) -> HttpResponseBase | None:
            rendered["ETag"] = etag = _etag(rendered)
            if request.method not in ("GET", "HEAD"):
                return None
            return get_conditional_response(request._request, etag=etag, response=rendered)  # noqa: SLF001

        if isinstance(final, Response) and final.status_code in (200, 201, 202) and final.data is not None:
            final.add_post_render_callback(tag)
        return final


def _etag(rendered: SimpleTemplateResponse) -> str:
    whole = hashlib.sha256(rendered.content).hexdigest()[:_HALF]
    configuration = getattr(rendered, "configuration_tag", "")
    return f'"{configuration}.{whole}"' if configuration else f'"{whole}"'
