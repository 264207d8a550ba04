"""A real kube-apiserver and etcd around which the lab works as it does around its embedded API server."""

from __future__ import annotations

from lab.control_plane.binaries import Binaries, MetalLB, Missing, find
from lab.control_plane.server import ControlPlane

__all__ = ["Binaries", "ControlPlane", "MetalLB", "Missing", "find"]
