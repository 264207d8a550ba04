"""Tokens of the REST API."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

MARK = "bgpui_"
LIFE = timedelta(days=90)  # of a token whose maker says nothing else
SHOWN = len(MARK) + 6  # enough to tell one's tokens apart, too little to guess the other 37 characters
_USE_INTERVAL = timedelta(minutes=1)


def digest(key: str) -> str:
    """The only form in which a key is kept: HMAC-SHA256, the secret being derived from SECRET_KEY."""
    return salted_hmac("bgpui.ApiToken", key, algorithm="sha256").hexdigest()


class ApiToken(models.Model):
    """A bearer token that acts as its user until it expires or is deleted. The key is shown once and not kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What the token is for.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=SHOWN, editable=False, help_text="The key's first characters.")
    read_only = models.BooleanField(
        default=False, help_text="The token reads what its user may read, and writes nothing."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Not accepted from then on; null = never expires."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="Exact to a minute.")

    class Meta:
        ordering = ["user__username", "name", "pk"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


def token_create(
    *, user: User, name: str, read_only: bool = False, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token and its key, which cannot be had again."""
    key = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, digest=digest(key), prefix=key[:SHOWN], read_only=read_only, expires_at=expires_at
    )
    return token, key


def token_of(key: str) -> ApiToken | None:
    """The token of this key if it is valid and its user active."""
    token = ApiToken.objects.select_related("user").filter(digest=digest(key)).first()
    return token if token and not token.expired and token.user.is_active else None


def token_used(token: ApiToken) -> None:
    """Remember the use, at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at <= now - _USE_INTERVAL:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
