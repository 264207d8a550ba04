"""Which rules there are, by kind: one function a rule.

To add a rule: a generator of findings in the module of its subject, its row here, and its line in docs/rules.md. A row
marked `speaker` says: an error makes the speakers that read the object refuse their whole configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from intent.findings import Finding
from intent.rules import (
    advertised_peers,
    advertised_pools,
    advertised_services,
    advertisement,
    aliases,
    as_numbers,
    bfdprofile,
    community,
    frr_with_each_other,
    frr_with_metallb,
    local_pref,
    many_vrfs,
    metadata,
    modes,
    overlaps,
    peer_identity,
    peer_session,
    peer_timers,
    pool,
    references,
    repeated,
    schema,
    secrets,
    shared_addresses,
    shared_aggregates,
    sharing,
    used_pools,
)
from intent.rules.clashes import Clash
from intent.rules.subject import Rule, Subject
from intent.rules.view import View

_EVERY_KIND = (
    Rule(metadata.version_is_current),
    Rule(metadata.name_is_a_subdomain),
    Rule(metadata.namespace_is_metallbs),
    Rule(metadata.labels_are_well_formed),
    Rule(metadata.texts_are_printable),
    Rule(schema.by_schema),
    Rule(modes.newer_fields),
    Rule(modes.fields_without_effect),
    Rule(modes.native_mode, speaker=True),
    Rule(repeated.selectors, speaker=True),
)

OBJECT_RULES: dict[str, tuple[Rule, ...]] = {
    "BGPPeer": (
        *_EVERY_KIND,
        Rule(peer_identity.as_numbers, speaker=True),
        Rule(peer_identity.local_asn),
        Rule(peer_identity.address_or_interface, speaker=True),
        Rule(peer_identity.peer_address, speaker=True),
        Rule(peer_identity.source_address, speaker=True),
        Rule(peer_identity.router_id, speaker=True),
        Rule(peer_identity.device_names),
        Rule(peer_timers.durations),
        Rule(peer_timers.hold_time, speaker=True),
        Rule(peer_timers.keepalive_time, speaker=True),
        Rule(peer_timers.suits_frr),
        Rule(peer_timers.whole),
        Rule(peer_timers.frr_k8s_defaults),
        Rule(peer_session.multihop, speaker=True),
        Rule(peer_session.vrf),
        Rule(peer_session.disable_mp),
        Rule(peer_session.graceful_restart_with_bfd),
        Rule(peer_session.bfd_stays_on),
        Rule(peer_session.passwords, speaker=True),
        Rule(peer_session.password_secret),
        Rule(peer_session.inline_password),
    ),
    "BFDProfile": (*_EVERY_KIND, Rule(bfdprofile.echo_interval)),
    "IPAddressPool": (
        *_EVERY_KIND,
        Rule(pool.addresses, speaker=True),
        Rule(pool.mixed_ranges, speaker=True),
        Rule(pool.host_bits),
        Rule(pool.unusable),
        Rule(pool.overlap_inside, speaker=True),
        Rule(pool.no_address_left),
        Rule(pool.allocation),
        Rule(repeated.namespaces, speaker=True),
    ),
    "BGPAdvertisement": (
        *_EVERY_KIND,
        Rule(repeated.names, speaker=True),
        Rule(advertisement.lengths, speaker=True),
        Rule(advertisement.negative_length),
        Rule(advertisement.local_pref),
        Rule(community.advertised, speaker=True),
        Rule(community.large, speaker=True),
    ),
    "L2Advertisement": (*_EVERY_KIND, Rule(repeated.names, speaker=True), Rule(advertisement.interfaces)),
    "Community": (
        *_EVERY_KIND,
        Rule(community.values, speaker=True),
        Rule(community.alias_names),
        Rule(community.repeated_aliases, speaker=True),
        Rule(community.large, speaker=True),
    ),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A rule about one object that needs the others. speaker: as for Rule."""

    judge: Callable[[View, Subject], Iterator[Finding]]
    speaker: bool = False


REFERENCE_RULES: dict[str, tuple[Reference, ...]] = {
    "BGPPeer": (
        Reference(references.bfd_profile_exists, speaker=True),
        Reference(references.bfd_fits_the_hops),
        Reference(secrets.speakers_can_use_it, speaker=True),
        Reference(secrets.frr_k8s_can_use_it),
        Reference(secrets.is_checked),
        Reference(secrets.suits_frr),
        Reference(secrets.is_copied),
        Reference(secrets.stays_behind),
        Reference(references.nodes_are_selected),
        Reference(references.router_is_reachable),
        Reference(used_pools.peer_is_used),
    ),
    "IPAddressPool": (
        Reference(used_pools.is_advertised),
        Reference(used_pools.spares_nodes),
        Reference(used_pools.spares_peers),
        Reference(used_pools.keeps_addresses_in_use),
        Reference(used_pools.namespaces_exist),
    ),
    "BGPAdvertisement": (
        Reference(references.pools_and_peers_exist),
        Reference(references.aliases_exist, speaker=True),
        Reference(community.at_most_63),
        Reference(advertised_pools.pools_are_selected),
        Reference(advertised_pools.aggregation_fits, speaker=True),
        Reference(advertised_pools.aggregation_without_services),
        Reference(advertised_pools.native_ipv6, speaker=True),
        Reference(advertised_pools.families_have_peers),
        Reference(advertised_peers.nodes_are_selected),
        Reference(advertised_peers.peers_are_met),
        Reference(advertised_peers.local_pref_is_carried),
        Reference(advertised_peers.echo_without_ipv6, speaker=True),
        Reference(advertised_services.services_are_selected),
        Reference(advertised_services.aggregation_keeps_local_traffic),
    ),
    "L2Advertisement": (
        Reference(references.pools_and_peers_exist),
        Reference(advertised_pools.pools_are_selected),
        Reference(advertised_peers.nodes_are_selected),
        Reference(advertised_services.services_are_selected),
        Reference(advertised_services.shared_addresses_need_no_selectors),
    ),
}

CLASHES: dict[str, tuple[Callable[[View], Iterator[Clash]], ...]] = {
    "BGPPeer": (
        sharing.comparisons,
        as_numbers.comparisons,
        many_vrfs.comparisons,
        frr_with_metallb.with_peers,
    ),
    "BFDProfile": (frr_with_metallb.with_profiles,),
    "FRRConfiguration": (frr_with_each_other.with_each_other,),
    "IPAddressPool": (overlaps.comparisons,),
    "BGPAdvertisement": (local_pref.comparisons, shared_aggregates.comparisons, shared_addresses.comparisons),
    "Community": (aliases.comparisons,),
}


def clashes(view: View) -> Iterator[Clash]:
    """All rules between objects of one kind."""
    for several in CLASHES.values():
        for compare in several:
            yield from compare(view)


# The codes of severity `documented`, which can be acknowledged.
DOCUMENTED = frozenset(
    {
        "hold-time-zero",
        "keepalive-not-below-hold",
        "keepalive-without-hold",
        "my-asn-differs-elsewhere",
        "router-id-differs-elsewhere",
        "source-address-not-ipv4",
    }
)
