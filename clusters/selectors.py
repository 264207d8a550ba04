"""What the database knows of clusters and their resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from clusters import clock
from clusters.intended import desired_resource, desired_resources, nodes, services
from clusters.kube.redact import INLINE_PASSWORD, faults_of
from clusters.lazy import LazyMapping, LazySequence
from clusters.models import Cluster, Resource, SecretFact, StatusObject
from clusters.registry import resource_models, rows_of
from clusters.sync.upsert import chunks
from intent import snapshot as intent
from intent.announcements import ServiceRef
from intent.findings import ObjectRef


def clusters_active() -> QuerySet[Cluster]:
    """The clusters that are looked after: those that the settings name, and those that were added and are on."""
    named = Q(source=Cluster.Source.SETTINGS, name__in=[setting.name for setting in settings.BGPUI_CLUSTERS])
    return Cluster.objects.filter(named | Q(source=Cluster.Source.ADDED, enabled=True), removed_at=None)


def silent_clusters() -> QuerySet[Cluster]:
    """Those that did not answer in time when they were last looked at, not long ago: such looks go on."""
    recent = clock.now() - timedelta(seconds=12 * settings.BGPUI_RELIST_INTERVAL + 6 * settings.BGPUI_API_TIMEOUT)
    return Cluster.objects.filter(silent_since__isnull=False, checked_at__gte=recent)


def is_silent(cluster: Cluster) -> bool:
    """The same of one, as it is now."""
    return silent_clusters().filter(pk=cluster.pk).exists()


def clusters_known() -> QuerySet[Cluster]:
    """All clusters but those that were removed; some may only be remembered."""
    return Cluster.objects.filter(removed_at=None)


def is_active(cluster: Cluster) -> bool:
    """Whether a cluster is looked after."""
    if cluster.source == Cluster.Source.ADDED:
        return cluster.enabled and cluster.removed_at is None
    return any(setting.name == cluster.name for setting in settings.BGPUI_CLUSTERS)


def resource_list(kind: str, *, cluster: Cluster | None = None) -> QuerySet[Resource]:
    """All rows of a kind, their clusters with them. Raises KeyError for a kind without a model."""
    rows = rows_of(kind).select_related("cluster")
    return rows if cluster is None else rows.filter(cluster=cluster)


def resource_get(kind: str, *, cluster: str, namespace: str, name: str) -> Resource | None:
    """The row of one object, None if there is none."""
    return resource_list(kind).filter(cluster__name=cluster, namespace=namespace, name=name).first()


def resources_named(kind: str, names: Iterable[tuple[Cluster, str, str]]) -> dict[tuple[int, str, str], Resource]:
    """The rows of several objects of a kind, by cluster id, namespace and name; a query a cluster for 500 of them."""
    wanted: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for cluster, namespace, name in names:
        wanted[cluster.pk].add((namespace, name))
    found = {}
    for pk, some in wanted.items():
        for chunk in chunks(sorted({name for _, name in some})):
            for row in resource_list(kind).filter(cluster_id=pk, name__in=chunk):
                if (row.namespace, row.name) in some:
                    found[pk, row.namespace, row.name] = row
    return found


def snapshot_of(
    cluster: Cluster,
    *,
    desired: bool = False,
    rows: Iterable[Resource] | None = None,
    nodes: Sequence[str] | None = None,
) -> intent.Snapshot:
    """The cluster as rules, sessions and the renderer see it: what it holds, or with `desired` what it shall hold.

    rows: the resources, if they were read already. nodes: names, for those who need no others. Four queries, and one
    for each kind that has a model; Services, Namespaces and FRRConfigurations, of which there may be very many, cost
    one each when somebody looks at them.
    """
    states: Iterable[intent.Resource | None]
    if rows is not None:
        states = (_desired(row) if desired else _live(row) for row in rows)
    elif desired:
        kinds = {kind: rows_of(kind).filter(cluster=cluster) for kind in resource_models()}
        states = (one for kind, some in kinds.items() for one in desired_resources(kind, some))
    else:
        states = _held(cluster)
    return intent.Snapshot(
        mode=intent.Mode(cluster.mode),
        version=cluster.metallb_version,
        namespace=cluster.namespace,
        frr_namespace=cluster.frr_namespace,
        secret_passthrough=cluster.secret_passthrough,
        ignores_exclude=cluster.ignores_exclude,
        resources=tuple(sorted((state for state in states if state is not None), key=lambda state: state.ref)),
        nodes=nodes_of(cluster, nodes),
        secrets=tuple(map(_secret_fact, cluster.secret_facts.all())),
        services=LazySequence(lambda: services(cluster.services.order_by("namespace", "name"))),
        namespaces=LazyMapping(lambda: dict(cluster.namespaces.values_list("name", "labels"))),
        frr_configurations=LazySequence(lambda: _frr_configurations(cluster)),
        served_fields={kind: frozenset(names) for kind, names in cluster.served_fields.items()},
    )


def _secret_fact(fact: SecretFact) -> intent.SecretFact:
    return intent.SecretFact(
        namespace=fact.namespace,
        name=fact.name,
        exists=fact.exists,
        type=fact.type,
        has_password=fact.has_password,
        length_ok=fact.length_ok,
        trailing_newline=fact.trailing_newline,
        readable=fact.readable,
    )


def frr_configurations_of(cluster: Cluster) -> QuerySet[StatusObject]:
    """The FRRConfigurations that people write, as far as all of them is kept; MetalLB's are named after their node."""
    of_metallb = Q(name=Concat(Value("metallb-"), F("node")))
    return StatusObject.objects.filter(cluster=cluster, kind="FRRConfiguration", shortened=False).exclude(of_metallb)


