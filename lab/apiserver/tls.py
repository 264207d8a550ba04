"""A certificate authority and a server certificate for the lab: kubectl sends a bearer token over https only."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=825)
_NO_OTHER_USE = dict.fromkeys(
    ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
     "encipher_only", "decipher_only"),
    False,
)  # fmt: skip
_RENEWAL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Identity:
    """PEM texts; `chain` is the server certificate."""

    ca: bytes
    chain: bytes
    key: bytes

    def context(self) -> ssl.SSLContext:
        """For a server; Python reads keys from files only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.num_tickets = 0  # no client of ours resumes a session; tickets would only cost
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "server.pem")
            path.touch(mode=0o600)
            path.write_bytes(self.key + self.chain)
            context.load_cert_chain(path)
        return context


def identity(folder: Path | None, hosts: tuple[str, ...]) -> Identity:
    """The identity kept in `folder`, so that a kubeconfig outlives a restart; a new one if none is valid."""
    paths = [folder / name for name in ("ca.crt", "apiserver.crt", "apiserver.key")] if folder else []
    if paths and all(path.exists() for path in paths):
        kept = Identity(*(path.read_bytes() for path in paths))
        if x509.load_pem_x509_certificate(kept.chain).not_valid_after_utc > datetime.now(UTC) + _RENEWAL:
            return kept
    made = _made(hosts)
    for path, content in zip(paths, (made.ca, made.chain, made.key), strict=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    return made


def _made(hosts: tuple[str, ...]) -> Identity:
    authority = Authority("lab-ca")
    chain, key = authority.issue("lab-apiserver", hosts)
    return Identity(authority.pem, chain, key)


class Authority:
    """A certificate authority that lives as long as this object; `pem` is what others must trust."""

    def __init__(self, name: str) -> None:
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _name(name)
        signed = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **_NO_OTHER_USE), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = signed.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, hosts: tuple[str, ...] = (), organization: str = "") -> tuple[bytes, bytes]:
        """Certificate and key as PEM, for a server at these hosts and for the client of this name.

        organization: the group that Kubernetes puts the client in.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [_general_name(host) for host in dict.fromkeys(("localhost", "127.0.0.1", "::1", *hosts))]
        )
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        leaf = (
            _builder(_name(name, organization), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return leaf.public_bytes(serialization.Encoding.PEM), private


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(hours=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + _LIFETIME)


def _name(common_name: str, organization: str = "") -> x509.Name:
    group = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*group, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
