"""Rows of the clusters room: where the clusters are, what they hold, what was changed."""

from __future__ import annotations

from clusters.models.baseline import Baseline, BaselineObject
from clusters.models.change import Change
from clusters.models.changeset import ChangeSet, ChangeSetItem
from clusters.models.cluster import Cluster
from clusters.models.credential import Credential
from clusters.models.events import NodeEvent
from clusters.models.exclusion import Exclusion
from clusters.models.facts import Node, SecretFact
from clusters.models.lease import Lease
from clusters.models.reference import Reference
from clusters.models.resource import Resource, SyncState
from clusters.models.services import Namespace, Service, ServiceAddress
from clusters.models.status import StatusObject
from clusters.models.takeover import TakeOver
from clusters.models.trial import Trial

__all__ = [
    "Baseline",
    "BaselineObject",
    "Change",
    "ChangeSet",
    "ChangeSetItem",
    "Cluster",
    "Credential",
    "Exclusion",
    "Lease",
    "Namespace",
    "Node",
    "NodeEvent",
    "Reference",
    "Resource",
    "SecretFact",
    "Service",
    "ServiceAddress",
    "StatusObject",
    "SyncState",
    "TakeOver",
    "Trial",
]
