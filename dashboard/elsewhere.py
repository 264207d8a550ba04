"""What the search of the header finds besides sessions: services by name or address, pools and nodes by an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse

from clusters.models import Node, Service
from clusters.selectors import resource_list
from clusters.words import counted
from pools.loadbalancers.selectors import services_matching
from pools.models import IPAddressPool
from pools.selectors import pools_matching
from speakers.frr.commands import ArgumentError, prefix_argument

_SHOWN = 10
_WORDS = 5
User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class Hit:
    """One object. told: its addresses, the first few."""

    kind: str
    cluster: str
    namespace: str
    name: str
    told: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True)
class Hits:
    """Objects of one kind; more: whether there are others, which `href` lists."""

    label: str
    noun: str
    found: tuple[Hit, ...]
    more: bool
    href: str


def found_words(hits: list[Hits]) -> str:
    """How much was found, "1 service and 2 pools"; "" for nothing."""
    return " and ".join(
        f"{'more than ' if one.more else ''}{counted(len(one.found), one.noun)}" for one in hits if one.found
    )


def elsewhere(user: User, words: str, cluster: str = "") -> list[Hits]:
    """What the words mean, as far as the user may see it: four queries; [] for no words or nothing found."""
    wanted = " ".join(words.split()[:_WORDS])
    if not wanted:
        return []
    hits = []
    if user.has_perm("clusters.view_service"):  # type: ignore[union-attr]  # Django's users have it
        hits.append(_services(wanted, cluster))
    if user.has_perm("pools.view_ipaddresspool"):  # type: ignore[union-attr]
        hits.append(_pools(wanted, cluster))
    if user.has_perm("clusters.view_node"):  # type: ignore[union-attr]
        hits.append(_nodes(wanted, cluster))
    return [one for one in hits if one.found]


def prefix_of(words: str) -> str:
    """The address or prefix that the words are, for a look into FRR's tables; "" = they are none."""
    try:
        return prefix_argument(words)
    except ArgumentError:
        return ""


def _nodes(words: str, cluster: str) -> Hits:
    """By an address alone: by its name a node is found with its sessions."""
    wanted = prefix_of(words)
    if not wanted:
        return Hits("Nodes", "node", (), more=False, href="")
    rows = Node.objects.alias(text=Cast("addresses", TextField())).filter(text__contains=f'"{wanted}"')
    rows = rows.filter(**({"cluster__name": cluster} if cluster else {}))
    found = list(rows.select_related("cluster").order_by("name", "cluster__name")[: _SHOWN + 1])
    shown = tuple(
        Hit("Node", row.cluster.name, "", row.name, tuple(row.addresses[:3]), row.get_absolute_url())
        for row in found[:_SHOWN]
    )
    return Hits("Nodes", "node", shown, len(found) > _SHOWN, _list("nodes", words, cluster))


def _services(words: str, cluster: str) -> Hits:
    rows = services_matching(words).filter(**({"cluster__name": cluster} if cluster else {}))
    found = list(rows.order_by("name", "namespace", "cluster__name")[: _SHOWN + 1])
    shown, more = tuple(map(_service, found[:_SHOWN])), len(found) > _SHOWN
    return Hits("Services", "service", shown, more, _list("services", words, cluster))


def _service(row: Service) -> Hit:
    told = tuple(row.addresses[:3])
    return Hit("Service", row.cluster.name, row.namespace, row.name, told, row.get_absolute_url())


def _pools(words: str, cluster: str) -> Hits:
    rows = pools_matching(resource_list("IPAddressPool").defer("base", "live", "findings"), words)
    rows = rows.filter(**({"cluster__name": cluster} if cluster else {}))
    found = list(rows.order_by("name", "namespace", "cluster__name")[: _SHOWN + 1])
    shown, more = tuple(_pool(cast("IPAddressPool", row)) for row in found[:_SHOWN]), len(found) > _SHOWN
    return Hits("Pools", "pool", shown, more, _list("pools", words, cluster))


def _pool(row: IPAddressPool) -> Hit:
    told = tuple(str(entry) for entry in (row.addresses or ())[:3])
    return Hit("IPAddressPool", row.cluster.name, row.namespace, row.name, told, row.get_absolute_url())


def _list(page: str, words: str, cluster: str) -> str:
    return f"{reverse(page)}?{urlencode({'q': words} | ({'cluster': cluster} if cluster else {}))}"
