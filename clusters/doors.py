"""Open doors: one for each cluster and process."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from pathlib import Path

from django.conf import settings

from clusters.connecting.sealing import access_of
from clusters.kube.client import Door
from clusters.kube.connection import Access
from clusters.kube.errors import Unreachable
from clusters.models import Cluster, Credential

_Key = tuple[int, str, str, str]
_lock = threading.Lock()
_doors: dict[_Key, tuple[float, Door]] = {}


def door_of(cluster: Cluster) -> Door:
    """The door to a cluster, opened anew after a fork or with other credentials. Raises KubeError."""
    path = Path(cluster.kubeconfig) if cluster.kubeconfig else None
    changed_at = path.stat().st_mtime if path is not None and path.is_file() else 0.0
    with _lock:
        known = _doors.get(_key(cluster))
        if known is not None and known[0] == changed_at:
            return known[1]
    door = door_open(_stored(cluster) if cluster.credential_id else path, cluster.context)
    with _lock:
        known = _doors.get(_key(cluster))
        if known is not None and known[0] == changed_at:  # somebody was faster
            return known[1]
        _doors[_key(cluster)] = (changed_at, door)
        return door


def door_open(source: Path | Access | None, context: str = "") -> Door:
    """A door that nobody else uses. Raises KubeError."""
    return Door(source, context or None, timeout=settings.BGPUI_API_TIMEOUT, digest_key=_digest_key())


def door_renew(cluster: Cluster) -> None:
    """Let the next door to the cluster be opened anew, credentials and all; whoever uses this one may go on."""
    with _lock:
        _doors.pop(_key(cluster), None)


def door_close(cluster: Cluster) -> None:
    """Close the door for good: whoever still asks through it is refused."""
    with _lock:
        known = _doors.pop(_key(cluster), None)
    if known is not None:
        known[1].close()


def _key(cluster: Cluster) -> _Key:
    return os.getpid(), cluster.kubeconfig, cluster.context, cluster.credential_id


def _stored(cluster: Cluster) -> Access:
    credential = Credential.objects.filter(cluster_id=cluster.pk).first()
    if credential is None:
        raise Unreachable("its credentials were removed")
    return access_of(credential)


def _digest_key() -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), b"bgpui inline passwords", hashlib.sha256).digest()
