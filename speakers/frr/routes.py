"""The BGP table of a VRF, and what one neighbor is sent or sends; read on demand, never in the sweep.

`show bgp vrf X ipv4|ipv6 unicast json`, and `… neighbors A advertised-routes|received-routes json`.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct, field

from speakers.frr import parse
from speakers.frr.parse import Unparsed
from speakers.frr.text import clean


class NextHop(Struct):
    """A next hop of a path. IPv6 paths often list a global and a link-local one."""

    ip: str = ""
    hostname: str = ""
    scope: str = ""
    used: bool = False


class Path(Struct, rename="camel"):
    """One path to a prefix. as_path "" = originated here."""

    network: str = ""
    valid: bool = False
    best: bool = field(default=False, name="bestpath")
    multipath: bool = False
    selection_reason: str = ""
    path_from: str = ""  # external, internal
    as_path: str = field(default="", name="path")
    origin: str = ""
    metric: int | None = None
    local_preference: int | None = field(default=None, name="locPrf")
    weight: int | None = None
    peer_id: str = ""
    nexthops: list[NextHop] = []

    @property
    def local(self) -> bool:
        """Whether this node originates the prefix; FRR then gives no neighbor."""
        return self.peer_id == "(unspec)"


class Table(Struct, rename="camel"):
    """The BGP table of one VRF and family. paths: the first of them; total: prefixes that FRR has."""

    vrf: str = field(default="", name="vrfName")
    router_id: str = ""
    local_as: int | str | None = field(default=None, name="localAS")
    table_version: int | None = None
    raw: dict[str, Raw] = field(default_factory=dict, name="routes")
    paths: list[Path] = field(default_factory=list, name="<paths>")
    total: int = field(default=0, name="<total>")


LIMIT = 5000  # prefixes of a table that are kept
PAGE = 100  # paths of one page


def table(document: bytes, limit: int = LIMIT) -> Table | Unparsed:
    """Read a table, at most `limit` prefixes of it. An unknown VRF is an empty table: FRR does not tell them apart."""
    if len(document) > parse.DOCUMENT_LIMIT:
        return Unparsed(f"more than {parse.DOCUMENT_LIMIT >> 20} MiB of output")
    try:
        found = parse.lenient(parse.utf8(document), Table)
        found.total = len(found.raw)
        for prefix, paths in list(found.raw.items())[:limit]:
            found.paths.extend(_paths(prefix, paths))
    except parse.UNREADABLE as error:
        return parse.unreadable(document, error)
    found.raw, found.local_as = {}, parse.asn(found.local_as)
    if not found.total and (words := parse.warning(document)):
        return Unparsed(words)
    return found


class _Exchanged(Struct, rename="camel"):
    """One object a prefix; FRR names the next hop of IPv6 otherwise."""

    network: str = ""
    next_hop: str = ""
    next_hop_global: str = ""
    metric: int | None = None
    local_preference: int | None = field(default=None, name="locPrf")
    weight: int | None = None
    as_path: str = field(default="", name="path")
    origin: str = ""
    origin_code: str = field(default="", name="bgpOriginCode")  # before FRR 10
    valid: bool = False
    best: bool = False
    symbols: dict[str, bool] = field(default_factory=dict, name="appliedStatusSymbols")  # before FRR 10


class _Exchange(Struct, rename="camel"):
    bgp_local_router_id: str = ""
    local_as: int | str | None = field(default=None, name="localAS")
    bgp_table_version: int | None = None
    advertised_routes: dict[str, Raw] = {}
    received_routes: dict[str, Raw] = {}
    filtered_prefix_counter: int | None = None


_ORIGINS = {"i": "IGP", "e": "EGP", "?": "incomplete"}


def exchanged(document: bytes, limit: int = LIMIT) -> Table | Unparsed:
    """Read what a neighbor is sent or sends, as a table without neighbors, at most `limit` prefixes of it.

    FRR's own words if it cannot tell: the family is not active, or it does not keep what it receives.
    """
    if len(document) > parse.DOCUMENT_LIMIT:
        return Unparsed(f"more than {parse.DOCUMENT_LIMIT >> 20} MiB of output")
    try:
        found = parse.lenient(parse.utf8(document), _Exchange)
        members = found.advertised_routes or found.received_routes
        rows = [(prefix, parse.lenient(raw, _Exchanged)) for prefix, raw in list(members.items())[:limit]]
    except parse.UNREADABLE as error:
        return parse.unreadable(document, error)
    if not members and (words := parse.warning(document)):
        return Unparsed(words)
    table = Table(router_id=clean(found.bgp_local_router_id, 50), table_version=found.bgp_table_version)
    table.local_as, table.total = parse.asn(found.local_as), len(members)
    table.paths = [_exchanged_path(prefix, row) for prefix, row in rows]
    return table


def _exchanged_path(prefix: str, row: _Exchanged) -> Path:
    return Path(
        network=clean(row.network or prefix, 60),
        valid=row.valid or bool(row.symbols.get("*")),
        best=row.best or bool(row.symbols.get(">")),
        as_path=clean(row.as_path, 300),
        origin=clean(row.origin or _ORIGINS.get(row.origin_code, ""), 20),
        metric=row.metric,
        local_preference=row.local_preference,
        weight=row.weight,
        nexthops=[NextHop(ip=clean(row.next_hop or row.next_hop_global, 60), used=True)],
    )


def _paths(prefix: str, raw: Raw) -> list[Path]:
    paths = [parse.lenient(item, Path) for item in msgspec.json.decode(raw, type=list[Raw])]
    for path in paths:
        path.network = clean(path.network or prefix, 60)
        for name in ("selection_reason", "path_from", "as_path", "origin", "peer_id"):
            setattr(path, name, clean(getattr(path, name), 300))
        for hop in path.nexthops:
            hop.ip, hop.hostname = clean(hop.ip, 60), clean(hop.hostname, 100)
    return paths
