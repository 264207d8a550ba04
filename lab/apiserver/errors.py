"""Refusals of the API server, in Kubernetes' own words: `metav1.Status` bodies and field errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from lab.apiserver.resources import Resource

REQUIRED: Final = "Required value"
INVALID: Final = "Invalid value"
DUPLICATE: Final = "Duplicate value"
UNSUPPORTED: Final = "Unsupported value"
TOO_LONG: Final = "Too long"
TOO_MANY: Final = "Too many"
FORBIDDEN: Final = "Forbidden"

_REASONS = {
    REQUIRED: "FieldValueRequired",
    INVALID: "FieldValueInvalid",
    DUPLICATE: "FieldValueDuplicate",
    UNSUPPORTED: "FieldValueNotSupported",
    TOO_LONG: "FieldValueTooLong",
    TOO_MANY: "FieldValueTooMany",
    FORBIDDEN: "FieldValueForbidden",
}
_NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule at one field path (`field.Error` of apimachinery)."""

    kind: str
    field: str
    detail: str = ""
    value: Any = _NO_VALUE
    reason: str = ""
    blocking: bool = False
    """The value has the wrong shape, so that CEL rules are not evaluated any more."""

    @property
    def body(self) -> str:
        """The text without the path, as a cause of a Status carries it."""
        shown = "" if self.value is _NO_VALUE or self.kind in (REQUIRED, FORBIDDEN, TOO_LONG) else _shown(self.value)
        return ": ".join(part for part in (self.kind, shown, self.detail) if part)

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"

    def cause(self) -> dict[str, str]:
        return {"reason": self.reason or _REASONS[self.kind], "message": self.body, "field": self.field}


def _shown(value: Any) -> str:
    if value is None:
        return '"null"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return msgspec.json.encode(value).decode()
    return msgspec.json.encode(value).decode()[:200]


class ApiError(Exception):
    """A request that is refused: HTTP status code and the Status body that goes with it."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    def status(self) -> dict[str, Any]:
        """The `v1.Status` object of this refusal."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


def _details(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    details = {"name": name, "group": resource.group, "kind": resource.plural, **more}
    return {key: value for key, value in details.items() if value}


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def undecodable(resource: Resource, problem: str) -> ApiError:
    """The body is JSON or YAML, but not an object of this type."""
    words = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {problem}'
    return bad_request(words)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, problem: str) -> ApiError:
    return ApiError(403, "Forbidden", f"{_quoted(resource, name)} is forbidden: {problem}", _details(resource, name))


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f"{_quoted(resource, name)} not found", _details(resource, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def already_exists(resource: Resource, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f"{_quoted(resource, name)} already exists", _details(resource, name))


def conflict(resource: Resource, name: str, problem: str) -> ApiError:
    words = f"Operation cannot be fulfilled on {_quoted(resource, name)}: {problem}"
    return ApiError(409, "Conflict", words, _details(resource, name))


def modified(resource: Resource, name: str) -> ApiError:
    """A write that was based on another resourceVersion."""
    words = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, words)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    words = "the body of the request was in an unknown format - accepted media types include: "
    return ApiError(415, "UnsupportedMediaType", words + ", ".join(accepted))


def invalid(resource: Resource, name: str, errors: Sequence[FieldError]) -> ApiError:
    """422 with one cause per broken rule."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = {"name": name, "group": resource.group, "kind": resource.kind}
    details = {key: value for key, value in details.items() if value}
    causes = [error.cause() for error in errors]
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {joined}', details | {"causes": causes})


def unprocessable(problem: str) -> ApiError:
    """A JSON Patch that does not fit the object."""
    words = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", words, {"causes": [{"reason": "UnexpectedServerResponse", "message": problem}]})


def internal(message: str, reason: str = "") -> ApiError:
    """500; without a reason it is an error of Go that reached the client as it is."""
    return ApiError(500, reason, message)


def _quoted(resource: Resource, name: str) -> str:
    return f'{resource.group_resource} "{name}"' if name else resource.group_resource
