"""A cluster tried before it is saved: whether it answers, as whom, what runs there, and what bgpui may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clusters.doors import door_open
from clusters.kube.connection import Access
from clusters.kube.errors import KubeError, Unauthorized
from clusters.kube.permissions import Permission, missing_as_yaml
from clusters.models import Cluster
from clusters.sync.facts import discover


@dataclass(frozen=True, slots=True)
class Trial:
    """facts: columns of the cluster's row. error: why it cannot be used, "" = it can; way_out: what to do."""

    facts: dict[str, Any]
    error: str = ""
    way_out: str = ""

    @property
    def missing(self) -> list[dict[str, Any]]:
        """The rights that bgpui needs and has not."""
        permissions: list[dict[str, Any]] = self.facts.get("permissions", [])
        return [one for one in permissions if not (one["allowed"] or one.get("optional"))]

    @property
    def role_yaml(self) -> str:
        """The Roles that grant them."""
        missing = [Permission(**permission) for permission in self.missing]
        return missing_as_yaml(missing, self.facts.get("identity", ""))


def tried(name: str, access: Access | None) -> Trial:
    """Ask the API server, None = of the cluster that bgpui runs in. Nothing is written anywhere."""
    try:
        door = door_open(access)
    except KubeError as error:
        return Trial({}, error.message, "Is bgpui a pod of the cluster, with a service account?" if not access else "")
    try:
        return Trial(discover(Cluster(name=name), door))
    except Unauthorized as error:
        return Trial({}, error.message, "The credentials are not accepted: have they expired, or were they revoked?")
    except KubeError as error:
        return Trial({}, error.message, "Is the API server reachable from bgpui, and is the address right?")
    finally:
        door.close()
