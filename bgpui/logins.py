"""Tries to log in: who fails again and again waits, longer each time (docs/security.md)."""

from __future__ import annotations

import logging
from ipaddress import IPv6Address, ip_address, ip_network

import redis
from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac

from clusters.limits import Tries

log = logging.getLogger(__name__)
_HOUR = 3600
# Of a name from an address; of a name from wherever, and of an address whatever the name: these many people may share.
_PAIR = {"free": 4, "first": 30, "longest": 900, "kept": _HOUR}
_SHARED = {"free": 30, "first": 30, "longest": 60, "kept": _HOUR}
_NET = 64  # bits of an IPv6 address that whoever has one has all of


class Attempt:
    """A try with a name, from an address; None = not known. Without Redis nobody waits: nothing is counted then."""

    def __init__(self, name: str, address: str | None) -> None:
        self.name, self.address = User.normalize_username(name.strip()), address
        net = _net(address)
        self._pair = Tries(_digest("pair", self.name, net), **_PAIR)
        shared = [_digest("name", self.name), *([_digest("address", net)] if net else [])]
        self._shared = [Tries(one, **_SHARED) for one in shared]

    def begin(self) -> int:
        """Count it; how many seconds it is too early by, 0 = the password may be looked at."""
        begun = list[Tries]()
        try:
            for tries in (self._pair, *self._shared):
                if wait := tries.begin():
                    for one in begun:
                        one.take_back()
                    log.warning("a login of %s from %s is refused for %d s", self._told, self.address, wait)
                    return wait
                begun.append(tries)
        except redis.RedisError as error:
            log.warning("logins are not counted: %s", error)
        return 0

    def failed(self) -> None:
        """Name and password do not match."""
        log.warning("a login of %s from %s failed", self._told, self.address)

    def succeeded(self) -> None:
        """They do: what this name has failed by from this address is forgotten."""
        try:
            self._pair.forget()
            for tries in self._shared:
                tries.take_back()
        except redis.RedisError as error:
            log.warning("logins are not counted: %s", error)

    @property
    def _told(self) -> str:
        """The name, if it is one: people type passwords into that field, too."""
        return repr(self.name) if User.objects.filter(username=self.name).exists() else "an unknown name"


def _net(address: str | None) -> str:
    """Whom it stands for, "" = not known."""
    found = ip_address(address) if address is not None else None
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, _NET), strict=False))
    return str(found or "")


def _digest(*parts: str) -> str:
    """What is counted, without what was typed."""
    return salted_hmac("bgpui.logins", "\n".join(parts)).hexdigest()
