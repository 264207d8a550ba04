"""Where an edit comes from: the request that is being answered, for its audit entry. Workers answer none."""

from __future__ import annotations

from contextvars import ContextVar
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

_TOKEN_LIMIT = 100
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def answering(request: HttpRequest | None) -> None:
    """Edits that are made from now on come from this request; None = from none."""
    _request.set(request)


def token_name() -> str:
    """The name of the API token that was sent, "" = none."""
    token = getattr(_request.get(), "auth", None)  # put there by the REST framework
    return str(getattr(token, "name", ""))[:_TOKEN_LIMIT]


def client_address() -> str | None:
    """The client's address, None = not known, or not to be kept."""
    request = _request.get()
    return address_of(request) if request is not None and settings.BGPUI_CHANGE_ADDRESS else None


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from, as uvicorn is told; None = it does not come by IP."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "").partition("%")[0]))
    except ValueError:
        return None  # a Unix socket has none


def sent(field: str) -> str:
    """A field of the form that the request sent, "" = it sent none."""
    request = _request.get()
    return str(request.POST.get(field, "")) if request is not None and request.method == "POST" else ""
