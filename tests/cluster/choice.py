"""Which API server the tests talk to: the embedded one, a real one of their own, or that of KUBECONFIG."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from lab.apiserver import ApiServer, User
from lab.control_plane import ControlPlane
from lab.control_plane.processes import ProcessError
from tests.cluster.borrowed import BorrowedCluster, left_out
from tests.cluster.tenancy import Occupied, tenancy

BORROWED = os.environ.get("TEST_CLUSTER") == "kubeconfig"
REAL = BORROWED or os.environ.get("TEST_CLUSTER") == "real"
_LAB = "needs a whole lab, which runs commands through the lab's kubelet endpoint; the API server does not call it"


def api_server(state: Path | None, tokens: Mapping[str, str | User], *, tls: bool = True) -> ApiServer:
    """An API server that is not started yet. Raises lab.control_plane.Missing."""
    if BORROWED:
        try:
            client = tenancy(os.environ["KUBECONFIG"]).client
        except (Occupied, ProcessError) as why_not:
            pytest.exit(str(why_not), 2)
        return cast("ApiServer", BorrowedCluster(client, tokens, tls=tls))
    return cast("ApiServer", ControlPlane(tokens, tls=tls)) if REAL else ApiServer(state, tokens, tls=tls)


def end_tenancy() -> None:
    """Remove what the tests of this process made in the cluster of KUBECONFIG."""
    if BORROWED and tenancy.cache_info().currsize:
        tenancy(os.environ["KUBECONFIG"]).end()


def real_lab() -> bool:
    """Whether a lab is to have a real API server; skips the test where it cannot be in the chosen cluster."""
    if BORROWED:
        left_out(_LAB)
    return REAL
