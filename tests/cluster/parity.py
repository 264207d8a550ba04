"""Our verdict beside the cluster's, over objects drawn at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from intent.findings import Finding, ObjectRef, Severity
from intent.modes import Mode
from intent.rules import check, check_object
from intent.snapshot import Node, Resource, Snapshot
from lab.apiserver import ApiError
from lab.control_plane import ControlPlane
from lab.control_plane.client import Client
from lab.control_plane.store import path_of
from tests.cluster.drawn import NAMESPACE, PLURALS, Draw

NODES = {"node-a": {"rack": "a", "zone": "1"}, "node-b": {"rack": "b", "zone": "1"}, "node-c": {"rack": "c"}}
_BASE, _TRIALS = 7, 24  # objects that a set begins with at most, objects that are tried beside them
_LOOKS = 5  # at an answer that differs: the controller reads through caches that are milliseconds old


UNREAD = "a new BGPPeer with disableMP"
MAPPED = "an overlap of IPv4 mapped into IPv6"


@dataclass(slots=True)
class Tally:
    """What came out. laxer: examples of what we would have accepted; stricter: by rule, with an example.

    for_others: of both_reject, where we refuse what stands beside the object that was tried, and not that one itself.
    """

    tried: int = 0
    both_accept: int = 0
    both_reject: int = 0
    for_others: int = 0
    stricter_sets: int = 0
    stricter: Counter[str] = field(default_factory=Counter)
    laxer: list[str] = field(default_factory=list)
    examples: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = f"both accept {self.both_accept}, both reject {self.both_reject} ({self.for_others} for others)"
        return f"{self.tried} sets tried: {figures}, ours stricter {self.stricter_sets}, ours laxer {len(self.laxer)}"


class Parity:
    """One backend's rules against the API server with MetalLB's CRDs and webhooks."""

    def __init__(self, plane: ControlPlane, client: Client, mode: Mode, version: str) -> None:
        self._plane, self._client, self._mode, self._version = plane, client, mode, version
        self.tally = Tally()
        self._held: dict[ObjectRef, dict[str, Any]] = {}

    def run(self, draw: Draw, sets: int) -> Tally:
        """Try this many sets of objects: those that stand, with one more or one changed."""
        while self.tally.tried < sets:
            self._clear()
            for number in range(draw.random.randint(0, _BASE)):
                kind = draw.kind()
                name = f"pool-{number % 2}" if kind == "IPAddressPool" else f"base-{number}"
                self._begin(draw.manifest(kind, name))
            trials = list(self._trials(draw))
            for _caches_fill in range(2):
                verdicts = [self._cluster(manifest) for manifest in trials]
            for manifest, refusal in zip(trials, verdicts, strict=True):
                self._compare(manifest, refusal)
        self._clear()
        return self.tally

    def _trials(self, draw: Draw) -> Iterator[dict[str, Any]]:
        held = list(self._held.values())
        for _ in range(_TRIALS):
            if held and draw.random.random() < 0.35:
                old = draw.random.choice(held)
                yield draw.manifest(old["kind"], old["metadata"]["name"])
            else:
                yield draw.manifest(draw.kind(), "tried")

    def _begin(self, manifest: dict[str, Any]) -> None:
        """Create it for good, if the cluster takes it."""
        kind = manifest["kind"]
        try:
            made = self._client.request("POST", self._path(kind), manifest)
        except ApiError:
            return
        self._held[ObjectRef(kind, NAMESPACE, made["metadata"]["name"])] = made

    def _compare(self, manifest: dict[str, Any], refusal: str) -> None:
        ours = self._ours(manifest)
        for _look in range(_LOOKS):
            if bool(ours) == bool(refusal):
                break
            refusal = self._cluster(manifest)
        tally, codes = self.tally, sorted({finding.code for finding in ours})
        if _unread(manifest):
            codes = [UNREAD]
        elif "::ffff:" in str(manifest["spec"].get("addresses")):
            codes = [MAPPED if code in ("pool-overlaps-itself", "pools-overlap") else code for code in codes]
        tally.tried += 1
        if not ours and not refusal:
            tally.both_accept += 1
        elif ours and refusal:
            tally.both_reject += 1
        elif ours:
            tally.stricter_sets += 1
            tally.stricter.update(codes)
            for code in codes:
                tally.examples.setdefault(code, f"{manifest['spec']}: {[finding.message for finding in ours]}")
        elif self._broken():  # a webhook of one object reads all of its kind
            tally.both_reject += 1
            tally.for_others += 1
        else:
            beside = [f"{ref.kind} {ref.name} {held['spec']}" for ref, held in self._held.items()]
            tally.laxer.append(f"{manifest['kind']} {manifest['spec']}: {refusal}; beside {beside}")

    def _cluster(self, manifest: dict[str, Any]) -> str:
        """The refusal of a dry run, "" if there is none."""
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        held = self._held.get(ObjectRef(kind, NAMESPACE, name))
        try:
            if held is None:
                self._client.request("POST", self._path(kind), manifest, query=query)
            else:
                version = {"resourceVersion": held["metadata"]["resourceVersion"]}
                body = {**manifest, "metadata": {**manifest["metadata"], **version}}
                self._client.request("PUT", self._path(kind, name), body, query=query)
        except ApiError as refusal:
            return refusal.message or str(refusal.code)
        return ""

    def _standing(self) -> Snapshot:
        resources = tuple(Resource.from_manifest(held) for held in self._held.values())
        nodes = tuple(Node(name, labels) for name, labels in NODES.items())
        return Snapshot(self._mode, self._version, NAMESPACE, resources, nodes)

    def _broken(self) -> bool:
        """Whether we refuse what stands; the order in which it was made did not let the cluster see it."""
        return any(finding.severity is Severity.ERROR for finding in check(self._standing()))

    def _ours(self, manifest: dict[str, Any]) -> list[Finding]:
        """The errors of all rules about it, alone and beside what stands, as Review asks them."""
        ref, snapshot = ObjectRef(manifest["kind"], NAMESPACE, manifest["metadata"]["name"]), self._standing()
        held = self._held.get(ref)
        alone = check_object(
            manifest,
            mode=self._mode,
            version=self._version,
            namespace=NAMESPACE,
            old=None if held is None else held["spec"],
        )
        found = [*check(snapshot.with_resource(Resource.from_manifest(manifest)), {ref}), *alone]
        return [finding for finding in found if finding.severity is Severity.ERROR]

    def _clear(self) -> None:
        """No objects; peers first, which profiles are held by."""
        for ref in sorted(self._held, key=lambda ref: ref.kind != "BGPPeer"):
            for _look in range(_LOOKS):
                try:
                    self._client.request("DELETE", self._path(ref.kind, ref.name))
                except ApiError as refusal:
                    if refusal.code != 403:
                        raise
                else:
                    break
        self._held.clear()

    def _path(self, kind: str, name: str = "") -> str:
        return path_of(self._plane.store.registry.find(f"{PLURALS[kind]}.metallb.io"), NAMESPACE, name)


def _unread(manifest: dict[str, Any]) -> bool:
    """Whether the webhook only warns, before it reads anything."""
    return manifest["kind"] == "BGPPeer" and manifest["spec"].get("disableMP") is True
