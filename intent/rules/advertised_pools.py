"""Advertisements against the pools that they are for."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import Finding
from intent.modes import Mode
from intent.rules.advertised import LENGTHS, WIDTH, Advertisement
from intent.rules.subject import CONFIG, VALIDATION, Subject
from intent.rules.view import View
from intent.selectors import readable
from intent.snapshot import texts


def pools_are_selected(view: View, subject: Subject) -> Iterator[Finding]:
    """An advertisement for no pool announces nothing; names that do not exist are told by themselves."""
    spec = subject.spec
    named = texts(spec.get("ipAddressPools"))
    if (
        view.pools.selected(spec)
        or not readable(spec.get("ipAddressPoolSelectors"))
        or (named and not spec.get("ipAddressPoolSelectors"))
    ):
        return
    field = "ipAddressPoolSelectors" if spec.get("ipAddressPoolSelectors") else "ipAddressPools"
    what = "The selectors match none of the pools" if view.pools.resources else "There is no pool yet"
    message, hint = f"{what}, so nothing is announced", "Check the selectors against the labels of the pools."
    if not view.pools.resources:
        hint = "Create a pool first."
    yield subject.warning("no-pool-selected", field, message, source=CONFIG, hint=hint)


def aggregation_fits(view: View, subject: Subject) -> Iterator[Finding]:
    """No prefix may be wider than an entry of the pool."""
    advertisement = view.advertisement_of[subject.resource.ref]
    for version, name in LENGTHS.items():
        length = advertisement.lengths[version]
        if length > WIDTH[version] or (version == 4 and length < 1):
            continue
        wrong = view.pools.narrower(version, length) & advertisement.pools
        if wrong:
            pools = view.pools.some(wrong)
            message = f"/{length} is wider than addresses of {pools}"
            hint = "Choose a longer prefix, or a pool that holds whole prefixes of this length."
            if length == WIDTH[version]:
                message = f"MetalLB takes the length of a range like ::ffff:203.0.113.0/120 for IPv4's, as in {pools}"
                hint = "Write the range of the pool in IPv4."
            code = "aggregation-wider-than-pool"
            yield subject.error(code, name, message, value=length, source=CONFIG, hint=hint, others=pools.refs)


def aggregation_without_services(view: View, subject: Subject) -> Iterator[Finding]:
    """An aggregate hides on which node a service is, which externalTrafficPolicy Local depends on."""
    advertisement = view.advertisement_of[subject.resource.ref]
    for version, name in LENGTHS.items():
        length = advertisement.lengths[version]
        fitting = view.pools.holding[version] & ~view.pools.narrower(version, length)
        if length < WIDTH[version] and fitting & advertisement.pools and not view.snapshot.services:
            message = (
                f"Services with externalTrafficPolicy Local lose traffic inside a /{length}: it also comes to nodes"
            )
            message += " without an endpoint"
            hint = "Use externalTrafficPolicy Cluster for services of these pools, or do not aggregate."
            yield subject.warning("aggregation-local-policy", name, message, value=length, source=CONFIG, hint=hint)


def native_ipv6(view: View, subject: Subject) -> Iterator[Finding]:
    """Native mode announces no IPv6, and refuses to try."""
    advertisement = view.advertisement_of[subject.resource.ref]
    wrong = view.pools.holding[6] & advertisement.pools
    if subject.mode is Mode.NATIVE and wrong:
        pools = view.pools.some(wrong)
        message = f"Native mode cannot announce IPv6, which {pools} holds"
        hint = "Choose pools of IPv4 addresses, or run MetalLB with FRR."
        yield subject.error(
            "native-ipv6-pool", _pool_field(advertisement), message, source=VALIDATION, hint=hint, others=pools.refs
        )


def _pool_field(advertisement: Advertisement) -> str:
    spec = advertisement.resource.spec
    return "ipAddressPoolSelectors" if spec.get("ipAddressPoolSelectors") else "ipAddressPools"


def families_have_peers(view: View, subject: Subject) -> Iterator[Finding]:
    """A prefix is dropped silently where the session does not carry its family; another advertisement may serve it."""
    advertisement = view.advertisement_of[subject.resource.ref]
    peers = view.named_peers(advertisement) & view.meeting(advertisement.nodes)
    if not peers:
        return
    for version in (4, 6):
        pools = view.pools.holding[version] & advertisement.pools & ~view.carried[version]
        if not pools or (version == 6 and subject.mode is Mode.NATIVE):
            continue
        held, reached = view.pools.some(pools), view.some_peers(peers)
        message = f"{held}: IPv{version} addresses, but no session carries IPv{version} ({reached})"
        hint = f"Add a peer with an IPv{version} address, or set dualStackAddressFamily."
        others = held.refs + reached.refs
        field = _pool_field(advertisement)
        yield subject.warning("family-without-peer", field, message, source=CONFIG, hint=hint, others=others)
