"""What of a route is secret: the address, which may have a token in it, the key that signs, the token."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from alarms.models import Route
from clusters.connecting.sealing import seal, unseal

_SHORT = 3  # characters that are no secret
NOT_OPEN = "no key in BGPUI_CREDENTIAL_KEYS opens the route's address; give it anew, or add the key"


class Secrets(msgspec.Struct, frozen=True):
    """route: whose they are, so that one row's text is of no use in another."""

    route: str
    url: str = ""
    key: str = ""
    token: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What no message may have in it, the longest first."""
        parts = urlsplit(self.url)
        found = {self.url, self.key, self.token, parts.path.strip("/"), parts.query, *parts.path.split("/")}
        found |= {value for _, value in parse_qsl(parts.query)}
        return words_of(found)


def words_of(secret: Iterable[str]) -> tuple[str, ...]:
    """What is secret in the ways that an answer may repeat it, the longest first."""
    found = set(secret)
    found |= {unquote(word) for word in found}
    found |= {quote(word, safe="") for word in found} | {quote(word) for word in found}
    return tuple(sorted((word for word in found if len(word) > _SHORT), key=len, reverse=True))


def without(text: str, words: Iterable[str]) -> str:
    """The text with no such word in it, nor the beginning of one where the text was cut off."""
    for word in words:
        text = text.replace(word, "…")
        whole = text.removesuffix("…")
        begun = range(min(len(word), len(whole)), _SHORT, -1)
        text = next((f"{whole[:-size]}…" for size in begun if whole.endswith(word[:size])), text)
    return text


class ClosedError(Exception):
    """No key opens what is stored."""


def secrets_seal(route: Route, *, url: str, key: str, token: str) -> str:
    """For the row of this route. Raises NoKeyError."""
    return seal(msgspec.json.encode(Secrets(str(route.uid), url, key, token)))


def secrets_of(route: Route) -> Secrets:
    """What the row holds. Raises ClosedError."""
    if not route.sealed:
        return Secrets(str(route.uid))
    opened = unseal(route.sealed)
    if opened is None:
        raise ClosedError(NOT_OPEN)
    found = msgspec.json.decode(opened, type=Secrets)
    if found.route != str(route.uid):
        raise ClosedError(NOT_OPEN)
    return found


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
