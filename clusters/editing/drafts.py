"""A resource on its way through form, YAML tab and Review: read from what the page sent, judged, nothing saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.http import QueryDict

from clusters import services
from clusters.api.documents import UnreadableError, read_json, read_yaml
from clusters.api.manifests import draft_of
from clusters.api.problems import BadBody
from clusters.editing.inputs import NAME, NAMESPACE, PASSWORD
from clusters.editing.reading import Layout, manifest_of
from clusters.editing.sealed import unseal
from clusters.edits.overriding import NOTHING, Override, stops
from clusters.edits.rebase import Contested, rebase, refused, standing
from clusters.kindpages import KindPage
from clusters.kube.redact import without_passwords
from clusters.manifest import FieldDiff, plain
from clusters.models import Cluster, Resource
from clusters.registry import rows_of
from clusters.selectors import clusters_active
from intent.findings import Finding, ObjectRef, Severity
from intent.rules import blocking

_SOURCE = "bgpui"
_NAME_LIMIT = 253


@dataclass(slots=True)
class Draft:
    """What the user wants. password: None = as it is, "" = without the inline one, else a new one.

    texts and layouts: see `clusters.editing.reading.Typed`. yaml: the text of the YAML tab while it is no manifest.
    findings: about the input itself. revision: of the row that was looked at; 0 = there was none. origin: the manifest
    that the edit was made from, None = nothing. contested and followed: see `clusters.edits.rebase.Rebased`.
    """

    about: KindPage
    cluster: Cluster | None
    namespace: str
    name: str
    manifest: dict[str, Any]
    row: Resource | None = None
    password: str | None = None
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

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef(self.about.kind.kind, self.namespace, self.name)

    @property
    def readable(self) -> bool:
        """Whether everything that was typed became a manifest."""
        return self.yaml is None

    def stops(self, review: services.Review | None) -> list[Finding]:
        """What forbids to apply: of the input itself all, of the rules what is neither accepted nor overridden."""
        of_rules = review.findings if review is not None and self.readable else ()
        return [*blocking(self.findings, self.accept), *stops(of_rules, self.accept, self.override)]

    def refuse(self, code: str, path: str, message: str, hint: str = "") -> None:
        """Add a finding of our own that blocks."""
        self.findings.append(Finding(code, Severity.ERROR, path, "", message, _SOURCE, hint, (self.ref,)))

    def rebase(self) -> None:
        """Put the edit on top of what others made of the object since it was begun."""
        theirs = standing(self.row) if self.row is not None else None
        if self.readable and self.origin and theirs is not None:
            found = rebase(self.about.kind, self.origin, self.manifest, theirs)
            self.manifest, self.contested, self.followed = found.manifest, found.contested, found.followed
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
    """The object as it shall be by now; an edit that was refused is put on top of what the cluster holds."""
    draft = Draft(about, row.cluster, row.namespace, row.name, row.manifest, row=row, revision=row.revision)
    draft.origin = plain(row.base) if refused(row) else row.manifest
    draft.rebase()
    return draft


def draft_new(about: KindPage, query: QueryDict) -> Draft:
    """An empty one, in MetalLB's namespace of the only or the named cluster."""
    cluster = _cluster(query.get("cluster", ""))
    namespace = cluster.namespace if cluster else ""
    return Draft(about, cluster, namespace, "", {"metadata": {"namespace": namespace}, "spec": {}})


def draft_posted(about: KindPage, post: QueryDict, session: SessionBase, row: Resource | None) -> Draft:
    """What a page sent: `from` says which one (form, yaml or review)."""
    draft = draft_of_row(about, row) if row else draft_new(about, post)
    draft.accept = [code[:100] for code in post.getlist("accept")[:50]]
    looked_at = revision_posted(post)
    draft.revision = draft.revision if looked_at is None else looked_at
    draft.origin, draft.contested, draft.followed = _object(post.get("origin", "")) or None, (), ()
    if post.get("from") == "yaml":
        _read_yaml(draft, post.get("yaml", ""))
    elif post.get("from") == "move" and row is not None:
        draft.password = post.get(PASSWORD) or None
        if draft.password is None:
            draft.refuse("password-missing", "spec.password", "There is no password.", "Type it.")
    elif post.get("from") == "review":
        _of_object(draft, _object(post.get("manifest", "")))
        sealed = post.get("sealed", "")
        draft.password = unseal(session, sealed, keep=True) if sealed else ("" if post.get("drop_password") else None)
        if sealed and draft.password is None:
            draft.refuse("password-lost", "spec.password", "The password is not known any more.", "Type it again.")
    else:
        _read_form(draft, post)
    if draft.cluster is None:
        draft.refuse("cluster-missing", "cluster", "Choose the cluster.")
    elif row is None and _exists(draft):
        message = f"There is a {about.kind.kind} {draft.name} already."
        draft.refuse("exists", "metadata.name", message, "Choose another name.")
    return draft


