"""/api/v1/import/: manifests of several objects, judged document by document, applied all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.changesets import NOTE, ChangeSetSerializer
from clusters.api.problems import BadBody, BodyTooLarge, RulesBroken, finding_json
from clusters.api.schema import CLUSTER, WRITING_PARAMETERS
from clusters.api.together import changeset_json, review_json, set_problems, settled_sets
from clusters.api.views import Endpoint
from clusters.api.writing import REPEATABLE, WRITING, Edit, cluster_of, edit_of
from clusters.changesets.imports import LARGEST, Imported, TooMuchError, read_import
from clusters.changesets.review import ItemReview, SetReview, changeset_review
from clusters.changesets.rights import rights_check
from clusters.changesets.save import changeset_save
from clusters.changesets.selectors import changesets
from clusters.edits.overriding import NOTHING, Override, stops
from clusters.models import Change, ChangeSet, Cluster
from clusters.words import names_field
from intent.findings import Finding

WORDS = {"create": "new", "update": "changed", "": "equal"}


class RawParser(BaseParser):
    """The bytes of the body, read no further than is taken."""

    media_type = "application/yaml"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The bytes. Raises BodyTooLarge."""
        raw: bytes = stream.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise BodyTooLarge(f"The body has more than {LARGEST:,} bytes.")
        return raw


class RawJsonParser(RawParser):
    """The same of JSON."""

    media_type = "application/json"


