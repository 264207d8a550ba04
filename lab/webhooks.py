"""MetalLB's admission webhooks: what they look at together, and what they refuse (internal/k8s/webhooks).

They see less than a speaker does: a missing profile, Secret or alias, and a password beside a Secret, pass here and
make speakers keep their old configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from intent.durations import nanoseconds
from intent.findings import Finding, Severity
from intent.placement import Placement
from intent.rules import refused_on
from intent.rules.peer_timers import TIMERS
from intent.rules.subject import subject_of
from intent.rules.tables import OBJECT_RULES
from intent.snapshot import Node, Resource, Snapshot
from lab.apiserver import ApiError, Manifest, Store
from lab.facts import node_fact
from lab.release import Release

_WRITES = ("CREATE", "UPDATE")
_HIDDEN = ("bfdProfile", "passwordSecret")  # looked up by speakers only


@dataclass(frozen=True, slots=True)
class Webhook:
    """name: as the webhook configuration calls it. beside: plurals of what is validated together with the kind itself.

    by_node: the nodes are loaded, too.
    """

    name: str
    operations: tuple[str, ...] = _WRITES
    beside: tuple[str, ...] = ()
    by_node: bool = False

    @property
    def full_name(self) -> str:
        """As refusals show it."""
        return f"{self.name}validationwebhook.metallb.io"


WEBHOOKS = {
    "BGPPeer": Webhook("bgppeers", by_node=True),
    "IPAddressPool": Webhook("ipaddresspool"),
    "BGPAdvertisement": Webhook("bgpadvertisement", beside=("ipaddresspools",), by_node=True),
    "L2Advertisement": Webhook("l2advertisement", beside=("ipaddresspools",)),
    "Community": Webhook("community"),
    "BFDProfile": Webhook("bfdprofile", operations=("CREATE", "DELETE")),
}


class Webhooks:
    """The API server's admission hook: called with the operation and the object, raises ApiError 403."""

    def __init__(self, store: Store, release: Release) -> None:
        self._store, self._release = store, release

    def __call__(self, operation: str, plural: str, manifest: Manifest) -> None:
        """operation: CREATE, UPDATE or DELETE; plural: of the kind, with its group."""
        webhook = WEBHOOKS.get(manifest["kind"])
        if webhook is None or not plural.endswith(".metallb.io") or operation not in webhook.operations:
            return
        resource = Resource.from_manifest(manifest)
        unreadable = next(_unreadable(resource), "")
        if unreadable:
            raise ApiError(400, "", f'admission webhook "{webhook.full_name}" denied the request: {unreadable}')
        problem = next(self._problems(webhook, operation, plural, resource), "")
        if problem:
            words = f'admission webhook "{webhook.full_name}" denied the request: {problem}'
            raise ApiError(403, "Forbidden", words)

    def _problems(self, webhook: Webhook, operation: str, plural: str, resource: Resource) -> Iterator[str]:
        namespace, kind = self._release.namespace, resource.ref.kind
        if kind == "BGPPeer" and operation == "CREATE" and resource.spec.get("disableMP") is True:
            return  # a warning, and nothing is looked at
        if operation == "DELETE":
            yield from self._users(resource)
            return
        if operation == "CREATE" and resource.ref.namespace != namespace:
            yield f"resource must be created in {namespace} namespace"
        if kind == "BFDProfile":
            return
        snapshot = self._loaded(webhook, plural).with_resource(_blanked(resource))
        yield from (f.message for f in _own(snapshot, _blanked(resource)))
        for node in _different(snapshot):
            yield from (finding.message for finding in refused_on(snapshot, node))

    def _users(self, profile: Resource) -> Iterator[str]:
        for peer in self._store.list("bgppeers", profile.ref.namespace):
            if (peer.get("spec") or {}).get("bfdProfile") == profile.name:
                yield f"BFDProfile {profile.name} is used by BGPPeer {peer['metadata']['name']}"

    def _loaded(self, webhook: Webhook, plural: str) -> Snapshot:
        """What the webhook lists, as it reads it."""
        release = self._release
        manifests = [each for kind in (plural, *webhook.beside) for each in self._store.list(kind, release.namespace)]
        nodes = [node_fact(each) for each in self._store.list("nodes")] if webhook.by_node else []
        resources = tuple(_blanked(Resource.from_manifest(each)) for each in manifests)
        return Snapshot(release.mode, release.version, release.namespace, resources, tuple(nodes) or (Node("any"),))


def _unreadable(resource: Resource) -> Iterator[str]:
    """What Go cannot decode (metav1.Duration), so that nothing is looked at; the CRD takes any text."""
    for name in TIMERS if resource.ref.kind == "BGPPeer" else ():
        value = resource.spec.get(name)
        try:
            nanoseconds(value if isinstance(value, str) else "0s")
        except ValueError:
            unit = "missing unit in" if str(value).lstrip("+-").replace(".", "", 1).isdecimal() else "invalid"
            yield f'time: {unit} duration "{value}"'


def _blanked(resource: Resource) -> Resource:
    """Without what could name an object that is still to come."""
    spec = {name: value for name, value in resource.spec.items() if name not in _HIDDEN}
    if isinstance(spec.get("communities"), list) and resource.ref.kind == "BGPAdvertisement":
        spec["communities"] = [each for each in spec["communities"] if ":" in str(each)]
    return replace(resource, spec=spec)


def _own(snapshot: Snapshot, resource: Resource) -> Iterable[Finding]:
    """What MetalLB's parser refuses of one object, whatever nodes it selects."""
    subject = subject_of(resource, snapshot)
    rules = OBJECT_RULES[resource.ref.kind] if subject else ()
    found = (finding for rule in rules if rule.speaker and subject for finding in rule.judge(subject))
    return (finding for finding in found if finding.severity is Severity.ERROR)


def _different(snapshot: Snapshot) -> Iterator[str]:
    """One node of each set of nodes that the same objects select."""
    placement = Placement(snapshot.nodes)
    chosen: dict[str, set[str]] = {node.name: set() for node in snapshot.nodes}
    for resource in snapshot.resources:
        if resource.ref.kind in ("BGPPeer", "BGPAdvertisement"):
            for name in placement.names(placement.mask(resource.spec)):
                chosen[name].add(f"{resource.ref.kind}/{resource.name}")
    yield from {frozenset(names): node for node, names in chosen.items()}.values()
