"""What is taken of a kubeconfig that somebody sends. Its fields: Kubernetes' reference of "kubeconfig (v1)"."""

from __future__ import annotations

import base64
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clusters.connecting.access import UnfitError, expires_at, reachable
from clusters.connecting.kubeconfig import chosen, contexts_of
from clusters.kube.connection import Access, Connection, load

END = datetime(2030, 1, 2, tzinfo=UTC)


def certificate() -> tuple[str, str]:
    """A client certificate that ends at END, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bgpui")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(END - timedelta(days=1)).not_valid_after(END)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def on_unknown_curve(text: str) -> str:
    """The same with the object identifier of prime239v2 instead of prime256v1 (RFC 3279, 2.3.5)."""
    der = ssl.PEM_cert_to_DER_cert(text)
    return ssl.DER_cert_to_PEM_cert(der.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030105")))


CERTIFICATE, KEY = certificate()
UNKNOWN_CURVE = on_unknown_curve(CERTIFICATE)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **more: Any) -> str:
    """One context `east` with a token, changed."""
    server = {"server": "https://east.example:6443", "certificate-authority-data": encoded(CERTIFICATE)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "east",
        "contexts": [{"name": "east", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": server | (cluster or {})}],
        "users": [{"name": "u", "user": {"token": "s3cret-token"} if user is None else user}],
    }
    return yaml.safe_dump(document | more)


def taken(text: str, context: str = "", *, insecure: bool = False) -> Access:
    return chosen(*contexts_of(text, insecure=insecure), context)


def test_only_the_chosen_context_is_taken_and_certificates_stay_in_memory() -> None:
    others = [{"name": "west", "context": {"cluster": "c", "user": "w"}}]
    entries = yaml.safe_load(kubeconfig())
    entries["contexts"] += others
    entries["users"] += [
        {"name": "w", "user": {"client-certificate-data": encoded(CERTIFICATE), "client-key-data": encoded(KEY)}}
    ]
    text = yaml.safe_dump(entries)
    assert taken(text) == Access("https://east.example:6443", CERTIFICATE, token="s3cret-token")
    west = taken(text, "west")
    assert west == Access("https://east.example:6443", CERTIFICATE, certificate=CERTIFICATE, key=KEY)
    assert expires_at(west) == END
    configuration = load(west, None)
    assert str(configuration.key_file).startswith("/proc/self/fd/")
    assert Path(str(configuration.key_file)).read_text() == KEY
    assert Connection(configuration).tls() is not None
    assert KEY not in repr(west)
    assert "s3cret" not in repr(taken(text))


@pytest.mark.parametrize(
    ("cluster", "user", "field"),
    [
        ({}, {"exec": {"command": "touch", "args": ["{ran}"]}}, "user.exec"),
        ({}, {"token": "t", "exec": {"command": "touch", "args": ["{ran}"]}}, "user.exec"),
        ({}, {"auth-provider": {"name": "oidc"}}, "user.auth-provider"),
        ({}, {"tokenFile": "/etc/hostname"}, "user.tokenFile"),
        ({}, {"client-certificate": "/etc/hostname", "client-key": "/etc/hostname"}, "user.client-certificate"),
        ({}, {"username": "admin", "password": "s3cret"}, "user.username"),
        ({}, {"token": "t", "as": "root"}, "user.as"),
        ({}, {}, "user"),
        ({}, {"token": "two words"}, "user.token"),
        ({}, {"token": ["s3cret"]}, "user.token"),
        ({}, {"client-certificate-data": encoded(CERTIFICATE)}, "user"),
        (
            {},
            {"client-certificate-data": encoded(CERTIFICATE), "client-key-data": encoded(certificate()[1])},
            "user.client-key-data",
        ),
        ({}, {"client-certificate-data": "s3cret", "client-key-data": encoded(KEY)}, "user.client-certificate-data"),
        ({"certificate-authority": "/etc/hostname"}, None, "cluster.certificate-authority"),
        ({"certificate-authority-data": encoded("-----BEGIN X-----\n-----END X-----")}, None,
         "cluster.certificate-authority-data"),
        ({"proxy-url": "http://127.0.0.1:3128"}, None, "cluster.proxy-url"),
        ({"insecure-skip-tls-verify": True}, None, "cluster.insecure-skip-tls-verify"),
        ({"server": "http://east.example"}, None, "cluster.server"),
        ({"server": "https://user:s3cret@east.example"}, None, "cluster.server"),
        ({"server": "https://east.example/?q=1"}, None, "cluster.server"),
        ({"server": "https://169.254.169.254"}, None, "cluster.server"),
        ({"server": "https://[::ffff:169.254.169.254]"}, None, "cluster.server"),
        ({"server": "https://[fe80::1]:6443"}, None, "cluster.server"),
        ({"server": "https://0.0.0.0"}, None, "cluster.server"),
        ({"server": "https://2852039166"}, None, "cluster.server"),
        ({"server": "https://0xA9FEA9FE"}, None, "cluster.server"),
        ({"server": "https://[fd00:ec2::254]"}, None, "cluster.server"),
        ({"tls-server-name": ".x"}, None, "cluster.tls-server-name"),
        ({"tls-server-name": "x" * 300}, None, "cluster.tls-server-name"),
        ({"tls-server-name": "é..b"}, None, "cluster.tls-server-name"),
        ({}, {"client-certificate-data": encoded(UNKNOWN_CURVE), "client-key-data": encoded(KEY)},
         "user.client-key-data"),
        ({"server": "file:///etc/passwd"}, None, "cluster.server"),
        ({"server": ""}, None, "cluster.server"),
    ],
)  # fmt: skip
def test_what_would_read_run_or_lead_astray_is_refused_with_the_way_out(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any] | None, field: str
) -> None:
    ran = tmp_path / "ran"
    with pytest.raises(UnfitError) as refused:
        taken(kubeconfig(cluster, user).replace("{ran}", str(ran)))
    assert refused.value.field == field
    assert refused.value.way_out
    assert "s3cret" not in f"{refused.value.text}{refused.value.way_out}"
    assert not ran.exists()


@pytest.mark.parametrize("cluster", [{"server": "http://east.example"}, {"insecure-skip-tls-verify": True}])
def test_what_is_insecure_passes_if_the_settings_say_so(cluster: dict[str, Any]) -> None:
    assert taken(kubeconfig(cluster), insecure=True).server.endswith(
        "//east.example" if "server" in cluster else "6443"
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("s3cret: [", "kubeconfig"),
        ("- s3cret", "kubeconfig"),
        ("kind: Secret", "kubeconfig"),
        ("a: &a [1]\n" + "".join(f"b{n}: &b{n} [{', '.join(['*a'] * 9)}]\n" for n in range(9)), "contexts"),
        ("x" * 600_000, "kubeconfig"),
        ("kind: Config", "contexts"),
        (kubeconfig(clusters=[]), "clusters"),
        (kubeconfig(users=[]), "users"),
        (kubeconfig(contexts=[{"name": "a"}, {"name": "b"}]), "context"),
    ],
)
def test_what_is_no_kubeconfig_is_refused(text: str, field: str) -> None:
    with pytest.raises(UnfitError) as refused:
        taken(text)
    assert refused.value.field == field
    assert "s3cret" not in refused.value.text


def test_each_context_is_listed_with_the_reason_why_it_cannot_be_taken() -> None:
    entries = yaml.safe_load(kubeconfig())
    entries["contexts"] += [{"name": "eks", "context": {"cluster": "c", "user": "aws"}}]
    entries["users"] += [{"name": "aws", "user": {"exec": {"command": "aws"}}}]
    found, current = contexts_of(yaml.safe_dump(entries))
    assert current == "east"
    assert [(context.name, context.refusal is None) for context in found] == [("east", True), ("eks", False)]
    with pytest.raises(UnfitError, match="no context nowhere"):
        chosen(found, current, "nowhere")


def test_the_end_of_a_token_is_read_from_it() -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 1893542400}').decode().rstrip("=")
    assert expires_at(Access("https://x", token=f"e30.{claims}.sig")) == END
    for token in ("opaque", "a.b.c", f"e30.{base64.urlsafe_b64encode(b'[]').decode()}.x"):
        assert expires_at(Access("https://x", token=token)) is None


def test_a_name_that_stands_for_a_metadata_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(UnfitError, match="no API server is at such an address"):
        reachable(Access("https://innocent.example:6443"))


@pytest.mark.parametrize("name", ["localhost", "10.0.0.1", "fd00::1", "kubernetes.default.svc"])
def test_names_and_addresses_are_names_of_servers(name: str) -> None:
    assert taken(kubeconfig({"tls-server-name": name})).tls_name == name
