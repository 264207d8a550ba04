"""Faults that tests order: requests delayed, refused, dropped before or after they took effect, or cut short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from lab.apiserver.auth import Attributes


@dataclass(slots=True)
class Fault:
    """What happens to the next `count` requests that match; empty strings match everything."""

    method: str = ""
    verb: str = ""
    """get, list, watch, create, update, patch, delete, deletecollection"""
    group: str = ""
    resource: str = ""
    subresource: str | None = None
    """"" for the object itself, None for whatever it is."""
    namespace: str = ""
    name: str = ""
    count: int = 1
    delay: float = 0.0
    """Seconds before anything else happens."""
    lasting: bool = False
    """Serve it even if the client gives up meanwhile, as a real API server does with a write that it has begun."""
    code: int = 0
    """HTTP status code to answer with instead of serving the request."""
    status: dict[str, Any] | None = None
    """The body for `code`; a Status in general words if None."""
    retry_after: int | None = None
    """Seconds that an answer of `code` asks for."""
    before: Callable[[], object] | None = None
    """Called on the server's loop when the request has come, before anything else happens."""
    after: Callable[[], object] | None = None
    """The same when it took effect, before the answer is sent."""
    drop: Literal["", "before", "after"] = ""
    """Close the connection before the request is served, or after it took effect but before the answer."""
    truncate: int | None = None
    """Bytes of the answer's body that are sent before the connection closes."""

    def matches(self, method: str, asked: Attributes) -> bool:
        pairs = (
            (self.method, method),
            (self.verb, asked.verb),
            (self.group, asked.group),
            (self.resource, asked.resource),
            (self.namespace, asked.namespace),
            (self.name, asked.name),
        )
        return all(not wanted or wanted == actual for wanted, actual in pairs) and self.subresource in (
            None,
            asked.subresource,
        )

    def body(self) -> dict[str, Any]:
        general = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": self.code}
        return (
            self.status
            if self.status is not None
            else general | {"message": "fault ordered by a test", "reason": "InternalError"}
        )


class Faults:
    """The faults that are still to happen, first ordered, first served."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.happened: list[tuple[str, Attributes]] = []
        """(method, what was asked) of every request that met a fault."""

    def add(self, fault: Fault) -> Fault:
        """Order a fault; its `count` goes down as it happens."""
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        self._waiting.clear()
        self.happened.clear()

    def take(self, method: str, asked: Attributes) -> Fault | None:
        """The fault that this request meets."""
        for fault in self._waiting:
            if fault.matches(method, asked):
                fault.count -= 1
                if fault.count <= 0:
                    self._waiting.remove(fault)
                self.happened.append((method, asked))
                return replace(fault)
        return None
