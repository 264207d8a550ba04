"""Changes as JSON lines, oldest first, sent piece by piece: however many there are, few are in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.utils.encoders import JSONEncoder

from clusters.history.selectors import change_json
from clusters.models import Change

MEDIA_TYPE = "application/jsonl"
PIECE = 200  # changes


def download(rows: QuerySet[Change]) -> StreamingHttpResponse:
    """These changes as a file; those that are made while it is sent are not in it."""
    response = StreamingHttpResponse(_pieces(rows.order_by("pk")), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = 'attachment; filename="bgpui-changes.jsonl"'
    response["Cache-Control"] = "private, no-store"
    return response


async def _pieces(rows: QuerySet[Change]) -> AsyncIterator[bytes]:
    last, newest = 0, await Change.objects.order_by("-pk").values_list("pk", flat=True).afirst()
    rows = rows.filter(pk__lte=newest or 0)
    while True:
        piece, last = await sync_to_async(_piece)(rows, last)
        if not piece:
            return
        yield piece


def _piece(rows: QuerySet[Change], last: int) -> tuple[bytes, int]:
    """The next lines after a change, and the last change of them."""
    some = list(rows.filter(pk__gt=last)[:PIECE])
    lines = (json.dumps(change_json(change), cls=JSONEncoder, ensure_ascii=False) + "\n" for change in some)
    return "".join(lines).encode("utf-8", "backslashreplace"), some[-1].pk if some else last
