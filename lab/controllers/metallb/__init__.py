"""MetalLB's controller: addresses of Services from IPAddressPools, and the figures of the pools.

Facts: MetalLB's controller/service.go and controller/main.go, internal/allocator.
"""

from __future__ import annotations

from lab.controllers.metallb.controller import MetalLB

__all__ = ["MetalLB"]
