"""One context of a kubeconfig that somebody sends: only what is written in it, nothing that it would read or run.

A kubeconfig may name files, programs and login services of the machine that it was made for (kubectl's own reference of
the format, "kubeconfig (v1)"). Here these would be files and programs of the server, chosen by whoever sends the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from clusters.api.documents import UnreadableError, read_documents
from clusters.connecting.access import FLAT, UnfitError, readable, server_of, shown
from clusters.kube.connection import Access
from clusters.words import bounded

LARGEST = 512 * 1024  # bytes
_MOST = 200  # contexts
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*-----END [A-Z ]+-----", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_](?:[-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?")
_KEPT = "bgpui keeps only what stands in the kubeconfig itself"
_ACCOUNT = (
    "Make a service account for bgpui, and put a token of it into the user, as `token`: "
    "`kubectl create token bgpui --duration=8760h`, or a Secret of type kubernetes.io/service-account-token."
)
_USER_REFUSED = {
    "exec": ("runs a program to log in", _ACCOUNT),
    "auth-provider": ("logs in through a provider's plugin", _ACCOUNT),
    "tokenFile": ("reads its token from a file", _ACCOUNT),
    "client-certificate": ("reads its certificate from a file", FLAT),
    "client-key": ("reads its key from a file", FLAT),
    "username": ("has a user name and a password, which API servers take no more since Kubernetes 1.19", _ACCOUNT),
    "password": ("has a user name and a password, which API servers take no more since Kubernetes 1.19", _ACCOUNT),
    "as": ("acts as somebody else", "Use credentials of the account itself."),
    "as-groups": ("acts as somebody else", "Use credentials of the account itself."),
    "as-uid": ("acts as somebody else", "Use credentials of the account itself."),
    "as-user-extra": ("acts as somebody else", "Use credentials of the account itself."),
}
_CLUSTER_REFUSED = {
    "certificate-authority": ("reads the server's certificate authority from a file", FLAT),
    "proxy-url": (
        "goes through a proxy",
        "Let the server be reachable from bgpui, or name the cluster in BGPUI_CLUSTERS, with a kubeconfig on its disk.",
    ),
}


@dataclass(frozen=True, slots=True)
class Context:
    """A context by its name, what can be shown of it, and what is taken of it, or why nothing is."""

    name: str
    server: str
    user: str
    access: Access | None
    refusal: UnfitError | None


def contexts_of(text: str, *, insecure: bool = False) -> tuple[list[Context], str]:
    """All contexts, and the name of the current one, "" = none. insecure: plain http and unchecked certificates pass.

    Raises UnfitError for a text that is no kubeconfig.
    """
    document = _document(text)
    named = {key: _named(document, key) for key in ("contexts", "clusters", "users")}
    found = [_context(name, entry, named, insecure=insecure) for name, entry in named["contexts"].items()]
    if not found:
        raise UnfitError("contexts", "The kubeconfig has no context.", FLAT)
    current = document.get("current-context")
    return found, current if isinstance(current, str) and current in named["contexts"] else ""


def chosen(contexts: list[Context], current: str, wanted: str) -> Access:
    """What is taken of the context of this name, "" = of the current or the only one. Raises UnfitError."""
    name = wanted or current or (contexts[0].name if len(contexts) == 1 else "")
    names = ", ".join(bounded(context.name, 60) for context in contexts[:20])
    if not name:
        raise UnfitError("context", "The kubeconfig has several contexts and none is current.", f"Name one of {names}.")
    found = next((context for context in contexts if context.name == name), None)
    if found is None:
        text = f"The kubeconfig has no context {bounded(name, 60)}."
        raise UnfitError("context", text, f"Name one of {names}.")
    if found.access is None:
        raise found.refusal or UnfitError("context", f"Context {bounded(name, 60)} cannot be used.", FLAT)
    return found.access


def _document(text: str) -> Mapping[str, Any]:
    try:
        documents = read_documents(text.encode("utf-8", "replace"), largest=LARGEST)
    except UnreadableError as error:
        where = f", line {error.line}" if error.line else ""  # its own text may quote what stands there
        raise UnfitError("kubeconfig", f"This is no YAML that is taken{where}.", FLAT) from None
    value = documents[0].value if len(documents) == 1 else None
    if not isinstance(value, Mapping) or value.get("kind", "Config") != "Config":
        raise UnfitError("kubeconfig", "This is no kubeconfig: one document of kind Config.", FLAT)
    return value


def _named(document: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    """The entries of a list by name; of those with the same name the first counts, as for kubectl."""
    entries = document.get(key)
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries[:_MOST] if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            inner = entry.get(key.removesuffix("s"))
            found.setdefault(entry["name"], inner if isinstance(inner, Mapping) else {})
    return found


def _context(name: str, entry: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]], *, insecure: bool) -> Context:
    where, who = str(entry.get("cluster", "")), str(entry.get("user", ""))
    server = str(named["clusters"].get(where, {}).get("server", ""))
    access, refusal = None, None
    try:
        cluster = _part(named, "clusters", where, f"Context {bounded(name, 60)} names a cluster that is not there.")
        user = _part(named, "users", who, f"Context {bounded(name, 60)} names a user that is not there.")
        _refuse(cluster, _CLUSTER_REFUSED, "cluster")
        _refuse(user, _USER_REFUSED, "user")
        access = _access(cluster, user, insecure=insecure)
    except UnfitError as error:
        refusal = error
    return Context(name, shown(server), bounded(who, 100), access, refusal)


def _part(named: Mapping[str, Mapping[str, Any]], key: str, name: str, without: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = named[key].get(name)
    if found is None:
        raise UnfitError(key, without, FLAT)
    return found


def _refuse(entry: Mapping[str, Any], refused: Mapping[str, tuple[str, str]], what: str) -> None:
    for field, (reason, way_out) in refused.items():
        if entry.get(field):
            raise UnfitError(f"{what}.{field}", f"`{what}.{field}`: the {what} {reason}. {_KEPT}.", way_out)


def _access(cluster: Mapping[str, Any], user: Mapping[str, Any], *, insecure: bool) -> Access:
    unchecked = cluster.get("insecure-skip-tls-verify") is True
    if unchecked and not insecure:
        text = "`cluster.insecure-skip-tls-verify`: whoever stands between would get the credentials."
        way_out = "Give the authority in certificate-authority-data, or allow it for all in BGPUI_INSECURE_CLUSTERS."
        raise UnfitError("cluster.insecure-skip-tls-verify", text, way_out)
    token = _text(user, "user", "token")
    certificate = _pem(user, "user", "client-certificate-data")
    key = _pem(user, "user", "client-key-data")
    if bool(certificate) != bool(key):
        text = "`user`: a client certificate takes client-certificate-data and client-key-data, and one is missing."
        raise UnfitError("user", text, FLAT)
    if not token and not certificate:
        raise UnfitError("user", "The user has neither a token nor a client certificate.", _ACCOUNT)
    if not all(" " < letter <= "~" for letter in token):
        raise UnfitError("user.token", "`user.token`: a token is one word of printable ASCII.", _ACCOUNT)
    access = Access(
        server=server_of(_text(cluster, "cluster", "server"), insecure=insecure),
        ca="" if unchecked else _pem(cluster, "cluster", "certificate-authority-data"),
        tls_name=_tls_name(cluster),
        insecure=unchecked,
        token=token,
        certificate=certificate,
        key=key,
    )
    readable(access)
    return access


def _tls_name(cluster: Mapping[str, Any]) -> str:
    """A DNS name (RFC 1123; underscores pass), or an IP address."""
    name = _text(cluster, "cluster", "tls-server-name")
    if not name or (len(name) <= 253 and all(map(_LABEL.fullmatch, name.split(".")))):
        return name
    try:
        return str(ip_address(name))
    except ValueError:
        field, way_out = "cluster.tls-server-name", "Give a name that the server's certificate has, or leave it out."
        rule = "a DNS name has labels of 1 to 63 letters, digits and hyphens, 253 characters in all"
        raise UnfitError(field, f"`{field}` is {bounded(name, 60)}: {rule}.", way_out) from None


def _text(entry: Mapping[str, Any], what: str, field: str) -> str:
    value = entry.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnfitError(f"{what}.{field}", f"`{what}.{field}` is no text.", FLAT)
    return value.strip()


def _pem(entry: Mapping[str, Any], what: str, field: str) -> str:
    value = "".join(_text(entry, what, field).split())
    try:
        text = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = "?"
    if text and not _PEM.search(text):
        raise UnfitError(f"{what}.{field}", f"`{what}.{field}` is no base64 of a PEM text.", FLAT)
    return text