class ImportViewSet(Endpoint):
    """Import of manifests."""

    queryset = ChangeSet.objects.none()  # names the model whose permissions count
    serializer_class = ChangeSetSerializer
    parser_classes = (RawParser, RawJsonParser, MultiPartParser)
    parameters = {"create": ("cluster", *WRITING, "note")}
    repeatable = {"create": REPEATABLE}

    @extend_schema(
        summary="Import manifests",
        description=(
            "A YAML stream, a JSON list, or files as multipart/form-data; each document is told as `new`, `changed`, "
            "`equal`, `invalid` or `skipped`. All are applied as one change set, or none. At most 10 MiB, 100 files "
            "and 1,000 documents. A Namespace or Service that is in the cluster already is `skipped`. "
            "With `dry_run` the answer has a `review` as of a change set, what all of it would do."
        ),
        parameters=[CLUSTER, *WRITING_PARAMETERS, NOTE],
        request={"application/yaml": {"type": "string"}, "application/json": {"type": "array", "items": {}}},
        responses={
            200: OpenApiResponse({"type": "object"}, description="`documents`, and `changeSet` if there is one."),
            202: OpenApiResponse({"type": "object"}, description="The same; the change set is not settled yet."),
        },
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Judge all documents, and accept them."""
        edit, cluster = edit_of(request), cluster_of(request, None)
        documents = documents_of(request, cluster)
        wanted = [one.wanted for one in documents if one.wanted is not None]
        rights_check(request.user, cluster, wanted)
        review = looked_at(documents, cluster, edit.accept, override=edit.override, dry_run=edit.dry_run)
        told = told_of(documents, review.items if review is not None else (), edit.accept, edit.override)
        refuse([one for one in told if one["status"] == "invalid"], told)
        if edit.dry_run:
            meant = None if review is None else review_json(review)
            return Response({"documents": told, "changeSet": None, "review": meant})
        return _accepted(edit, cluster, documents, told, edit.message or request.query_params.get("note", ""))


def _accepted(
    edit: Edit, cluster: Cluster, documents: Sequence[Imported], told: list[dict[str, Any]], note: str
) -> Response:
    wanted = [one.wanted for one in documents if one.wanted is not None]
    with set_problems():
        source = Change.Source.API
        made = changeset_save(
            cluster=cluster,
            edits=wanted,
            actor=edit.actor,
            source=source,
            accept=edit.accept,
            override=edit.override,
            note=note,
            window=edit.window,
        )
    if made is None:
        return Response({"documents": told, "changeSet": None})
    settled_sets([made], edit.wait)
    found = changesets().prefetch_related("items").get(pk=made.pk)
    code = status.HTTP_202_ACCEPTED if found.open else status.HTTP_200_OK
    return Response({"documents": told, "changeSet": changeset_json(found)}, status=code)


def documents_of(request: Request, cluster: Cluster) -> list[Imported]:
    """The documents of a body: YAML, JSON or files. Raises BadBody or BodyTooLarge."""
    data = request.data
    as_json = str(request.content_type).startswith("application/json")
    if isinstance(data, bytes):
        files = [("", data)]
    else:
        given: list[UploadedFile[Any]] = [file for _, some in request.FILES.lists() for file in some]
        if sum(file.size or 0 for file in given) > LARGEST:
            raise BodyTooLarge(f"The files have more than {LARGEST:,} bytes together.")
        files = [(str(file.name)[:200], file.read()) for file in given]
        as_json = False
    try:
        found = read_import(files, cluster, user=request.user, as_json=as_json)
    except TooMuchError as error:
        raise BodyTooLarge(str(error)) from error
    if not found:
        raise BadBody("There is no document in it.")
    return found


def looked_at(
    documents: Sequence[Imported],
    cluster: Cluster,
    accept: Sequence[str],
    *,
    override: Override = NOTHING,
    dry_run: bool = False,
) -> SetReview | None:
    """The objects beside each other, and if they are tried, too, what they mean; None if there is nothing to change."""
    wanted = [one.wanted for one in documents if one.wanted is not None]
    if not wanted:
        return None
    return changeset_review(
        cluster=cluster, edits=wanted, dry_run=dry_run, accept=accept, override=override, meaning=dry_run
    )


def judged(documents: Sequence[Imported], cluster: Cluster, accept: Sequence[str]) -> list[dict[str, Any]]:
    """What each document is: new, changed, equal, invalid or skipped, with what the rules say of it."""
    review = looked_at(documents, cluster, accept)
    return told_of(documents, review.items if review is not None else (), accept)


def told_of(
    documents: Sequence[Imported], reviewed: Sequence[ItemReview], accept: Sequence[str], override: Override = NOTHING
) -> list[dict[str, Any]]:
    """The same of documents whose objects were reviewed."""
    items: dict[Any, ItemReview] = {item.ref: item for item in reviewed}
    stop = {ref: stops(item.findings, accept, override) for ref, item in items.items()}
    refs = [one.wanted.ref if one.wanted else None for one in documents]
    return [_told(one, items.get(ref), stop.get(ref, [])) for one, ref in zip(documents, refs, strict=True)]


def _told(one: Imported, item: ItemReview | None, stop: Sequence[Finding]) -> dict[str, Any]:
    place = {"file": one.file, "document": one.number, "line": one.line}
    findings = [{**found, **place} for found in one.faults]
    state = "skipped" if one.note else "invalid"
    if item is not None:
        findings += [{**finding_json(finding), **place} for finding in (stop or item.findings)]
        refused = item.dry_run.accepted is False
        state = "invalid" if stop or refused else WORDS.get(item.action, "changed")
        if refused:
            finding = {"code": "rejected", "severity": "error", "field": "", "message": item.dry_run.message}
            findings.append({**finding, **place})
    identity = {"kind": one.kind, "name": one.name, "namespace": one.namespace}
    diff = [{"path": found.path, "before": found.before, "after": found.after} for found in item.diff] if item else []
    return {**place, **identity, "status": state, "note": one.note, "findings": findings, "diff": diff}


def refuse(invalid: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None:
    """Raise RulesBroken if there are documents that cannot be taken, with all of them, the good ones beside."""
    if not invalid:
        return
    findings = [finding for one in invalid for finding in one["findings"]]
    text = f"{len(invalid)} of {len(told)} documents cannot be taken; nothing is changed. First: {_first(invalid[0])}"
    raise RulesBroken(text, findings=findings, documents=told)


def _first(told: Mapping[str, Any]) -> str:
    where = f"{told['file']}, " if told["file"] else ""
    line = f" (line {told['line']})" if told["line"] else ""
    finding = told["findings"][0]
    field = "" if names_field(finding["message"], finding["field"]) else finding["field"]
    return f"{where}document {told['document']}{line}: {field} {finding['message']}".replace("  ", " ")
