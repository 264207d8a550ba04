"""Open doors: one for each cluster and process."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from pathlib import Path

from django.conf import settings

from clusters.kube.client import Door
from clusters.models import Cluster

_lock = threading.Lock()
_doors: dict[tuple[int, str, str], tuple[float, Door]] = {}


def door_of(cluster: Cluster) -> Door:
    """The door to a cluster, opened anew after a fork or when the kubeconfig has changed. Raises KubeError."""
    path = Path(cluster.kubeconfig) if cluster.kubeconfig else None
    key = (os.getpid(), cluster.kubeconfig, cluster.context)
    changed_at = path.stat().st_mtime if path is not None and path.is_file() else 0.0
    with _lock:
        known = _doors.get(key)
        if known is not None and known[0] == changed_at:
            return known[1]
        door = Door(path, cluster.context or None, timeout=settings.BGPUI_API_TIMEOUT, digest_key=_digest_key())
        _doors[key] = (changed_at, door)
        return door


def door_renew(cluster: Cluster) -> None:
    """Let the next door to the cluster be opened anew, credentials and all; whoever uses this one may go on."""
    with _lock:
        _doors.pop((os.getpid(), cluster.kubeconfig, cluster.context), None)


def door_close(cluster: Cluster) -> None:
    """Close the door for good: whoever still asks through it is refused."""
    with _lock:
        known = _doors.pop((os.getpid(), cluster.kubeconfig, cluster.context), None)
    if known is not None:
        known[1].close()


def _digest_key() -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), b"bgpui inline passwords", hashlib.sha256).digest()
