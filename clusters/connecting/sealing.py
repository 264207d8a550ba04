"""Credentials of clusters, encrypted with keys that only the environment has (BGPUI_CREDENTIAL_KEYS)."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Model

from clusters.kube.connection import Access
from clusters.kube.errors import Unreachable
from clusters.models import Cluster, Credential

NO_KEY = "BGPUI_CREDENTIAL_KEYS is not set: credentials would be kept in clear."
MAKE_KEY = (
    "Set it, for all processes of bgpui, to what `manage.py rotate_keys --new` prints, and start them again; "
    "or name the cluster in BGPUI_CLUSTERS."
)
_SEALED: dict[type[Model], str] = {}


class NoKeyError(Exception):
    """There is no key to encrypt with."""


class _Sealed(msgspec.Struct, frozen=True):
    """cluster: whose it is, so that one row's text is of no use in another."""

    cluster: int
    access: Access


def has_key() -> bool:
    """Whether credentials can be kept."""
    return bool(settings.BGPUI_CREDENTIAL_KEYS)


def seal(text: bytes) -> str:
    """Encrypted with the first key. Raises NoKeyError."""
    if not has_key():
        raise NoKeyError
    return _keys(settings.BGPUI_CREDENTIAL_KEYS).encrypt(text).decode()


def unseal(sealed: str, *, seconds: int | None = None) -> bytes | None:
    """What was encrypted with any of the keys, None if it was not, or longer ago than `seconds`."""
    try:
        return _keys(settings.BGPUI_CREDENTIAL_KEYS).decrypt(sealed.encode(), ttl=seconds) if has_key() else None
    except InvalidToken:
        return None


def access_seal(cluster: Cluster, access: Access) -> str:
    """For the row of this cluster. Raises NoKeyError."""
    return seal(msgspec.json.encode({"cluster": cluster.pk, "access": asdict(access)}))


def access_of(credential: Credential) -> Access:
    """What the row holds. Raises Unreachable if no key opens it."""
    found = unseal(credential.sealed)
    sealed = None if found is None else msgspec.json.decode(found, type=_Sealed)
    if sealed is None or sealed.cluster != credential.cluster_id:
        raise Unreachable("no key in BGPUI_CREDENTIAL_KEYS opens the stored credentials; replace them, or add the key")
    return sealed.access


def is_current(sealed: str) -> bool:
    """Whether it is encrypted with the first key, so that the others may go."""
    try:
        return has_key() and bool(_keys(settings.BGPUI_CREDENTIAL_KEYS[:1]).decrypt(sealed.encode()))
    except InvalidToken:
        return False


def sealed_again(sealed: str) -> str | None:
    """The same, encrypted with the first key; "" = it is already, None = no key opens it."""
    if is_current(sealed):
        return ""
    try:
        return _keys(settings.BGPUI_CREDENTIAL_KEYS).rotate(sealed.encode()).decode()
    except InvalidToken:
        return None


def sealed_keep(model: type[Model], name: str) -> None:
    """Say that rows of a model have something in their column `sealed`. name: the column that people know them by."""
    _SEALED[model] = name


def sealed_models() -> dict[type[Model], str]:
    """All that have, with these columns."""
    return {Credential: "cluster__name", **_SEALED}


@lru_cache(maxsize=4)
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
