"""/metrics: what Prometheus scrapes, for whoever has a token of somebody who may see sessions and clusters."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from bgpui.models import token_of, token_used
from dashboard.metrics.collector import RowsCollector

_LONGEST = 200
_PERMISSIONS = ("speakers.view_session", "clusters.view_cluster")
_REGISTRY = CollectorRegistry()
_REGISTRY.register(RowsCollector())


@login_not_required
@require_GET
@gzip_page
def metrics(request: HttpRequest) -> HttpResponse:
    """The text format that the scraper prefers; 401 or 403 for who may not, 503 without the database."""
    try:
        refusal = None if settings.BGPUI_METRICS_OPEN else _refusal(request)
        if refusal is not None:
            return refusal
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        answer = HttpResponse(encode(_REGISTRY), content_type=content_type)
    except DatabaseError:
        return HttpResponse("the database does not answer\n", content_type="text/plain", status=503)
    answer["Cache-Control"] = "no-store"
    return answer


def _refusal(request: HttpRequest) -> HttpResponse | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    known = scheme.lower() == "bearer" and len(key) <= _LONGEST
    token = token_of(key.strip()) if known else None
    if token is None:
        text = "Send `Authorization: Bearer` with an API token, or open this with BGPUI_METRICS_OPEN.\n"
        return HttpResponse(text, "text/plain", 401, headers={"WWW-Authenticate": 'Bearer realm="bgpui"'})
    token_used(token)
    if not token.user.has_perms(_PERMISSIONS):
        return HttpResponse("The token's user may not see sessions and clusters.\n", "text/plain", 403)
    return None
