"""All rules about MetalLB's objects: one function a rule, listed here by kind.

To add a rule: a generator of findings in the module of its subject, and its row in a table below. A row marked
`speaker` says: an error makes the speakers that read the object refuse their whole configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from intent.findings import Finding, ObjectRef, Severity, shown
from intent.kinds import KINDS
from intent.modes import Mode, release
from intent.rules import (
    bfdprofile,
    metadata,
    modes,
    peer_identity,
    peer_session,
    peer_timers,
    references,
    schema,
    sharing,
)
from intent.rules.subject import KUBERNETES, SCHEMA, Rule, Subject
from intent.rules.view import View
from intent.snapshot import Resource, Snapshot, mapping, text

__all__ = ["blocking", "check", "check_object", "refused_on"]

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
        Rule(peer_timers.whole),
        Rule(peer_timers.frr_k8s_defaults),
        Rule(peer_session.multihop, speaker=True),
        Rule(peer_session.vrf),
        Rule(peer_session.disable_mp),
        Rule(peer_session.graceful_restart_with_bfd),
        Rule(peer_session.node_selectors, speaker=True),
        Rule(peer_session.passwords, speaker=True),
        Rule(peer_session.password_secret),
        Rule(peer_session.inline_password),
    ),
    "BFDProfile": (*_EVERY_KIND, Rule(bfdprofile.echo_interval)),
    "IPAddressPool": _EVERY_KIND,
    "BGPAdvertisement": _EVERY_KIND,
    "L2Advertisement": _EVERY_KIND,
    "Community": _EVERY_KIND,
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
        Reference(references.secret_is_usable, speaker=True),
        Reference(references.secret_suits_frr),
        Reference(references.password_is_copied),
        Reference(references.nodes_are_selected),
        Reference(references.router_is_reachable),
    ),
}


def check_object(
    manifest: object,
    *,
    mode: Mode,
    version: str,
    namespace: str,
    secret_namespace: str = "",
    inline_password: bool = False,
    old: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """All rules about one object by itself, whatever it is; never raises.

    version: MetalLB's, "" if not known. namespace: MetalLB's. secret_namespace: where Secrets with passwords are looked
    for, "" = there, too. inline_password: the object carries one that was masked. old: the spec in the cluster before
    this change, None for a new object.
    """
    body = mapping(manifest)
    resource = replace(Resource.from_manifest(body, inline_password=inline_password), live=old or {})
    kind = KINDS.get(resource.ref.kind)
    if kind is None:
        message, hint = f"{shown(resource.ref.kind) or 'An object without kind'} is not known here", "Check the kind."
        ref = (resource.ref,)
        return [
            Finding("unknown-kind", Severity.ERROR, "kind", shown(resource.ref.kind), message, KUBERNETES, hint, ref)
        ]
    api_version, spec = text(body.get("apiVersion")), body.get("spec")
    served = kind.served(api_version.rpartition("/")[2]) or kind.stored
    subject = Subject(
        resource=resource,
        kind=kind,
        version=served,
        mode=mode,
        release=release(version),
        namespace=namespace,
        password=mapping(spec).get("password"),
        api_version=api_version or "none",
        secret_namespace=secret_namespace,
    )
    findings = [finding for rule in OBJECT_RULES[kind.kind] for finding in rule.judge(subject)]
    if spec is not None and not isinstance(spec, Mapping):
        found = subject.error(
            "wrong-type", "", "spec must be an object", source=SCHEMA, hint="Write fields under spec."
        )
        findings.append(replace(found, field="spec"))
    return _sorted(findings)


def check(snapshot: Snapshot, refs: Collection[ObjectRef] | None = None) -> list[Finding]:
    """All rules over all objects of a cluster; refs: only what involves these, judged first in each finding.

    Objects outside MetalLB's namespace have no effect, so only rules about the object itself apply to them.
    """
    view = View(snapshot)
    findings = [finding for subject in view.subjects for finding in _judged(view, subject, refs)]
    for comparison in sharing.comparisons(view):
        findings.extend(comparison.findings(view, refs))
    return _sorted(findings)


def blocking(findings: Iterable[Finding], accepted: Collection[str] = ()) -> list[Finding]:
    """What forbids to apply: errors, and documented rules that nobody acknowledged by their code."""
    return [
        finding
        for finding in findings
        if finding.severity is Severity.ERROR
        or (finding.severity is Severity.DOCUMENTED and finding.code not in accepted)
    ]


def refused_on(snapshot: Snapshot, node_name: str) -> list[Finding]:
    """Why this node's speaker refuses its configuration and keeps the old one; [] = it accepts, or no such node."""
    nodes = tuple(node for node in snapshot.nodes if node.name == node_name)
    if not nodes:
        return []
    view = View(replace(snapshot, nodes=nodes))
    if view.node_aware:
        unread = {ref for ref, mask in view.masks.items() if not mask}
        read = tuple(resource for resource in snapshot.resources if resource.ref not in unread)
        view = View(replace(view.snapshot, resources=read))
    found = [
        finding
        for subject in view.subjects
        if view.in_force(subject)
        for finding in _judged(view, subject, None, speakers_only=True)
    ]
    for comparison in sharing.comparisons(view):
        if comparison.speaker:
            found += comparison.findings(view, None)
    return _sorted(replace(f, nodes=(node_name,)) for f in found if f.severity is Severity.ERROR)


def _judged(
    view: View, subject: Subject, refs: Collection[ObjectRef] | None, *, speakers_only: bool = False
) -> Iterator[Finding]:
    """What the rules say about one object, with the nodes whose speakers refuse it."""
    for speaker, findings in _rules(view, subject, refs):
        if speakers_only and not speaker:
            continue
        for finding in findings:
            if refs is not None and not any(ref in refs for ref in finding.objects):
                continue
            if speaker and finding.severity is Severity.ERROR and view.in_force(subject):
                yield replace(finding, nodes=view.placement.names(view.readers(subject.resource)))
            else:
                yield finding


def _rules(
    view: View, subject: Subject, refs: Collection[ObjectRef] | None
) -> Iterator[tuple[bool, Iterator[Finding]]]:
    kind = subject.resource.ref.kind
    if refs is None or subject.resource.ref in refs:
        for rule in OBJECT_RULES[kind]:
            yield rule.speaker, rule.judge(subject)
    if view.in_force(subject):
        for reference in REFERENCE_RULES.get(kind, ()):
            yield reference.speaker, reference.judge(view, subject)


_WEIGHT = {Severity.ERROR: 0, Severity.DOCUMENTED: 1, Severity.WARNING: 2}


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    """Heaviest first, then by object and rule, each finding once."""
    return sorted(set(findings), key=lambda f: (_WEIGHT[f.severity], f.objects, f.code, f.field, f.value, f.message))
