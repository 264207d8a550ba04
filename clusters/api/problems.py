"""Problems that the API answers with (RFC 9457): what a view raises, the exception handler writes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException

from intent.confirmations import Confirmation
from intent.findings import Finding, Severity, shown

MEDIA_TYPE = "application/problem+json"
_SOURCE = "bgpui API"


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return asdict(finding.abridged())


def fault(field: str, message: str, *, code: str, value: object = "", hint: str = "") -> dict[str, Any]:
    """What is wrong with the request itself, in the shape of a finding."""
    finding = Finding(code, Severity.ERROR, field, shown(value), message, _SOURCE, hint, ())
    return finding_json(finding)


class Problem(APIException):
    """The base of all: a stable code (last part of `type`), a title, a sentence, findings, and further members."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    code = "bad-request"
    title = "The request cannot be understood"

    def __init__(
        self,
        detail: str,
        *,
        findings: Iterable[Mapping[str, Any]] = (),
        retry_after: int | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.text = detail
        self.findings = [dict(finding) for finding in findings]
        self.wait = retry_after  # DRF's own name for Retry-After
        self.members = members


class BadBody(Problem):
    """The body cannot be read as an object, or not as a manifest of this kind."""

    code = "bad-body"
    title = "The body cannot be read"


class BadParameter(Problem):
    """A query parameter is not known, or its value is none."""

    code = "bad-parameter"
    title = "A query parameter is not understood"


class BodyTooLarge(Problem):
    """The body has more bytes, documents or values than are taken."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    code = "too-large"
    title = "The body is too large"


class RulesBroken(Problem):
    """The rules refuse the object."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    code = "rules"
    title = "The rules refuse this"


class ConfirmationNeeded(Problem):
    """It destroys something, which nobody has confirmed with the numbers of now."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    code = "confirmation"
    title = "This has to be confirmed"

    def __init__(self, needed: Iterable[Confirmation]) -> None:
        needed = tuple(needed)
        ways = "&".join(f"accept={one}" for one in needed)
        told = " ".join(one.sentence for one in needed)
        super().__init__(
            f"{told} If that is meant, repeat the request with {ways}",
            findings=[
                fault("accept", one.sentence, code=one.what, value=one.number, hint=f"Repeat it with accept={one}")
                for one in needed
            ],
            confirm=[str(one) for one in needed],
        )


class ClusterRefused(Problem):
    """The API server or a webhook refuses the object; the sentence is its own."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    code = "rejected"
    title = "The cluster refuses this"


class ClusterUnusable(Problem):
    """A cluster cannot be added like this: by its kubeconfig, or by how it answers."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    code = "cluster-unusable"
    title = "This cluster cannot be used"


class Conflict(Problem):
    """The object exists, or changed in the meantime."""

    status_code = status.HTTP_409_CONFLICT
    code = "conflict"
    title = "The object is not as you think"


class PreconditionFailed(Problem):
    """If-Match or If-None-Match does not hold."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    code = "precondition-failed"
    title = "The object is not the one that you have seen"


class ClusterAway(Problem):
    """The cluster is needed for this and cannot be reached."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    code = "cluster-unreachable"
    title = "The cluster cannot be reached"


class TooMuch(Problem):
    """So much of it is under way that more has to wait."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    code = "throttled"
    title = "Too much at once"


class NotAvailable(Problem):
    """A part of bgpui that is needed for this does not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    code = "not-available"
    title = "This cannot be done now"
