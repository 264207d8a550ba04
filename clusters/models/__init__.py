"""Rows of the clusters room: where the clusters are, what they hold, what was changed."""

from __future__ import annotations

from clusters.models.change import Change
from clusters.models.cluster import Cluster
from clusters.models.facts import Node, SecretFact
from clusters.models.resource import Resource, SyncState

__all__ = ["Change", "Cluster", "Node", "Resource", "SecretFact", "SyncState"]
