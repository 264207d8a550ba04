"""Services that the pages are shown with."""

from __future__ import annotations

from typing import Any

from clusters import clock
from clusters.models import Cluster, Resource, Service, ServiceAddress
from clusters.models.services import sort_key
from intent.addresses import parse_address
from tests.kinds import saved


def a_service(cluster: Cluster, name: str, *addresses: str, **columns: Any) -> Service:
    """A Service with endpoints on node-0, unless the columns say otherwise."""
    known: dict[str, Any] = {
        "namespace": "shop",
        "uid": name,
        "endpoint_nodes": ["node-0"],
        "created_at": clock.now(),
    }
    known |= {"addresses": list(addresses), "address_count": len(addresses), "labels": {"app": name}, **columns}
    row = Service.objects.create(cluster=cluster, name=name, endpoint_count=len(known["endpoint_nodes"]), **known)
    for address in addresses:
        parsed = parse_address(address)
        assert parsed is not None
        place = {"service": row, "cluster": cluster, "pool": row.pool, "family": parsed.version}
        ServiceAddress.objects.create(**place, address=str(parsed), sort_key=sort_key(parsed))
    return row


def many_services(cluster: Cluster, number: int) -> None:
    """As many as wanted, each with an address of its own."""
    rows = Service.objects.bulk_create(
        Service(cluster=cluster, namespace="shop", name=f"s-{n:05}", addresses=[f"10.0.{n // 256}.{n % 256}"],
                address_count=1, endpoint_count=1, endpoint_nodes=["node-0"], pool=f"pool-{n % 7}")
        for n in range(number)
    )  # fmt: skip
    ServiceAddress.objects.bulk_create(
        ServiceAddress(
            service=row, cluster=cluster, pool=row.pool, family=4, address=row.addresses[0], sort_key=f"4{n:032x}"
        )
        for n, row in enumerate(rows)
    )


def two_services_announced(cluster: Cluster, **peer: Any) -> dict[str, Resource]:
    """`web` and `db` in the pool `blue`, which `all` announces to `tor-a` and `tor-b`; peer: more of these."""
    rows = {
        name: saved(cluster, kind, name, spec)
        for kind, name, spec in (
            ("BGPPeer", "tor-a", {**peer, "peerAddress": "192.0.2.1"}),
            ("BGPPeer", "tor-b", {**peer, "peerAddress": "192.0.2.2"}),
            ("IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]}),
            ("BGPAdvertisement", "all", {"ipAddressPools": ["blue"]}),
        )
    }
    for name, address in (("web", "203.0.113.9"), ("db", "203.0.113.10")):
        a_service(cluster, name, address, pool="blue")
    return rows
