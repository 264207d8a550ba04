"""The API server and the bgpui beside it that the tests of clusters use."""

from __future__ import annotations

from tests.clusters.conftest import _kube, kube, office

__all__ = ["_kube", "kube", "office"]
