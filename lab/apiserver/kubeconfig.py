"""A kubeconfig for the lab, as kubectl and the official clients read it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml


def kubeconfig(url: str, token: str, ca: bytes | None = None, name: str = "lab", namespace: str = "") -> dict[str, Any]:
    """A kubeconfig with one context `name`. `ca` is the PEM of the authority, None for plain http."""
    authority = {"certificate-authority-data": base64.b64encode(ca).decode()} if ca else {}
    context = {"cluster": name, "user": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, **authority}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
        "preferences": {},
    }


def write_kubeconfig(
    path: Path, url: str, token: str, ca: bytes | None = None, name: str = "lab", namespace: str = ""
) -> Path:
    """Write it for the owner's eyes only, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.touch(mode=0o600)
    part.write_text(yaml.safe_dump(kubeconfig(url, token, ca, name, namespace), sort_keys=False))
    part.replace(path)
    return path
