"""What exec and logs ask of a pod before they start, in the words of the API server and the kubelet."""

from __future__ import annotations

from typing import Any

from lab.apiserver.errors import ApiError, bad_request, internal
from lab.apiserver.resources import Manifest


def container_of(pod: Manifest, asked: str) -> str:
    """The container that is meant. Raises ApiError 400."""
    name, spec = pod["metadata"]["name"], pod.get("spec") or {}
    containers, starters = _names(spec, "containers"), _names(spec, "initContainers")
    if asked:
        if asked not in [*containers, *starters, *_names(spec, "ephemeralContainers")]:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(containers) == 1:
        return containers[0]
    words = f"a container name must be specified for pod {name}"
    if containers:
        words += f", choose one of: [{' '.join(containers)}]"
        words += f" or one of the init containers: [{' '.join(starters)}]" if starters else ""
    raise bad_request(words)


def require_running(pod: Manifest, container: str) -> None:
    """Raises ApiError 400 (no node) or 500 (the kubelet finds no such running container)."""
    if not (pod.get("spec") or {}).get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    status = pod.get("status") or {}
    own = [item for item in status.get("containerStatuses") or () if item.get("name") == container]
    running = "running" in (own[0].get("state") or {"running": {}}) if own else True
    if status.get("phase") != "Running" or not running:
        raise not_running(container)


def not_running(container: str) -> ApiError:
    return internal(f'unable to upgrade connection: container not found ("{container}")', "InternalError")


def _names(spec: dict[str, Any], key: str) -> list[str]:
    return [str(container.get("name", "")) for container in spec.get(key) or ()]
