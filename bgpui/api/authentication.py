"""Who calls: a bearer token, or the browser's session."""

from __future__ import annotations

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from bgpui.models import ApiToken, token_of, token_used

_LONGEST = 200


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer bgpui_…` (RFC 6750). A read-only token is good for GET, HEAD and OPTIONS."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's user; None without the header. Raises AuthenticationFailed, PermissionDenied."""
        scheme, _, key = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = token_of(key.decode("ascii", "replace").strip()) if len(key) <= _LONGEST else None
        if token is None:
            raise AuthenticationFailed("The token is not known, has expired or was deleted.")
        if token.read_only and request.method not in SAFE_METHODS:
            raise PermissionDenied("The token is read-only.")
        token_used(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return 'Bearer realm="bgpui"'
