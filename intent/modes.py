"""How a MetalLB runs BGP (env METALLB_BGP_TYPE), and which release it is."""

from __future__ import annotations

import re
from enum import StrEnum

NEWEST = (0, 16, 2)  # whose fields and rules stand here: what was added after 0.16.1, under the next number
_RELEASE = re.compile(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", re.ASCII)


class Mode(StrEnum):
    """The BGP backend. UNKNOWN is judged as FRR without the gaps of FRR-K8s."""

    FRR = "frr"
    FRR_K8S = "frr-k8s"
    NATIVE = "native"
    UNKNOWN = "unknown"


def release(version: str) -> tuple[int, int, int]:
    """A MetalLB version ("v0.15.3") as numbers; the newest release for a text that is none (MetalLB's major is 0)."""
    found = _RELEASE.match(version)
    if found is None or int(found[1]) > 0:
        return NEWEST
    return int(found[1]), int(found[2]), int(found[3] or 0)
