"""Rung 2 of the lab: real FRR on nodes and routers, each in network namespaces of its own."""

from __future__ import annotations

from lab.frr.fleet import RealSpeakers
from lab.frr.netns import available

__all__ = ["RealSpeakers", "available"]
