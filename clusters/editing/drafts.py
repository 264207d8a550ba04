"""A resource on its way through form, YAML tab and Review: read from what the page sent, judged, nothing saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.http import QueryDict

from clusters import services
from clusters.editing.reading import Layout
from clusters.edits.judging import OWNED
from clusters.edits.overriding import NOTHING, Override, stops
from clusters.edits.rebase import Choices, Contested, rebase, refused, standing
from clusters.kindpages import KindPage
from clusters.manifest import FieldDiff, plain
from clusters.models import Cluster, Resource
from clusters.selectors import clusters_active
from intent.findings import Finding, ObjectRef, Severity
from intent.rules import blocking

_SOURCE = "bgpui"
_AS_IT_COMES: Choices = MappingProxyType({})


@dataclass(slots=True)
class Draft:
    """What the user wants. password: None = as it is, "" = without the inline one, else a new one.

    typed: a password was typed, here or on a page before, which does not keep it. without: to go on without that one.
    texts and layouts: see `clusters.editing.reading.Typed`. yaml: the text of the YAML tab while it is no manifest.
    findings: about the input itself. revision: of the row that was looked at; 0 = there was none. origin: the manifest
    that the edit was made from, None = nothing. contested, followed and sides: see `clusters.edits.rebase.Rebased`;
    began: origin and manifest before that.
    """

    about: KindPage
    cluster: Cluster | None
    namespace: str
    name: str
    manifest: dict[str, Any]
    row: Resource | None = None
    password: str | None = None
    typed: bool = False
    without: bool = False
    accept: list[str] = field(default_factory=list)
    override: Override = NOTHING
    revision: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    layouts: dict[str, Layout] = field(default_factory=dict)
    yaml: str | None = None
    findings: list[Finding] = field(default_factory=list)
    origin: Mapping[str, Any] | None = None
    contested: tuple[Contested, ...] = ()
    followed: tuple[FieldDiff, ...] = ()
    sides: tuple[Contested, ...] = ()
    began: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] = (None, None)

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.about.kind.kind, self.namespace, self.name)

    @property
    def whole(self) -> dict[str, Any]:
        """The manifest with a new password, or with "" for none; it is for the rules, which refuse it in a set."""
        if self.password is None:
            return self.manifest
        return {**self.manifest, "spec": {**self.manifest["spec"], "password": self.password}}

    @property
    def readable(self) -> bool:
        """Whether everything that was typed became a manifest."""
        return self.yaml is None

    def stops(self, review: services.Review | None) -> list[Finding]:
        """What forbids Review: of the input itself all, of the rules what is neither accepted nor overridden.

        An object that a tool looks after is reviewed as well, for a patch to take there.
        """
        found = review.findings if review is not None and self.readable else ()
        of_rules = [finding for finding in found if finding.code != OWNED]
        return [*blocking(self.findings, self.accept), *stops(of_rules, self.accept, self.override)]

    def refuse(self, code: str, path: str, message: str, hint: str = "") -> None:
        """Add a finding of our own that blocks."""
        self.findings.append(Finding(code, Severity.ERROR, path, "", message, _SOURCE, hint, (self.ref,)))

    def rebase(self, choices: Choices = _AS_IT_COMES) -> None:
        """Put the edit on top of what others made of the object since. choices: whose value a field gets."""
        theirs = standing(self.row) if self.row is not None else None
        if self.readable and (self.origin or choices) and theirs is not None:
            found = rebase(self.about.kind, self.origin, self.manifest, theirs, choices)
            if found.sides or found.followed:
                self.began, self.sides = (self.origin, self.manifest), found.sides
                self.contested, self.followed = found.contested, found.followed
            self.manifest = found.manifest
        self.origin = theirs

    def review(self, *, dry_run: bool) -> services.Review | None:
        """What it would change, and what rules and API server say; None without a cluster to ask."""
        if self.cluster is None:
            return None
        return services.review(
            cluster=self.cluster,
            kind=self.about.kind.kind,
            namespace=self.namespace,
            name=self.name,
            manifest=self.manifest,
            password=self.password,
            dry_run=dry_run,
        )


def draft_of_row(about: KindPage, row: Resource) -> Draft:
    """The object as it shall be by now; an edit that was refused is put on top of what the cluster holds.

    A deletion that was refused leaves just that.
    """
    draft = Draft(about, row.cluster, row.namespace, row.name, row.manifest, row=row, revision=row.revision)
    draft.origin = plain(row.base) if refused(row) and not row.refused_deletion else row.manifest
    draft.rebase()
    return draft


def draft_new(about: KindPage, query: QueryDict) -> Draft:
    """An empty one, in MetalLB's namespace of the only or the named cluster."""
    cluster = _cluster(query.get("cluster", ""))
    namespace = cluster.namespace if cluster else ""
    return Draft(about, cluster, namespace, "", {"metadata": {"namespace": namespace}, "spec": {}})


def _cluster(name: str) -> Cluster | None:
    active = list(clusters_active())
    return next((one for one in active if one.name == name), active[0] if len(active) == 1 else None)


def packed(manifest: Mapping[str, Any] | None) -> str:
    """A manifest for a hidden input; empty for none."""
    return json.dumps(manifest, ensure_ascii=False) if manifest is not None else ""
