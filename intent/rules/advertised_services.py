"""Advertisements against the services of the cluster, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import Finding, listed
from intent.labels import numbers
from intent.modes import NEWEST
from intent.rules.advertised import LENGTHS, WIDTH, Advertisement
from intent.rules.aggregates import MOST, Aggregates
from intent.rules.subject import BGP, CONFIG, Subject
from intent.rules.view import View
from intent.selectors import readable

_SHARED = ("metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip")
_L2 = "MetalLB speaker/layer2_controller.go"


def services_are_selected(view: View, subject: Subject) -> Iterator[Finding]:
    """Selectors that match no service announce none."""
    selectors, services = subject.spec.get("serviceSelectors"), view.services
    if selectors and services.all and readable(selectors) and not services.labels.selected(selectors):
        message = "The selectors match none of the services of type LoadBalancer, so nothing is announced"
        hint = "Check the selectors against the labels of the services."
        yield subject.warning("no-service-selected", "serviceSelectors", message, source=CONFIG, hint=hint)


def aggregation_keeps_local_traffic(view: View, subject: Subject) -> Iterator[Finding]:
    """Nodes that announce an aggregate for one service get the traffic of the others in it."""
    advertisement = view.advertisement_of[subject.resource.ref]
    for version, name in LENGTHS.items():
        length = advertisement.lengths[version]
        lost = _lost(view, advertisement, version) if 0 < length < WIDTH[version] else {}
        if lost:
            service, (prefix, nodes) = min(lost.items())
            where = view.placement.names(nodes)
            message = f"{service} has externalTrafficPolicy Local, but {prefix} is also announced from {listed(where)},"
            message += " where it has no endpoint: traffic that comes there is lost"
            if len(lost) > 1:
                others = listed(set(lost) - {service})
                message += f". The same holds for {others}" + (", at least" if len(lost) >= MOST else "")
            hint = "Use externalTrafficPolicy Cluster, do not aggregate, or run endpoints on all of these nodes."
            code = "aggregation-black-hole"
            yield subject.warning(code, name, message, value=length, source=BGP, hint=hint, nodes=where)


def _lost(view: View, advertisement: Advertisement, version: int) -> dict[str, tuple[str, int]]:
    """Services that lose traffic: the aggregate, and the nodes that announce it without an endpoint."""
    length = advertisement.lengths[version]
    fitting = view.pools.holding[version] & ~view.pools.narrower(version, length)
    key = advertisement.pools & fitting, version, length
    if key not in view.aggregates:
        view.aggregates[key] = Aggregates(view.services, *key)
    return view.aggregates[key].lost(advertisement.nodes)


def shared_addresses_need_no_selectors(view: View, subject: Subject) -> Iterator[Finding]:
    """Layer 2 does not announce a shared address of services that selectors tell apart."""
    if subject.release < NEWEST or not subject.spec.get("serviceSelectors"):
        return
    chosen = view.services.labels.selected(subject.spec.get("serviceSelectors"))
    pools = view.pools.selected(subject.spec)
    sharing = [
        name
        for number in numbers(pools if chosen else 0)
        for version in (4, 6)
        for name, service, _address in view.services.in_pool(number, version)
        if chosen >> view.services.number[name] & 1 and any(key in service.annotations for key in _SHARED)
    ]
    if sharing:
        message = f"{listed(set(sharing))}: a shared address is not announced where serviceSelectors choose the service"
        hint = "Leave serviceSelectors out, or the annotation allow-shared-ip."
        code = "shared-address-with-selectors"
        yield subject.warning(code, "serviceSelectors", message, source=_L2, hint=hint)
