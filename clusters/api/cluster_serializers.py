"""A cluster in REST: what is told of it, and what may be asked for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from clusters.api.bodies import KnownFields
from clusters.connecting.sealing import is_current
from clusters.kube.permissions import Permission, missing_as_yaml
from clusters.models import Cluster, Credential
from clusters.selectors import as_numbers_of, is_active, nodes_of
from clusters.watched import watching
from clusters.watching.term import watcher
from intent.notices import notices
from intent.snapshot import Mode


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """A cluster; its credentials are not told."""

    active = serializers.SerializerMethodField(help_text="Whether it is looked after; others are only remembered.")
    connected = serializers.SerializerMethodField(help_text="Whether the last attempt to reach it succeeded.")
    credential = serializers.SerializerMethodField(
        help_text="What is told of stored credentials: kind, server, stored_at, expires_at, and whether they are "
        "encrypted with the first key (`current_key`); null = none are stored."
    )
    served = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    permissions = serializers.ListField(child=serializers.DictField(), help_text="What bgpui may do there.")
    problems = serializers.ListField(child=serializers.DictField(), help_text="What is missing, and the way out.")
    watching = serializers.SerializerMethodField(
        help_text="Event streams: live, partly (some are missing), silent (the API server hangs), "
        "lost (not looked after any more) or never."
    )
    streams = serializers.ListField(child=serializers.DictField(), help_text="Each stream, and why it is not live.")

    class Meta:
        model = Cluster
        fields: tuple[str, ...] = (
            "name", "label", "source", "enabled", "active", "context", "credential", "namespace", "connected", "error",
            "checked_at", "connected_at", "discovered_at", "watching", "watched_at", "event_at", "event_lag",
            "streams", "identity", "observe", "observing", "observing_why", "mode", "metallb_version",
            "kubernetes_version", "served", "permissions", "problems",
        )  # fmt: skip
        read_only_fields = fields

    def get_active(self, cluster: Cluster) -> bool:
        """Whether it is looked after."""
        return is_active(cluster)

    def get_connected(self, cluster: Cluster) -> bool:
        """Whether the last attempt succeeded."""
        return cluster.connected_at is not None and not cluster.error

    def get_credential(self, cluster: Cluster) -> dict[str, Any] | None:
        """What may be told of it."""
        found: Credential | None = getattr(cluster, "credential", None) if cluster.pk is not None else None
        if found is None:
            return None
        told = {name: getattr(found, name) for name in ("kind", "server", "stored_at", "expires_at")}
        return told | {"current_key": is_current(found.sealed)}

    def get_watching(self, cluster: Cluster) -> str:
        """How the event streams are."""
        return watching(cluster)


class OneClusterSerializer(ClusterSerializer):
    """With what holds for the cluster as a whole, and the Roles that grant what is missing."""

    notices = serializers.SerializerMethodField(help_text="What to know: text, way_out, source.")
    watcher = serializers.SerializerMethodField(
        help_text="The process that follows the event streams of all clusters: holder (host:pid), heard_at; null = none"
    )
    role = serializers.SerializerMethodField(help_text="Roles and bindings that grant the missing rights, as YAML.")

    class Meta(ClusterSerializer.Meta):
        fields = (*ClusterSerializer.Meta.fields, "notices", "watcher", "role")
        read_only_fields = fields

    def get_notices(self, cluster: Cluster) -> list[dict[str, str]]:
        """What holds for the whole cluster."""
        known = cluster.pk is not None
        nodes, numbers = (nodes_of(cluster), as_numbers_of(cluster)) if known else ((), {})
        return [asdict(notice) for notice in notices(Mode(cluster.mode), cluster.metallb_version, nodes, numbers)]

    def get_watcher(self, _cluster: Cluster) -> dict[str, Any] | None:
        """Who watches."""
        lease = watcher()
        return {"holder": lease.holder, "heard_at": lease.beaten_at} if lease is not None and lease.holder else None

    def get_role(self, cluster: Cluster) -> str:
        """Of the rights that it has not."""
        return missing_as_yaml([Permission(**permission) for permission in cluster.permissions], cluster.identity)


class ConnectSerializer(KnownFields, serializers.ModelSerializer[Cluster]):
    """What a cluster is connected with, and what it is called. label, context: as in the model; "" = none."""

    kubeconfig = serializers.CharField(
        required=False, write_only=True, trim_whitespace=False, help_text="Its text. Only one context of it is kept."
    )
    inCluster = serializers.BooleanField(  # noqa: N815  # the API's name
        required=False, write_only=True, help_text="Instead of a kubeconfig: the cluster that bgpui itself runs in."
    )

    class Meta:
        model = Cluster
        fields: tuple[str, ...] = ("label", "enabled", "observe", "kubeconfig", "context", "inCluster")
        extra_kwargs = {
            "context": {"help_text": "Of the kubeconfig; without it the current one."},
            "enabled": {"help_text": "Whether it is looked after."},
        }


class NewClusterSerializer(ConnectSerializer):
    """The same for a new one."""

    name = serializers.CharField(help_text="As in addresses; it stays.")

    class Meta(ConnectSerializer.Meta):
        fields = ("name", "label", "kubeconfig", "context", "inCluster")