def _frr_configurations(cluster: Cluster) -> list[intent.Resource]:
    rows = frr_configurations_of(cluster).order_by("namespace", "name").values_list("namespace", "name", "body")
    return [
        replace(intent.Resource.from_manifest(body), ref=ObjectRef("FRRConfiguration", namespace, name))
        for namespace, name, body in rows
    ]


def answering(cluster: Cluster) -> dict[ServiceRef, str]:
    """The node that answers ARP and NDP for each service, as MetalLB reports in ServiceL2Status; one query."""
    rows = StatusObject.objects.filter(cluster=cluster, kind="ServiceL2Status").exclude(node="").order_by("name")
    told = rows.values_list("service_namespace", "service_name", "node")
    return {ServiceRef(namespace, name): node for namespace, name, node in told.iterator()}


def as_numbers_of(cluster: Cluster) -> dict[str, set[int]]:
    """The AS numbers that the cluster's peers give its nodes, by VRF, "" = the default one; one query."""
    rows = rows_of("BGPPeer").filter(cluster=cluster, namespace=cluster.namespace, live__isnull=False)
    found: dict[str, set[int]] = defaultdict(set)
    for vrf, number in rows.order_by().values_list("live__spec__vrf", "live__spec__myASN").distinct():
        if isinstance(number, int):
            found[vrf or ""].add(number)
    return dict(found)


def nodes_of(cluster: Cluster, names: Sequence[str] | None = None) -> tuple[intent.Node, ...]:
    """The cluster's Nodes as intent takes them, None = all; one query."""
    found = cluster.nodes.all() if names is None else cluster.nodes.filter(name__in=names)
    return nodes(found)


def resource_of(ref: ObjectRef, obj: dict[str, Any]) -> intent.Resource:
    """An object of the cluster, stripped at the door, as the rules take it."""
    metadata = obj.get("metadata") or {}
    return intent.Resource(
        ref=ref,
        uid=metadata.get("uid", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        spec=obj.get("spec") or {},
        inline_password=bool(obj.get(INLINE_PASSWORD)),
        password_faults=faults_of(str(obj.get(INLINE_PASSWORD) or "")),
    )


def _held(cluster: Cluster) -> Iterator[intent.Resource]:
    """What the cluster holds, without making rows of it: there may be thousands."""
    for kind in resource_models():
        found = (
            rows_of(kind).filter(cluster=cluster).filter(live__isnull=False).values_list("namespace", "name", "live")
        )
        for namespace, name, live in found.order_by().iterator(chunk_size=2000):
            yield resource_of(ObjectRef(kind, namespace, name), live or {})


def _live(row: Resource) -> intent.Resource | None:
    return None if row.live is None else resource_of(row.ref, row.live)


def _desired(row: Resource) -> intent.Resource | None:
    return None if row.deleting else desired_resource(row)
