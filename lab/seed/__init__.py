"""What the demo's cluster begins with; room is left for every object of the documentation's examples."""

from __future__ import annotations

from lab.apiserver import Store
from lab.manifests import Manifest
from lab.release import Release
from lab.seed.network import nmstate_definition, vrf_policy
from lab.seed.peers import PROFILE, peer_objects, seed_incident, seed_routers
from lab.seed.pools import pool_objects
from lab.seed.workloads import workload_objects

__all__ = ["INCIDENT_AFTER", "PROFILE", "seed", "seed_incident", "seed_objects", "seed_routers"]
INCIDENT_AFTER = 15.0  # seconds
_MANAGER = "kubectl-client-side-apply"


def seed_objects() -> list[Manifest]:
    """MetalLB's objects and the Secrets that they refer to, what is referred to first; their namespace is left open."""
    return [*peer_objects(), *pool_objects()]


def seed(store: Store, release: Release) -> None:
    """Create the demo's objects, as a person with kubectl would."""
    for manifest in seed_objects():
        manifest["metadata"]["namespace"] = release.namespace
        store.add(manifest, manager=_MANAGER)
    for manifest in (nmstate_definition(), vrf_policy(), *workload_objects()):
        store.add(manifest, manager=_MANAGER)
