"""Settings from the environment: every name that begins with BGPUI_ is known, or the start fails."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet
from environs import Env

PREFIX = "BGPUI_"
_FILE = "_FILE"
_CLUSTER_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


class SettingError(Exception):
    """A setting is unknown or malformed; the text names it, its value's fault and the way out."""


@dataclass(frozen=True, slots=True)
class ClusterSetting:
    """A cluster named in BGPUI_CLUSTERS; an empty kubeconfig means the service account of the own pod."""

    name: str
    kubeconfig: str
    context: str


def parse_clusters(text: str) -> tuple[ClusterSetting, ...]:
    """Parse `name=path[#context]` or `name=in-cluster`, separated by commas.

    Raises SettingError for a bad or repeated name or a missing file.
    """
    clusters: dict[str, ClusterSetting] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, separator, target = entry.partition("=")
        if not separator or not _CLUSTER_NAME.fullmatch(name) or not target:
            raise SettingError(f"BGPUI_CLUSTERS: {entry!r} is not name=kubeconfig[#context] or name=in-cluster")
        if name in clusters:
            raise SettingError(f"BGPUI_CLUSTERS: {name!r} is named twice")
        path, _, context = target.partition("#")
        if path == "in-cluster":
            path = ""
        elif not Path(path).is_file():
            raise SettingError(f"BGPUI_CLUSTERS: {path!r}, the kubeconfig of {name!r}, is not a file")
        clusters[name] = ClusterSetting(name=name, kubeconfig=path, context=context)
    return tuple(clusters.values())


def parse_keys(keys: list[str]) -> tuple[str, ...]:
    """Fernet keys, the one to encrypt with first. Raises SettingError, which never quotes one."""
    found = tuple(filter(None, (key.strip() for key in keys)))
    for number, key in enumerate(found, 1):
        try:
            Fernet(key)
        except ValueError as error:
            text = f"BGPUI_CREDENTIAL_KEYS: key {number} of {len(found)} is none: 32 bytes in URL-safe base64"
            raise SettingError(f"{text}. Make one with `manage.py rotate_keys --new`.") from error
    return found


def known_names(names: list[str], clusters: tuple[ClusterSetting, ...]) -> frozenset[str]:
    """Names of clusters that are set up. Raises SettingError for another: a right must not hang on a typo."""
    found = frozenset(filter(None, (name.strip() for name in names)))
    unknown = sorted(found - {cluster.name for cluster in clusters})
    if unknown:
        raise SettingError(f"BGPUI_TEST_WORKLOADS: {', '.join(unknown)} is not in BGPUI_CLUSTERS")
    return found


_MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class MailServer(NamedTuple):
    """Django's settings of one."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def mail_server(url: str) -> MailServer:
    """A mail server from `smtps://user:password@host:port`; "" = there is none.

    Raises SettingError, which never quotes it.
    """
    told = f"BGPUI_EMAIL_URL: must be {', '.join(f'{scheme}://' for scheme in _MAIL_PORTS)}, each with host"
    try:
        parts = urlsplit(url)
        port = parts.port or _MAIL_PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise SettingError(f"{told} and port.") from error
    if url and (parts.scheme not in _MAIL_PORTS or not parts.hostname or parts.path.strip("/")):
        raise SettingError(f"{told}, user and password escaped as in URLs.")
    return MailServer(
        host=parts.hostname or "",
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+starttls",
        tls=parts.scheme == "smtps",
    )


def public_url(url: str) -> str:
    """The address that people open bgpui by, without a slash at its end; "" = not told. Raises SettingError."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise SettingError(f"BGPUI_URL: {url!r} is no address as https://bgpui.example.com")
    return url.rstrip("/")


def read_files(environment: MutableMapping[str, str]) -> None:
    """Put the text of the file that BGPUI_..._FILE names into BGPUI_..., as secrets are mounted. Raises SettingError.

    The variable with the path is taken away.
    """
    for name in [name for name in environment if name.startswith(PREFIX) and name.endswith(_FILE)]:
        path, meant = environment.pop(name), name.removesuffix(_FILE)
        if meant in environment:
            raise SettingError(f"{meant} and {name} are both set; keep one of them")
        try:
            environment[meant] = Path(path).read_text().strip()
        except (OSError, ValueError) as error:
            raise SettingError(f"{name}: {path!r} cannot be read: {error}") from error


def reject_unknown(env: Env, environment: dict[str, str]) -> None:
    """Raise SettingError if a BGPUI_ variable was set that no setting has read: a typo must not be ignored."""
    known = set(env.dump())
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingError(f"unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
