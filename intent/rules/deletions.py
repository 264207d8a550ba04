"""What stands against deleting an object, and what goes with it, beyond the names that others would then miss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from intent.addresses import parse_address
from intent.findings import Finding, listed
from intent.modes import Mode
from intent.pools import ranges
from intent.references import aliases, references_of
from intent.rules.secrets import goes_without_it
from intent.rules.subject import CONFIG, FRR_K8S, WEBHOOK, Subject, subject_of
from intent.snapshot import Resource, Snapshot, text

_HONOURED = (0, 14, 2)  # before, the speakers kept a pool whose addresses services had
_NAMED = 5


def check_deletion(after: Snapshot, gone: Resource) -> list[Finding]:
    """after: the cluster without the object, and with everything else that happens together with its deletion."""
    subject = subject_of(gone, after)
    judge = _RULES.get(gone.ref.kind)
    if subject is None or judge is None or gone.ref.namespace != after.namespace:
        return []
    return [replace(finding, field="", value="") for finding in judge(after, subject)]


def _profile(after: Snapshot, subject: Subject) -> Iterator[Finding]:
    """MetalLB's webhook protects a profile that a peer names; nothing else is protected."""
    name = subject.resource.name
    users = [peer for peer in after.in_force("BGPPeer") if text(peer.spec.get("bfdProfile")) == name]
    if users:
        message = f"BFDProfile {name} is in use by {listed(peer.name for peer in users)}; MetalLB refuses to delete it"
        hint = "Take it out of the peers first. That alone leaves BFD on with defaults: delete and recreate the peers."
        others = tuple(peer.ref for peer in users[:_NAMED])
        yield subject.error("profile-in-use", "", message, source=WEBHOOK, hint=hint, others=others)
    elif subject.mode is Mode.FRR_K8S and not after.in_force("BFDProfile"):
        message = "FRR keeps the last BFD profile after its deletion, until something else changes or it restarts"
        hint = "Nothing uses it any more, so this does no harm."
        yield subject.warning("last-profile-stays", "", message, source=FRR_K8S, hint=hint)


def _pool(after: Snapshot, subject: Subject) -> Iterator[Finding]:
    """Services lose their addresses at once."""
    held = ranges(subject.resource)
    users = [
        f"{service.namespace}/{service.name}"
        for service in after.services
        if any(address in one for address in map(parse_address, service.addresses) if address for one in held)
    ]
    if not users:
        return
    code, source, some = "pool-in-use", "MetalLB controller", listed(users)
    if subject.release < _HONOURED:
        message = f"Services have addresses of the pool ({some}); this MetalLB keeps its old configuration until then"
        yield subject.error(code, "", message, source=source, hint="Move these services to another pool first.")
    else:
        message = f"Services lose their addresses at once, and get others if a pool has some: {some}"
        yield subject.warning(code, "", message, source=source, hint="Move these services to another pool first.")


def _community(after: Snapshot, subject: Subject) -> Iterator[Finding]:
    """No webhook protects an alias, and the speakers refuse everything that is new while an advertisement names it."""
    left = {name for other in after.in_force("Community") for _path, name, _value in aliases(other.spec)}
    lost = {name for _path, name, _value in aliases(subject.spec)} - left
    users = [
        one
        for one in after.in_force("BGPAdvertisement")
        if any(named.kind == "Community" and named.name in lost for named in references_of(one))
    ]
    if users:
        names = listed(one.name for one in users)
        message = f"Its aliases are named by {names}: every speaker would keep its old configuration from then on"
        hint = "Take the aliases out of these advertisements first, or write the communities there as values."
        others = tuple(one.ref for one in users[:_NAMED])
        yield subject.error("alias-in-use", "", message, source=CONFIG, hint=hint, others=others)


_RULES: dict[str, Callable[[Snapshot, Subject], Iterator[Finding]]] = {
    "BGPPeer": goes_without_it,
    "BFDProfile": _profile,
    "IPAddressPool": _pool,
    "Community": _community,
}
