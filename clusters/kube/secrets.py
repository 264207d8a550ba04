"""Secrets at the door: written without being read, and looked at for facts, never for values."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clusters.kube import redact
from clusters.kube.errors import KubeError, NotFound
from clusters.kube.kinds import SECRETS, path
from clusters.kube.transport import Object, Objects
from clusters.kube.writing import APPLY, FIELD_MANAGER, MERGE, writing

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class SecretDoor:
    """What may be done with Secrets of one API server. Every method may raise a KubeError."""

    def __init__(self, request: Callable[..., Object]) -> None:
        self._request = request

    def secret_write(self, namespace: str, name: str, password: str, *, force: bool = False) -> None:
        """Create or renew a kubernetes.io/basic-auth Secret without reading it; ManagerConflict if it is another's.

        force: take the password over from whoever changed it since.
        """
        metadata = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": FIELD_MANAGER}}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/basic-auth"}
        query = writing() | ({"force": "true"} if force else {})
        with _unquoted(password) as encoded:
            filled = body | {"data": {"password": encoded}}
            self._request("PATCH", path(SECRETS, namespace, name), query, filled, APPLY)

    def secret_renew(self, namespace: str, name: str, password: str) -> None:
        """Put a new password into a Secret that exists (NotFound), whoever wrote it, without reading it."""
        with _unquoted(password) as encoded:
            patch = {"data": {"password": encoded}}
            self._request("PATCH", path(SECRETS, namespace, name), writing(), patch, MERGE)

    def secret_list(self, namespace: str, secret_type: str) -> Objects:
        """The metadata of the first 500 Secrets of a type; their values are not asked for, so they are not even sent.

        Forms of lists: Kubernetes API concepts, "Receiving resources as Tables" and "Metadata-only fetches".
        """
        query = {"fieldSelector": f"type={secret_type}", "limit": "500"}
        found: Objects = self._request("GET", path(SECRETS, namespace), query, accept=_METADATA).get("items") or []
        return [redact.strip(item, b"") for item in found]

    def secret_fact(self, namespace: str, name: str) -> Object | None:
        """What may be known of a Secret: type, has_password, length_ok, trailing_newline; None if it does not exist."""
        try:
            secret = self._request("GET", path(SECRETS, namespace, name))
        except NotFound:
            return None
        password = _decoded(secret)
        return {
            "type": str(secret.get("type", ""))[:253],
            "has_password": password is not None,
            "length_ok": password is not None and 1 <= len(password) <= 80,
            "trailing_newline": password is not None and password.endswith(b"\n"),
        }


@contextmanager
def _unquoted(password: str) -> Iterator[str]:
    """The password as a Secret holds it; neither form is in the words of an error that comes of sending it."""
    encoded = base64.b64encode(password.encode()).decode()
    try:
        yield encoded
    except KubeError as error:
        words = error.message
        for secret in (encoded, password):
            words = words.replace(secret, "…")
        error.message, error.args = words, (words,)
        raise error from None  # the cause's own text still has it


def _decoded(secret: Object) -> bytes | None:
    encoded = (secret.get("data") or {}).get("password")
    return base64.b64decode(encoded) if isinstance(encoded, str) else None
