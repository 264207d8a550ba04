"""Short ways to write manifests."""

from __future__ import annotations

from typing import Any

from intent.kinds import KINDS
from lab.manifests import Manifest


def manifest(api_version: str, kind: str, name: str, namespace: str = "", **body: Any) -> Manifest:
    """Any object."""
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place}, **body}


def metallb(kind: str, name: str, spec: dict[str, Any], **labels: str) -> Manifest:
    """An object of MetalLB, its namespace left open."""
    written = manifest(KINDS[kind].api_version, kind, name, spec=spec)
    if labels:
        written["metadata"]["labels"] = labels
    return written
