"""How the rules speak of one FRRConfiguration."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from intent.findings import Finding, Severity, one_line, shown
from intent.snapshot import Resource

SOURCE = "frr-k8s internal/controller/api_to_config.go"


@dataclass(frozen=True, slots=True)
class About:
    """The object, and the nodes that it is for."""

    resource: Resource
    nodes: tuple[str, ...]

    def error(self, code: str, path: str, message: str, hint: str, value: object = "") -> Finding:
        """frr-k8s refuses it."""
        message = one_line(f"{message}; frr-k8s refuses that, and FRR keeps its old configuration")
        field, refs = f"spec.{path}", (self.resource.ref,)
        return Finding(code, Severity.ERROR, field, shown(value), message, SOURCE, hint, refs, self.nodes)

    def warning(self, code: str, path: str, message: str, hint: str, value: object = "") -> Finding:
        """Legal, but it surprises."""
        refs = (self.resource.ref,)
        return Finding(code, Severity.WARNING, f"spec.{path}", shown(value), one_line(message), SOURCE, hint, refs)


def version_of(prefix: str) -> int | None:
    """4 or 6; None for what is no CIDR. A mask in place of the length is none, as for Go's net.ParseCIDR."""
    try:
        length = prefix.rpartition("/")[2]
        decimal = length.isascii() and length.isdecimal() and "/" in prefix
        return ip_network(prefix, strict=False).version if decimal else None
    except ValueError:
        return None
