"""Which API server the tests talk to: the embedded one, or a real one where TEST_CLUSTER=real."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from lab.apiserver import ApiServer, User
from lab.control_plane import ControlPlane

REAL = os.environ.get("TEST_CLUSTER") == "real"


def api_server(state: Path | None, tokens: Mapping[str, str | User], *, tls: bool = True) -> ApiServer:
    """An API server that is not started yet. Raises lab.control_plane.Missing."""
    return cast("ApiServer", ControlPlane(tokens, tls=tls)) if REAL else ApiServer(state, tokens, tls=tls)
