"""A kubeconfig on its way from one page to the next: what could be taken of it, encrypted, for one user and a while."""

from __future__ import annotations

from typing import Any

import msgspec

from clusters.connecting.access import UnfitError
from clusters.connecting.kubeconfig import Context
from clusters.connecting.sealing import seal, unseal
from clusters.kube.connection import Access

_SECONDS = 15 * 60


class _Carried(msgspec.Struct, frozen=True):
    user: int
    contexts: dict[str, Access]


def carried(user: Any, contexts: list[Context]) -> str:
    """Of these contexts what is taken, for the next page. Raises NoKeyError."""
    kept = {context.name: context.access for context in contexts if context.access is not None}
    return seal(msgspec.json.encode(_Carried(user.pk, kept)))


def brought(user: Any, sealed: str) -> dict[str, Access]:
    """What an earlier page of the same user carried. Raises UnfitError."""
    opened = unseal(sealed, seconds=_SECONDS)
    found = None if opened is None else _read(opened)
    if found is None or found.user != user.pk:
        minutes = _SECONDS // 60
        text = f"What was sent is kept for {minutes} minutes, for whoever sent it, and is not to be had any more."
        raise UnfitError("kubeconfig", text, "Send the kubeconfig once more.")
    return found.contexts


def _read(opened: bytes) -> _Carried | None:
    try:
        return msgspec.json.decode(opened, type=_Carried)
    except msgspec.DecodeError:  # something else that the same keys encrypt
        return None
