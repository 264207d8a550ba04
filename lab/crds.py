"""The CustomResourceDefinitions of MetalLB, from the same description of the kinds that the product uses."""

from __future__ import annotations

from typing import Any

from intent.kinds import KINDS, STATUS_KINDS

FRR_K8S_GROUP = "frrk8s.metallb.io"


def crds(*, frr_k8s: bool = False) -> list[dict[str, Any]]:
    """One CRD object per kind, ready to be created; frr_k8s: those that frr-k8s brings, too."""
    kinds = (*KINDS.values(), *STATUS_KINDS.values())
    return [kind.crd() for kind in kinds if frr_k8s or kind.group != FRR_K8S_GROUP]
