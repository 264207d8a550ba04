"""What a Service asks of MetalLB's controller: families, addresses, pool, sharing (controller/service.go, k8salloc)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intent.addresses import Address, parse_address
from intent.snapshot import mapping, text

Manifest = Mapping[str, Any]
_PREFIXES = ("metallb.io/", "metallb.universe.tf/")
_BALANCER_IPS = "loadBalancerIPs"


class RefusedError(Exception):
    """MetalLB gives no address, in its own words."""


@dataclass(frozen=True, slots=True)
class Request:
    """versions: IP versions of its cluster IPs, the preferred one first. addresses: those asked for, () = any.

    sharing: value of allow-shared-ip. backend: the selector, where only services of the same pods may share.
    """

    namespace: str
    name: str
    labels: dict[str, str]
    versions: tuple[int, ...]
    prefers_dual: bool
    pool: str
    sharing: str
    backend: str
    ports: frozenset[tuple[str, int]]

    @property
    def key(self) -> str:
        """namespace/name."""
        return f"{self.namespace}/{self.name}"

    @property
    def family(self) -> str:
        """As MetalLB's messages name it."""
        return "dual" if len(self.versions) == 2 else f"ipv{self.versions[0]}"


def annotation(service: Manifest, name: str) -> str:
    """An annotation of MetalLB, under its present or its former prefix."""
    own = mapping(mapping(service.get("metadata")).get("annotations"))
    return next((str(own[prefix + name]) for prefix in _PREFIXES if prefix + name in own), "")


def request_of(service: Manifest) -> Request:
    """The request of a Service of type LoadBalancer that has its cluster IPs."""
    metadata, spec = service["metadata"], service["spec"]
    is_local = spec.get("externalTrafficPolicy") == "Local"
    selector = sorted((spec.get("selector") or {}).items())
    return Request(
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        versions=tuple(6 if ":" in address else 4 for address in spec["clusterIPs"]),
        prefers_dual=spec.get("ipFamilyPolicy") == "PreferDualStack",
        pool=annotation(service, "address-pool"),
        sharing=annotation(service, "allow-shared-ip"),
        backend=",".join(f"{name}={value}" for name, value in selector) if is_local else "",
        ports=frozenset((port["protocol"], port["port"]) for port in spec.get("ports") or ()),
    )


def request_of_new(service: Manifest, version: int) -> Request:
    """The same of a manifest that no API server has completed; version: of IP, for one that names none."""
    metadata, spec = mapping(service.get("metadata")), mapping(service.get("spec"))
    named = spec.get("ipFamilies")
    own = [6 if family == "IPv6" else 4 for family in (named if isinstance(named, list) else ())][:2] or [version]
    policy = spec.get("ipFamilyPolicy")
    if policy in ("PreferDualStack", "RequireDualStack") and len(own) == 1:
        own.append(10 - own[0])
    return Request(
        namespace=text(metadata.get("namespace")),
        name=text(metadata.get("name")),
        labels=dict(mapping(metadata.get("labels"))),
        versions=tuple(own),
        prefers_dual=policy == "PreferDualStack",
        pool=annotation(service, "address-pool"),
        sharing=annotation(service, "allow-shared-ip"),
        backend="",
        ports=frozenset(),
    )


def asked_addresses(service: Manifest) -> tuple[Address, ...]:
    """The addresses that a Service names. Raises RefusedError."""
    listed, single = annotation(service, _BALANCER_IPS), text(mapping(service.get("spec")).get("loadBalancerIP"))
    if listed and single:
        raise RefusedError(f"service can not have both {_PREFIXES[0]}{_BALANCER_IPS} and svc.Spec.LoadBalancerIP")
    if not listed and not single:
        return ()
    found = [parse_address(part.strip()) for part in (listed or single).split(",")]
    if None in found:
        field = f"{_PREFIXES[0]}{_BALANCER_IPS}:" if listed else "spec.loadBalancerIP"
        raise RefusedError(f'invalid {field} "{listed or single}"')
    addresses = tuple(address for address in found if address is not None)
    if len(addresses) > 2 or len({address.version for address in addresses}) < len(addresses):
        raise RefusedError(f"invalid ips count or families {quoted(addresses)}")
    return addresses


def quoted(addresses: tuple[Address, ...]) -> str:
    """Addresses as Go prints a list of them with %q."""
    return "[" + " ".join(f'"{address}"' for address in addresses) + "]"