def revision_posted(post: QueryDict) -> int | None:
    """The revision of the row that the page showed; None if it does not say."""
    number = post.get("revision", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _exists(draft: Draft) -> bool:
    rows = rows_of(draft.about.kind.kind)
    return rows.filter(cluster=draft.cluster, namespace=draft.namespace, name=draft.name).exists()


def _cluster(name: str) -> Cluster | None:
    active = list(clusters_active())
    return next((one for one in active if one.name == name), active[0] if len(active) == 1 else None)


def _read_form(draft: Draft, post: QueryDict) -> None:
    drop = post.get("step", "").partition("drop:")[2]
    typed = manifest_of(draft.about, post, _object(post.get("base", "")), drop=drop)
    if draft.row is None:
        draft.name = post.get(NAME, "").strip()[:_NAME_LIMIT]
        draft.namespace = post.get(NAMESPACE, "").strip()[:_NAME_LIMIT] or draft.namespace
    draft.manifest, draft.password, draft.texts = typed.manifest, typed.password, typed.texts
    draft.layouts = typed.layouts
    draft.findings += typed.findings
    draft.manifest["metadata"] = _metadata(draft, typed.manifest["metadata"])


def _read_yaml(draft: Draft, text: str) -> None:
    address = {"namespace": draft.row.namespace, "name": draft.row.name} if draft.row else {}
    try:
        found = draft_of(draft.about.kind, _one(read_yaml(text.encode())), **address)
    except UnreadableError as error:
        _unreadable(draft, text)
        draft.refuse("yaml-unreadable", "", f"This is no YAML that is taken: {error}.")
    except BadBody as error:
        _unreadable(draft, text)
        for fault in error.findings:
            draft.refuse(fault["code"], fault["field"], f"{fault['field']} {fault['message']}".strip(), fault["hint"])
    else:
        draft.name = found.name
        draft.namespace = found.namespace or draft.namespace
        draft.manifest, draft.password = found.manifest, found.password
        draft.manifest["metadata"] = _metadata(draft, found.manifest["metadata"])


def _unreadable(draft: Draft, text: str) -> None:
    draft.yaml = without_passwords(text)
    if draft.yaml != text:
        message = "The password that you typed is not kept on this page."
        draft.refuse("password-lost", "spec.password", message, "Type it again when the rest can be read.")


def _one(documents: list[Any]) -> Any:
    if len(documents) != 1:
        raise UnreadableError(f"{len(documents)} documents where one is expected")
    return documents[0]


def _of_object(draft: Draft, manifest: dict[str, Any]) -> None:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if draft.row is None:
        draft.name = str(metadata.get("name") or "")[:_NAME_LIMIT]
        draft.namespace = str(metadata.get("namespace") or draft.namespace)[:_NAME_LIMIT]
    spec = manifest.get("spec")
    kind = draft.about.kind
    secret = {one.name for one in kind.fields if one.secret}
    draft.manifest = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": _metadata(draft, metadata),
        "spec": {name: spec[name] for name in spec if name not in secret} if isinstance(spec, dict) else {},
    }


def _metadata(draft: Draft, given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        name: given[name] for name in ("labels", "annotations") if isinstance(given.get(name), dict) and given[name]
    }
    return {"name": draft.name, "namespace": draft.namespace, **kept}


def _object(text: str) -> dict[str, Any]:
    try:
        found = read_json(text.encode())
    except UnreadableError:
        return {}
    return found if isinstance(found, dict) else {}


def packed(manifest: Mapping[str, Any] | None) -> str:
    """A manifest for a hidden input; empty for none."""
    return json.dumps(manifest, ensure_ascii=False) if manifest is not None else ""
