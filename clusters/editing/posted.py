"""A draft from what a page sent: its form, YAML tab, the hidden manifest of Review, or the sides that were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.http import QueryDict

from clusters.api.documents import UnreadableError, read_json, read_yaml
from clusters.api.manifests import draft_of
from clusters.api.problems import BadBody
from clusters.editing.confirming import accept_posted
from clusters.editing.drafts import Draft, draft_new, draft_of_row
from clusters.editing.inputs import NAME, NAMESPACE, NO_PASSWORD, PASSWORD, TYPED_PASSWORD
from clusters.editing.reading import manifest_of
from clusters.editing.sealed import unseal
from clusters.edits.rebase import SIDES, Choices
from clusters.kindpages import KindPage
from clusters.kube.redact import without_passwords
from clusters.models import Resource
from clusters.registry import rows_of
from clusters.words import with_article

_NAME_LIMIT = 253
_TAKE = "take."  # of the inputs that say whose value a field gets, before its path
_MOST_FIELDS = 1000


def draft_posted(about: KindPage, post: QueryDict, session: SessionBase, row: Resource | None) -> Draft:
    """What a page sent: `from` says which one (form, yaml, review, or sides: whose value each field gets)."""
    draft = draft_of_row(about, row) if row else draft_new(about, post)
    draft.accept = accept_posted(post)
    looked_at = revision_posted(post)
    draft.revision = draft.revision if looked_at is None else looked_at
    draft.origin, draft.contested, draft.followed = _object(post.get("origin", "")) or None, (), ()
    if post.get("from") == "yaml":
        _read_yaml(draft, post.get("yaml", ""))
    elif post.get("from") == "move" and row is not None:
        draft.password = post.get(PASSWORD) or None
        if draft.password is None:
            draft.refuse("password-missing", "spec.password", "There is no password.", "Type it.")
    elif post.get("from") in {"review", "sides"}:
        _of_object(draft, _object(post.get("manifest", "")))
        sealed = post.get("sealed", "")
        draft.password = unseal(session, sealed, keep=True) if sealed else ("" if post.get("drop_password") else None)
        if sealed and draft.password is None:
            draft.typed = True
            draft.refuse("password-lost", "spec.password", "The password is not known any more.", "Type it again.")
        if post.get("from") == "sides":
            draft.rebase(_choices(post))
    else:
        _read_form(draft, post)
    _recall(draft, post)
    if draft.cluster is None:
        draft.refuse("cluster-missing", "cluster", "Choose the cluster.")
    elif row is None and _exists(draft):
        message = f"There is {with_article(about.kind.kind)} {draft.name} already."
        draft.refuse("exists", "metadata.name", message, "Choose another name.")
    return draft


def _recall(draft: Draft, post: QueryDict) -> None:
    """A page repeats no password, only that one was typed: nobody goes on without it who does not say so."""
    before = bool(post.get(TYPED_PASSWORD))
    draft.typed = draft.typed or before or bool(draft.password)
    draft.without = before and not draft.password and bool(post.get(NO_PASSWORD))
    if before and draft.password is None and not draft.without:
        hint = "Type it again, or tick that you go on without it."
        draft.refuse("password-lost", "spec.password", "You typed a password before; it is not kept.", hint)


def _choices(post: QueryDict) -> Choices:
    taken = [(name.removeprefix(_TAKE), post[name]) for name in post if name.startswith(_TAKE)][:_MOST_FIELDS]
    return {path: side for path, value in taken for side in SIDES if side == value}


def revision_posted(post: QueryDict) -> int | None:
    """The revision of the row that the page showed; None if it does not say."""
    number = post.get("revision", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _exists(draft: Draft) -> bool:
    rows = rows_of(draft.about.kind.kind)
    return rows.filter(cluster=draft.cluster, namespace=draft.namespace, name=draft.name).exists()


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
        draft.typed = True
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
