"""All rules about MetalLB's objects, and how they are run; intent/rules/tables.py lists them by kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from intent.findings import Finding, ObjectRef, Severity, shown
from intent.kinds import KINDS, STATUS_KINDS, Kind
from intent.modes import Mode, release
from intent.rules.clashes import Clash
from intent.rules.deletions import check_deletion
from intent.rules.frr_objects import judged
from intent.rules.frr_with_each_other import with_each_other
from intent.rules.frr_with_metallb import with_peers, with_profiles
from intent.rules.subject import KUBERNETES, SCHEMA, Subject
from intent.rules.tables import DOCUMENTED, OBJECT_RULES, REFERENCE_RULES, clashes
from intent.rules.view import NODE_AWARE, View
from intent.snapshot import Resource, Snapshot, mapping, text

__all__ = [
    "DOCUMENTED",
    "Checked",
    "blocking",
    "check",
    "check_deletion",
    "check_frr_configuration",
    "check_object",
    "refused_on",
    "unmerged_on",
]
_Ruled = tuple[bool, Iterable[Finding]]  # whether speakers apply a rule, and what it finds


def check_object(
    manifest: object,
    *,
    mode: Mode,
    version: str,
    namespace: str,
    secret_namespace: str = "",
    inline_password: bool = False,
    old: Mapping[str, Any] | None = None,
    served: frozenset[str] = frozenset(),
) -> list[Finding]:
    """All rules about one object by itself, whatever it is; never raises.

    version: MetalLB's, "" if not known. namespace: MetalLB's. secret_namespace: where Secrets with passwords are looked
    for, "" = there, too. inline_password: the object carries one that was masked. old: the spec in the cluster before
    this change, None for a new object. served: fields of the spec that the cluster's CRD has, if they are known.
    """
    body = mapping(manifest)
    resource = replace(Resource.from_manifest(body, inline_password=inline_password), live=old or {})
    kind = KINDS.get(resource.ref.kind)
    if kind is None:
        return [_not_configured(resource.ref)]
    spec = body.get("spec")
    subject = _subject(resource, kind, body, mode=mode, version=version, namespace=namespace, room=secret_namespace)
    subject = replace(subject, served=served)
    findings = [finding for rule in OBJECT_RULES[kind.kind] for finding in rule.judge(subject)]
    if spec is not None and not isinstance(spec, Mapping):
        found = subject.error(
            "wrong-type", "", "spec must be an object", source=SCHEMA, hint="Write fields under spec."
        )
        findings.append(replace(found, field="spec"))
    return _sorted(findings)


def _subject(
    resource: Resource, kind: Kind, body: Mapping[str, Any], *, mode: Mode, version: str, namespace: str, room: str
) -> Subject:
    """An object in the version that it is written in. room: where Secrets with passwords are looked for."""
    api_version = text(body.get("apiVersion"))
    return Subject(
        resource=resource,
        kind=kind,
        version=kind.served(api_version.rpartition("/")[2]) or kind.stored,
        mode=mode,
        release=release(version),
        namespace=namespace,
        password=mapping(body.get("spec")).get("password"),
        api_version=api_version or "none",
        secret_namespace=room,
    )


def _not_configured(ref: ObjectRef) -> Finding:
    """An object of a kind that nobody writes here."""
    kind = shown(ref.kind)
    code, message, hint = "unknown-kind", f"{kind or 'An object without kind'} is not known here", "Check the kind."
    if ref.kind in STATUS_KINDS:
        code, message = "kind-is-read-only", f"{kind} is written by MetalLB itself, not by people"
        hint = "Leave it out; MetalLB keeps it up to date."
    return Finding(code, Severity.ERROR, "kind", kind, message, KUBERNETES, hint, (ref,))


class Checked:
    """All rules over all objects of a cluster, each worked out once, whatever is asked how often.

    asked: which objects findings name before others. Objects outside MetalLB's namespace have no effect, so only rules
    about the object itself apply to them.
    """

    def __init__(self, snapshot: Snapshot, asked: Collection[ObjectRef] = ()) -> None:
        self._view = View(snapshot, asked)
        self._found: dict[ObjectRef, tuple[_Ruled, ...]] = {}

    def findings(self, refs: Collection[ObjectRef] | None = None) -> list[Finding]:
        """refs: only what involves these, judged first in each finding."""
        view = self._view
        findings = [f for subject in view.subjects for f in _judged(view, subject, refs, self._rules(subject, refs))]
        findings += [
            f for each in view.frr_configurations if refs is None or each.ref in refs for f in judged(view, each)
        ]
        for comparison in self._clashes:
            findings.extend(comparison.findings(view, refs))
        return _sorted(findings)

    @cached_property
    def _clashes(self) -> tuple[Clash, ...]:
        return tuple(clashes(self._view))

    def _rules(self, subject: Subject, refs: Collection[ObjectRef] | None) -> Iterator[_Ruled]:
        ref = subject.resource.ref
        if refs is None or ref in refs:
            yield from _alone(subject)
        if ref not in self._found:
            self._found[ref] = _told(_beside(self._view, subject))
        yield from self._found[ref]


def check(snapshot: Snapshot, refs: Collection[ObjectRef] | None = None) -> list[Finding]:
    """All rules over all objects of a cluster; refs: only what involves these, judged first in each finding."""
    return Checked(snapshot, refs or ()).findings(refs)


def check_frr_configuration(snapshot: Snapshot, ref: ObjectRef) -> list[Finding]:
    """What is wrong with an FRRConfiguration of people, by itself and beside what MetalLB and others write."""
    view = View(snapshot, {ref})
    findings = [finding for each in view.frr_configurations if each.ref == ref for finding in judged(view, each)]
    for comparison in (*with_peers(view), *with_profiles(view), *with_each_other(view)):
        findings.extend(comparison.findings(view, {ref}))
    return _sorted(findings)


def unmerged_on(snapshot: Snapshot) -> frozenset[str]:
    """The nodes where frr-k8s refuses what people's FRRConfigurations say beside MetalLB's, and FRR keeps the old."""
    view = View(snapshot)
    findings = [finding for each in view.frr_configurations for finding in judged(view, each)]
    for comparison in (*with_peers(view), *with_profiles(view), *with_each_other(view)):
        findings.extend(comparison.findings(view, None))
    return frozenset(name for finding in findings if finding.severity is Severity.ERROR for name in finding.nodes)


def blocking(findings: Iterable[Finding], accepted: Collection[str] = ()) -> list[Finding]:
    """What forbids to apply: errors, and documented rules that nobody acknowledged by their code; not what stood."""
    return [
        finding
        for finding in findings
        if not finding.stood
        and (
            finding.severity is Severity.ERROR
            or (finding.severity is Severity.DOCUMENTED and finding.code not in accepted)
        )
    ]


def refused_on(snapshot: Snapshot, node_name: str) -> list[Finding]:
    """Why this node's speaker refuses its configuration and keeps the old one; [] = it accepts, or no such node."""
    nodes = tuple(node for node in snapshot.nodes if node.name == node_name)
    if not nodes:
        return []
    view = View(snapshot)
    if release(snapshot.version) >= NODE_AWARE:
        view = View(replace(snapshot, nodes=nodes))
        unread = {ref for ref, mask in view.masks.items() if not mask}
        read = tuple(resource for resource in snapshot.resources if resource.ref not in unread)
        view = View(replace(view.snapshot, resources=read))
    found = [
        finding
        for subject in view.subjects
        if view.in_force(subject)
        for finding in _judged(view, subject, None, (*_alone(subject), *_beside(view, subject)), speakers_only=True)
    ]
    for comparison in clashes(view):
        if comparison.speaker:
            found += comparison.findings(view, None)
    return _sorted(replace(f, nodes=(node_name,)) for f in found if f.severity is Severity.ERROR)


