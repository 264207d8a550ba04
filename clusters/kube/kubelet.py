"""What the API server says of a command that no kubelet ran, without what differs from node to node."""

from __future__ import annotations

import re

# With channel protocol v5 the API server upgrades before it dials (StreamTranslatorHandler of apiserver), and tells on
# the status channel what Go's dialler said: client-go's spdy.Negotiate, UpgradeAwareHandler of apimachinery.
_DIALLED = re.compile(r"(?:^|: )(?:error dialing backend|error sending request): (?P<why>.+)", re.DOTALL)
_ADDRESS = re.compile(r"\S*\d+(?:\.\d+){3}\S*|\S*:[0-9a-f]*:\S*")
_NAMES = re.compile(r"\bvalid for .+", re.DOTALL)  # those of a certificate, each node its own
_ID = re.compile(r"\b[0-9a-f]{32,}\b")  # of a container, or of one exec in it


def unreached(message: str) -> str | None:
    """Why the kubelet cannot be reached, None if it could be: the same words for all nodes that fail alike."""
    found = _DIALLED.search(message)
    if found is None:
        return None
    _, tls, why = found["why"].rpartition("tls: ")
    why = _NAMES.sub("valid for other names", tls + why if tls else why.rpartition(": ")[2])
    return f"the node's kubelet cannot be reached: {_ADDRESS.sub('…', why)}"


def without_ids(message: str) -> str:
    """The same message without what containerd calls this one exec."""
    return _ID.sub("…", message)
