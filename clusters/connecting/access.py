"""What is taken of a kubeconfig, judged before anything connects with it: address, certificates, key and token."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from clusters.hosts import stands_for_none
from clusters.kube.connection import Access
from clusters.words import bounded

_NO_SERVER = "no API server is at such an address", "Give the address or name that clients of the cluster use."
FLAT = "Send what `kubectl config view --raw --flatten --minify` prints: that has the files in it."


class UnfitError(ValueError):
    """What was sent is not taken. field: its path, without any value; way_out: what to do."""

    def __init__(self, field: str, text: str, way_out: str) -> None:
        super().__init__(text)
        self.field, self.text, self.way_out = field, text, way_out


def server_of(server: str, *, insecure: bool) -> str:
    """The address, if it may be one of an API server. insecure: plain http passes. Raises UnfitError."""
    for reason, way_out in _faults(server, insecure=insecure):
        raise UnfitError("cluster.server", f"`cluster.server`: {reason}.", way_out)
    return server.rstrip("/")


def _faults(server: str, *, insecure: bool) -> Iterator[tuple[str, str]]:
    form = "Give it as https://host:6443."
    try:
        parts = urlsplit(server)
        odd = not parts.hostname or parts.port == 0
    except ValueError:
        yield "it is no address", form
        return
    if parts.scheme not in ("https", "http") or odd or not server.isprintable() or " " in server:
        yield "it is no address of an API server", form
        return
    if parts.username is not None or parts.query or parts.fragment:
        yield "it has more than host, port and path", form
    if parts.scheme == "http" and not insecure:
        yield "plain http would send the credentials in the clear", "Use https, or set BGPUI_INSECURE_CLUSTERS."
    if stands_for_none(parts.hostname or "", resolve=False):
        yield _NO_SERVER


def reachable(access: Access) -> None:
    """Raises UnfitError if the name of the server stands for an address where none can be; asks the resolver."""
    if stands_for_none(urlsplit(access.server).hostname or "", resolve=True):
        reason, way_out = _NO_SERVER
        raise UnfitError("cluster.server", f"`cluster.server`: {reason}.", way_out)


def shown(server: str) -> str:
    """An address for people, without what may be a password in it."""
    head, at, tail = server.rpartition("@")
    return bounded(f"{head.partition('//')[0]}//…@{tail}" if at else server, 200)


def readable(access: Access) -> None:
    """Raises UnfitError for certificates and keys that no TLS library reads, or that do not belong together."""
    fields = (("cluster.certificate-authority-data", access.ca), ("user.client-certificate-data", access.certificate))
    for field, text in fields:
        try:
            found = load_pem_x509_certificates(text.encode()) if text else []
        except ValueError:
            raise UnfitError(field, f"`{field}` has no certificate that can be read.", FLAT) from None
    if access.key:
        field = "user.client-key-data"
        try:
            belongs = load_pem_private_key(access.key.encode(), None).public_key() == found[0].public_key()
        except (ValueError, TypeError):
            raise UnfitError(field, f"`{field}` has no key that can be read without a passphrase.", FLAT) from None
        except UnsupportedAlgorithm:
            text = f"`{field}`: the key, or that of client-certificate-data, is of a kind that cannot be read."
            raise UnfitError(field, text, "Use an RSA key, or one on the curve P-256.") from None
        if not belongs:
            raise UnfitError(field, f"`{field}` does not belong to client-certificate-data.", FLAT)


def expires_at(access: Access) -> datetime | None:
    """When the credentials end, as they say themselves: a certificate, or a token that is a JWT (RFC 7519)."""
    if access.certificate:
        return load_pem_x509_certificates(access.certificate.encode())[0].not_valid_after_utc
    parts = access.token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        end = claims.get("exp")
        return datetime.fromtimestamp(end, UTC) if isinstance(end, int) and not isinstance(end, bool) else None
    except (ValueError, AttributeError, OverflowError, OSError, RecursionError):
        return None
