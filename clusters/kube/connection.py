"""Where the API server is and who we are to it, from a kubeconfig or the own pod's service account."""

from __future__ import annotations

import os
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import yaml
from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.client.rest import should_bypass_proxies
from kubernetes.config.config_exception import ConfigException

from clusters.kube.errors import Unreachable

_TOKEN_AGE = 30.0  # seconds after which a token file is read again


@dataclass(frozen=True, slots=True)
class Access:
    """An API server, whom to trust, and who we are to it, without any file. PEM texts; "" = none.

    tls_name: the name in the server's certificate, "" = the host's. insecure: whatever its certificate is.
    """

    server: str
    ca: str = ""
    tls_name: str = ""
    insecure: bool = False
    token: str = field(default="", repr=False)
    certificate: str = ""
    key: str = field(default="", repr=False)


def load(source: Path | Access | None, context: str | None) -> Configuration:
    """The client's configuration; a Path is a kubeconfig's, None = in-cluster. Raises Unreachable with what is wrong.

    Only a Path makes it read files and run what the file says.
    """
    return _configured(source) if isinstance(source, Access) else _loaded(source, context)


def _configured(access: Access) -> Configuration:
    """For the official client, which takes certificates as files only: these are in memory, and nowhere else."""
    configuration = Configuration()
    configuration.host, configuration.verify_ssl = access.server, not access.insecure
    configuration.tls_server_name = access.tls_name or None
    files: list[BinaryIO] = []
    for name, text in (("ssl_ca_cert", access.ca), ("cert_file", access.certificate), ("key_file", access.key)):
        setattr(configuration, name, _in_memory(text, files) if text else None)
    configuration.bgpui_files = files  # closed with the configuration, not before
    if access.token:
        configuration.api_key["BearerToken"] = f"Bearer {access.token}"
    return configuration


def _in_memory(text: str, files: list[BinaryIO]) -> str:
    """The path of a file that only this process has, and that no disk has."""
    file = os.fdopen(os.memfd_create("bgpui"), "w+b")
    file.write(text.encode())
    file.flush()
    files.append(file)
    return f"/proc/self/fd/{file.fileno()}"


def _loaded(kubeconfig: Path | None, context: str | None) -> Configuration:
    configuration = Configuration()
    try:
        if kubeconfig is None:
            config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_kube_config(str(kubeconfig), context or None, configuration, persist_config=False)  # type: ignore[no-untyped-call]
            _follow_token_file(configuration, kubeconfig, context)
    except yaml.YAMLError as error:  # its text would quote the file
        raise Unreachable(f"cannot connect with {kubeconfig}: it is not valid YAML") from error
    except (ConfigException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        where = "the pod's service account" if kubeconfig is None else str(kubeconfig)
        raise Unreachable(f"cannot connect with {where}: {error}") from error
    return configuration


def authorization(configuration: Configuration) -> str:
    """The Authorization header of the moment; "" with client certificates."""
    try:
        setting = configuration.auth_settings().get("BearerToken")
    except (ConfigException, OSError) as error:
        raise Unreachable(f"cannot read the credentials: {error}") from error
    return str(setting["value"]) if setting else ""


@dataclass(frozen=True)
class Connection:
    """What a client that is not the official one needs: the same server, the same trust, the same credentials."""

    configuration: Configuration

    @property
    def url(self) -> str:
        """https://host:port, without a slash at the end."""
        return str(self.configuration.host).rstrip("/")

    @property
    def server_name(self) -> str | None:
        """The name in the server's certificate, if it is not the host's."""
        return self.configuration.tls_server_name or None

    @property
    def proxy(self) -> str | None:
        """An HTTP proxy on the way, unless the server is one of those that are reached without."""
        settings = self.configuration
        direct = should_bypass_proxies(self.url, settings.no_proxy or "")
        return None if direct else settings.proxy or None

    def headers(self) -> dict[str, str]:
        """Headers of a request that is made now."""
        value = authorization(self.configuration)
        return {"Authorization": value} if value else {}

    def tls(self) -> ssl.SSLContext | None:
        """Trust and client certificate; None for plain HTTP. Raises Unreachable if a file cannot be read."""
        if not self.url.startswith("https"):
            return None
        settings = self.configuration
        try:
            context = ssl.create_default_context(cafile=settings.ssl_ca_cert or None)
            if not settings.verify_ssl:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if settings.cert_file:
                context.load_cert_chain(settings.cert_file, settings.key_file)
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(f"cannot load the certificates: {error}") from error
        return context


def _follow_token_file(configuration: Configuration, kubeconfig: Path, context: str | None) -> None:
    """Tokens in files expire and are replaced: the official loader reads them once, so look again."""
    named = _token_file(kubeconfig, context)
    if named is None:
        return
    path, lock, read_at = named, threading.Lock(), [float("-inf")]

    def refresh(current: Configuration) -> None:
        with lock:
            if time.monotonic() - read_at[0] >= _TOKEN_AGE:
                current.api_key["BearerToken"] = f"Bearer {path.read_text().strip()}"
                read_at[0] = time.monotonic()

    configuration.refresh_api_key_hook = refresh  # type: ignore[assignment]
    refresh(configuration)


def _token_file(kubeconfig: Path, context: str | None) -> Path | None:
    document: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    wanted = context or document.get("current-context")
    contexts = {entry["name"]: entry.get("context") or {} for entry in document.get("contexts") or ()}
    users = {entry["name"]: entry.get("user") or {} for entry in document.get("users") or ()}
    user = users.get(contexts.get(wanted, {}).get("user"), {})
    if user.get("token") or not user.get("tokenFile"):
        return None
    return kubeconfig.parent / str(user["tokenFile"])