def _judged(
    view: View,
    subject: Subject,
    refs: Collection[ObjectRef] | None,
    ruled: Iterable[_Ruled],
    *,
    speakers_only: bool = False,
) -> Iterator[Finding]:
    """What the rules say about one object, with the nodes whose speakers refuse it."""
    names = view.placement.names
    for speaker, findings in ruled:
        if speakers_only and not speaker:
            continue
        for finding in findings:
            if refs is not None and not any(ref in refs for ref in finding.objects):
                continue
            if speaker and finding.severity is Severity.ERROR and view.in_force(subject):
                yield finding if finding.nodes else replace(finding, nodes=names(view.readers(subject.resource)))
            else:
                yield finding


def _beside(view: View, subject: Subject) -> Iterator[_Ruled]:
    """What the rules about one object beside the others find."""
    if view.in_force(subject):
        for reference in REFERENCE_RULES.get(subject.resource.ref.kind, ()):
            yield reference.speaker, reference.judge(view, subject)


def _alone(subject: Subject) -> tuple[_Ruled, ...]:
    """What the rules about single objects find, and whether speakers apply them; worked out once an object."""
    key = (
        _alone,
        subject.mode,
        subject.release,
        subject.namespace,
        subject.secret_namespace,
        subject.api_version,
        subject.served,
    )
    memo = subject.resource.memo
    if key not in memo:
        rules = OBJECT_RULES[subject.resource.ref.kind]
        memo[key] = _told((rule.speaker, rule.judge(subject)) for rule in rules)
    found: tuple[_Ruled, ...] = memo[key]
    return found


def _told(ruled: Iterable[_Ruled]) -> tuple[_Ruled, ...]:
    """The rules that find something, which few do."""
    judged = ((speaker, tuple(found)) for speaker, found in ruled)
    return tuple(each for each in judged if each[1])


_WEIGHT = {Severity.ERROR: 0, Severity.DOCUMENTED: 1, Severity.WARNING: 2}


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    """Heaviest first, then by object and rule, each finding once."""
    return sorted(set(findings), key=lambda f: (_WEIGHT[f.severity], f.objects, f.code, f.field, f.value, f.message))
