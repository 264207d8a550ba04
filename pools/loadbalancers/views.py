"""The pages of Services of type LoadBalancer: all of them, and one with who announces it."""

from __future__ import annotations

import shlex

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from clusters.edits.inforce import as_in_force
from clusters.heard import heard
from clusters.models import Cluster, Service
from clusters.ordering import ordered
from clusters.pages import Column, HttpRequest, misfits, narrowed, ordering, page_of, render_page
from clusters.stale import nodes_keeping_old
from intent.modes import release
from pools.loadbalancers.announced import layer2, live_snapshot, standings
from pools.loadbalancers.covering import covering
from pools.loadbalancers.redundancy import redundancy
from pools.loadbalancers.selectors import (
    STATES,
    addresses_of,
    by_address,
    not_listed,
    pool_names,
    reports,
    service_numbers,
    services_matching,
    sharing,
)
from pools.loadbalancers.telling import ANNOUNCED, announced, announced_as
from pools.models import IPAddressPool
from pools.use import uses_of

COLUMNS = (
    Column("name", "Service", ("name", "namespace", "cluster__name")),
    Column("address", "Addresses", ("first_address", "namespace", "name")),
    Column("pool", "Pool", ("pool", "namespace", "name")),
    Column("policy", "Traffic", ("traffic_policy", "namespace", "name")),
    Column("endpoints", "Endpoints", ("endpoint_count", "namespace", "name")),
    Column("announced", "Announced", ()),
    Column("created", "Created", ("-created_at",)),
)
_NAMED = 300  # nodes that the form proposes
_TELLING = (0, 15, 0)  # MetalLB has ServiceBGPStatus from then on
_BY_NAME = ("namespace", "name", "cluster__name")
_STATES = (
    ("no-address", "no address"),
    ("no-endpoint", "no endpoint"),
    ("shared", "sharing an address"),
    ("asked", "asked for a pool or address"),
)


@require_GET
@permission_required("clusters.view_service", raise_exception=True)
def services(request: HttpRequest) -> HttpResponse:
    """All Services, filtered, ordered and paged by the URL."""
    names = ("q", "cluster", "pool", "policy", "state", "namespace", "announced")
    wanted = {name: request.GET.get(name, "").strip()[:253] for name in names}
    rows = services_matching(wanted["q"])
    if wanted["cluster"]:
        rows = rows.filter(cluster__name=wanted["cluster"])
    if wanted["pool"]:
        rows = rows.filter(pool=wanted["pool"])
    if wanted["namespace"]:
        rows = rows.filter(namespace=wanted["namespace"])
    if wanted["policy"] in Service.TrafficPolicy.values:
        rows = rows.filter(traffic_policy=wanted["policy"])
    if wanted["state"] in STATES:
        rows = rows.filter(STATES[wanted["state"]])
    if wanted["announced"] in ANNOUNCED:
        rows = announced_as(rows, wanted["announced"])
    order, headers = ordering(request, COLUMNS, _BY_NAME)
    if any("first_address" in name for name in order):
        rows = by_address(rows)
    cluster = Cluster.objects.filter(name=wanted["cluster"]).first() if wanted["cluster"] else None
    odd = misfits(request, policy=Service.TrafficPolicy.values, state=STATES, announced=ANNOUNCED)
    page = page_of(request, ordered(rows, order))
    found = announced(list(page))
    context = {
        "page": page,
        "rows": [(row, found[row.pk]) for row in page],
        "headers": headers,
        "wanted": wanted,
        "narrowed": narrowed(wanted, odd),
        "numbers": service_numbers(cluster),
        "pools": [(name, name) for name in sorted({*pool_names(cluster), wanted["pool"]} - {""})],
        "policies": Service.TrafficPolicy.choices,
        "states": _STATES,
        "announcements": ANNOUNCED.items(),
        "misfits": odd,
        "not_listed": not_listed(),
    }
    return render_page(request, "pools/services.html", context, part="table")


@require_GET
@permission_required("clusters.view_service", raise_exception=True)
def service(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """One Service: what it asked for and got, and what each node does with its addresses."""
    rows = Service.objects.select_related("cluster")
    row = get_object_or_404(rows, cluster__name=cluster, namespace=namespace, name=name)
    snapshot, node = live_snapshot(row), request.GET.get("node", "").strip()[:253]
    names = [each.name for each in snapshot.nodes]
    odd = node if node and node not in names else ""
    found, told = standings(row, snapshot, heard(row.cluster), "" if odd else node), reports(row)
    context = {
        "service": row,
        "standings": [(one, redundancy(one, len(names))) for one in found],
        "node": node,
        "odd_node": odd,
        "names": names[:_NAMED],
        "announced": sum(bool(one.on) for one in found),
        "meant": any(one.meant for one in found),
        "unsure": any(part.unsure for one in found for part in one.standings),
        "node_total": len(names),
        "old": sorted(nodes_keeping_old(row.cluster)),
        "covering": covering(row, snapshot),
        "layer2": layer2(row, snapshot),
        "sharing": sharing(row),
        "reports": told,
        "tells": release(row.cluster.metallb_version) >= _TELLING,
        "on_link": [row.node for one in told if one.kind == "ServiceL2Status" for row in one.rows if row.node],
        "commands": commands(row),
    }
    return render_page(request, "pools/service.html", context, part="live")


@require_GET
@permission_required(("clusters.view_service", "pools.view_ipaddresspool"), raise_exception=True)
def addresses(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The addresses of one pool that Services have, in their order."""
    pools = IPAddressPool.objects.select_related("cluster")
    (pool,) = as_in_force([get_object_or_404(pools, cluster__name=cluster, namespace=namespace, name=name)])
    words = request.GET.get("q", "").strip()[:253]
    context = {
        "pool": pool,
        "use": uses_of([pool])[pool.pk],
        "words": words,
        "page": page_of(request, addresses_of(pool, words)),
    }
    return render_page(request, "pools/addresses.html", context, part="table")


def commands(row: Service) -> list[tuple[str, str]]:
    """What shows the same in a shell, each with its label; none for names that could mislead who pastes it."""
    about = f"metallb.io/service-name={row.name},metallb.io/service-namespace={row.namespace}"
    lines = [
        ("The service", ["oc", "get", "service", "-n", row.namespace, row.name, "-o", "yaml"]),
        (
            "Its endpoints",
            ["oc", "get", "endpointslices", "-n", row.namespace, "-l", f"kubernetes.io/service-name={row.name}"],
        ),
        (
            "Its events",
            ["oc", "get", "events", "-n", row.namespace, "--field-selector", f"involvedObject.name={row.name}"],
        ),
        (
            "What MetalLB reports",
            ["oc", "get", "servicebgpstatuses,servicel2statuses", "-n", row.cluster.namespace, "-l", about],
        ),
    ]
    return [(label, line) for label, argv in lines if (line := shlex.join(argv)).isprintable()]
