"""A frozen picture of one cluster: everything that rules, sessions and the renderer look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from intent.findings import ObjectRef
from intent.modes import Mode

T = TypeVar("T")

__all__ = ["Mode", "Node", "Resource", "SecretFact", "Service", "Snapshot", "mapping", "text", "texts"]


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster node. addresses: its IPs; subnets: the CIDRs that it is connected to, () if not known.

    network_unavailable: the condition NetworkUnavailable is true, so that the speaker announces nothing from here.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    ready: bool = True
    unschedulable: bool = False
    network_unavailable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service of type LoadBalancer.

    addresses: of status.loadBalancer, as the cluster gave them. pool: where they are from, as MetalLB's controller
    wrote it in `metallb.io/ip-allocated-from-pool`. local: externalTrafficPolicy Local. endpoint_nodes: where an
    endpoint is ready or serving, () = nowhere; "" stands for an endpoint that names no node.
    """

    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    pool: str = ""
    local: bool = False
    endpoint_nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretFact:
    """What is known about a Secret without its value. length_ok: the password has 1 to 80 bytes (FRR's limit).

    readable: False = nobody here may look at it, so that nothing else is known.
    """

    namespace: str
    name: str
    exists: bool = True
    type: str = "kubernetes.io/basic-auth"
    has_password: bool = True
    length_ok: bool = True
    trailing_newline: bool = False
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Resource:
    """One MetalLB object. spec never holds a password: inline_password says that the object carries one.

    password_faults: what is known to be wrong with that one (intent/passwords).
    live: the spec that the cluster holds; None = this spec is it; {} = the cluster has no such object yet.
    memo: what was worked out of the object alone; the snapshots before and after a change share all others.
    """

    ref: ObjectRef
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    inline_password: bool = False
    live: Mapping[str, Any] | None = None
    password_faults: tuple[str, ...] = ()
    memo: dict[object, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    @property
    def name(self) -> str:
        """metadata.name."""
        return self.ref.name

    @classmethod
    def from_manifest(cls, manifest: object, *, inline_password: bool = False) -> Resource:
        """A manifest of any quality; parts of the wrong type count as empty. spec.password is taken out."""
        body = mapping(manifest)
        metadata, spec = mapping(body.get("metadata")), dict(mapping(body.get("spec")))
        password = spec.pop("password", None)
        return cls(
            ref=ObjectRef(text(body.get("kind")), text(metadata.get("namespace")), text(metadata.get("name"))),
            uid=text(metadata.get("uid")),
            labels=mapping(metadata.get("labels")),
            annotations=mapping(metadata.get("annotations")),
            spec=spec,
            inline_password=inline_password or bool(password),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """mode, version ("0.16.1", "" = not known) and namespace are MetalLB's; objects elsewhere have no effect.

    services: those of type LoadBalancer. namespaces: labels of each, by name. frr_namespace: of the pods with FRR, "" =
    not known. secret_passthrough: MetalLB runs with --frrk8s-secret-passthrough. ignores_exclude: with
    --ignore-exclude-lb. frr_configurations: those that frr-k8s reads, in FRR-K8s mode. served_fields: the fields of
    specs in the CRDs that the cluster serves, by kind, as far as they are known. memo: what was worked out of
    parts of it; the snapshots that are made of this one share it, as they share most parts.
    """

    mode: Mode = Mode.UNKNOWN
    version: str = ""
    namespace: str = "metallb-system"
    resources: tuple[Resource, ...] = ()
    nodes: tuple[Node, ...] = ()
    secrets: tuple[SecretFact, ...] = ()
    services: Sequence[Service] = ()
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    frr_namespace: str = ""
    secret_passthrough: bool = False
    ignores_exclude: bool = False
    frr_configurations: Sequence[Resource] = ()
    served_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    memo: dict[object, Any] = field(repr=False, compare=False, default_factory=dict)

    @property
    def secret_namespace(self) -> str:
        """Where the Secrets with passwords of peers are looked for."""
        return secret_namespace(self.mode, self.namespace, self.frr_namespace, passthrough=self.secret_passthrough)

    @property
    def copies_passwords(self) -> bool:
        """Whether MetalLB writes passwords in clear text into the FRRConfigurations of another namespace."""
        elsewhere = self.frr_namespace not in {"", self.namespace}
        return self.mode is Mode.FRR_K8S and elsewhere and not self.secret_passthrough

    @property
    def passes_names_on(self) -> bool:
        """Whether MetalLB passes only the names of Secrets on to FRR-K8s, which then looks at them itself."""
        return self.mode is Mode.FRR_K8S and self.secret_passthrough

    def once(self, make: Callable[[], T], what: object, *parts: object) -> T:
        """What is made of these parts; snapshots that were made of each other and have the same parts share it."""
        key = what, *map(id, parts)
        if key not in self.memo:
            self.memo[key] = parts, make()  # what ids stand for has to stay
        found: T = self.memo[key][1]
        return found

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """All objects of a kind, in the order of the snapshot."""
        return tuple(resource for resource in self.resources if resource.ref.kind == kind)

    def in_force(self, kind: str) -> tuple[Resource, ...]:
        """The objects of a kind that MetalLB reads: those in its own namespace, sorted by name.

        The very same tuple for all snapshots that were made of each other and have the same objects of the kind.
        """
        return self.once(lambda: self._in_force(kind), ("in force", kind, self.namespace), self.resources)

    def _in_force(self, kind: str) -> tuple[Resource, ...]:
        own = (resource for resource in self.of_kind(kind) if resource.ref.namespace == self.namespace)
        found = tuple(sorted(own, key=lambda resource: resource.ref))
        return self.once(lambda: found, "in force", *found)

    def find(self, ref: ObjectRef) -> Resource | None:
        """The object by its reference."""
        return next((resource for resource in self.resources if resource.ref == ref), None)

    def with_resource(self, resource: Resource) -> Snapshot:
        """The same cluster with this object added or replaced, its live spec kept for rules about changes."""
        return self.with_resources([resource])

    def with_resources(self, several: Iterable[Resource]) -> Snapshot:
        """The same of several objects."""
        found = {resource.ref: resource for resource in self.resources}
        for resource in several:
            before = found.pop(resource.ref, None)
            known = {} if before is None else before.spec if before.live is None else before.live
            found[resource.ref] = replace(resource, live=known) if resource.live is None else resource
        return replace(self, resources=tuple(found.values()))

    def without(self, *refs: ObjectRef) -> Snapshot:
        """The same cluster after the deletion of these objects."""
        gone = set(refs)
        return replace(self, resources=tuple(resource for resource in self.resources if resource.ref not in gone))

    @classmethod
    def from_manifests(
        cls,
        manifests: Iterable[object],
        *,
        mode: Mode = Mode.UNKNOWN,
        version: str = "",
        namespace: str = "metallb-system",
        nodes: Iterable[Node] = (),
        secrets: Iterable[SecretFact] = (),
        services: Iterable[Service] = (),
    ) -> Snapshot:
        """A snapshot of objects as the cluster holds them; passwords are taken out."""
        resources = tuple(Resource.from_manifest(manifest) for manifest in manifests)
        return cls(Mode(mode), version, namespace, resources, tuple(nodes), tuple(secrets), tuple(services))


def secret_namespace(mode: Mode, namespace: str, frr_namespace: str, *, passthrough: bool) -> str:
    """Where the Secrets with passwords are looked for: by MetalLB in its own namespace, by FRR-K8s in that of its pods.

    FRR-K8s looks for itself when MetalLB passes only the name on, which it does between namespaces with the flag
    --frrk8s-secret-passthrough (MetalLB internal/bgp/frrk8s/frrk8s.go, newer than 0.16.1).
    """
    return frr_namespace or namespace if mode is Mode.FRR_K8S and passthrough else namespace


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list, none for anything else."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()
