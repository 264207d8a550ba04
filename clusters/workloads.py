"""Workloads for a test of a service: who may make and remove them, and what bgpui needs to be allowed for that.

Whoever makes a Deployment runs what he likes as whoever that cluster lets him. So it takes an administrator, and a
cluster for which BGPUI_TEST_WORKLOADS says so.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from clusters.kube.permissions import VERBS
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import Cluster


def workloads_on(cluster: Cluster) -> bool:
    """Whether the settings allow them in this cluster."""
    return cluster.name in settings.BGPUI_TEST_WORKLOADS


def workloads_refused(user: Any, cluster: Cluster) -> str:
    """Why the user may not, "" = he may."""
    if not workloads_on(cluster):
        return f"Test workloads are off in cluster {cluster.name}: BGPUI_TEST_WORKLOADS does not name it."
    if not user.has_perm("clusters.change_cluster"):
        return "Only administrators make test workloads."
    wanted = {(verb, kind.group, kind.plural) for kind in PLAIN_KINDS.values() for verb in VERBS}
    granted = {(one["verb"], one["group"], one["resource"]) for one in cluster.permissions if one["allowed"]}
    if wanted - granted:
        verb, _group, plural = min(wanted - granted)
        return f"The cluster does not allow bgpui to {verb} {plural}; the cluster's page has the Role that does."
    return ""
