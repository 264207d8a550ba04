"""vtysh output to types. Never raises: what cannot be read becomes Unparsed with the reason, never a guess."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar, get_type_hints

import msgspec
from msgspec import Raw, Struct

from speakers.frr.detail import NeighborDetail
from speakers.frr.neighbor import BFDPeer, Neighbor
from speakers.frr.text import clean, first_line

DOCUMENT_LIMIT = 16 * 1024 * 1024  # bytes
NEIGHBOR_LIMIT = 5000  # of one node; MetalLB's speakers have a handful
_FAMILIES = 20  # address families of one neighbor; FRR knows eleven
_MILLION_DAYS = 86_400_000_000_000

T = TypeVar("T", bound=Struct)
P = TypeVar("P")
Scalar = int | float | str | bool | None

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)
_VERSION = re.compile(r"^FRRouting\s+(\S{1,40})", re.MULTILINE)
_WARNING = re.compile(rb'"(?:warning|error|message:?)"\s*:\s*"([^"]{1,300})"')
_FOLLOWS = re.compile(rb"\n[\[%]")  # the list of BFD peers, or words instead of it
_fast = msgspec.json.Decoder(dict[str, dict[str, Neighbor | Scalar]])
_fast_bfd = msgspec.json.Decoder(list[BFDPeer])
_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])


class Unparsed(Struct, frozen=True):
    """Output that says nothing about sessions, and why."""

    reason: str


class Answer(Struct):
    """What a node said to the sweep's commands. bfd_error: why there is no BFD part, "" = there is.

    document and bfd_document are the JSON texts themselves, for facts that only a session's own page shows.
    """

    version: str
    neighbors: list[Neighbor]
    bfd: list[BFDPeer]
    bfd_error: str
    document: bytes
    bfd_document: bytes


def answer(stdout: bytes, stderr: bytes = b"", code: int = 0) -> Answer | Unparsed:
    """Read the output of `commands.SWEEP`. A dead bfdd costs only BFD; without the neighbors it is Unparsed."""
    if len(stdout) > DOCUMENT_LIMIT:
        return Unparsed(f"more than {DOCUMENT_LIMIT >> 20} MiB of output")
    head, document, tail = _split(stdout)
    if not document:
        refused = (line for line in head.splitlines() if line.startswith(b"%"))
        words = first_line(stderr, *refused, b"" if version(head) else head)
        return Unparsed(words or f"vtysh printed no JSON (exit code {code})")
    found = neighbors(document)
    if isinstance(found, Unparsed):
        return found
    sessions = bfd_peers(tail) if tail.startswith(b"[") else Unparsed(first_line(stderr, tail) or "no answer")
    return Answer(
        version=version(head),
        neighbors=found,
        bfd=[] if isinstance(sessions, Unparsed) else sessions,
        bfd_error=sessions.reason if isinstance(sessions, Unparsed) else "",
        document=document,
        bfd_document=tail if tail.startswith(b"[") else b"",
    )


def _split(stdout: bytes) -> tuple[bytes, bytes, bytes]:
    """Version text, JSON object, the rest: nothing separates them, but FRR ends the object with } at a line start."""
    start = 0 if stdout.startswith(b"{") else stdout.find(b"\n{") + 1
    if not stdout.startswith(b"{", start):
        return stdout, b"", b""
    end = stdout.rfind(b"\n}", start) + 2
    if end < start + 2:  # an object on one line, or a part of one
        follows = _FOLLOWS.search(stdout, start)
        end = follows.start() if follows else len(stdout)
    return stdout[:start], stdout[start:end], stdout[end:].strip()


def version(output: bytes) -> str:
    """FRR's version from `show version` ("10.4.1", "9.1_git"); "" if the output does not say."""
    match = _VERSION.search(_text(output[:4096]))
    return clean(match[1], 40) if match else ""


def neighbors(document: bytes, vrf: str | None = None) -> list[Neighbor] | Unparsed:
    """Read `show bgp vrf all neighbors json`; with `vrf`, the same command for that VRF, which has a level less."""
    try:
        document = utf8(document)
        found = {} if vrf is not None else _fast.decode(document)
    except msgspec.ValidationError:
        found = {}
    except UNREADABLE as error:
        return unreadable(document, error)
    every: dict[tuple[str, str], Neighbor] = {}
    try:
        for name, key, neighbor in _fast_items(found) if found else _lenient_items(document, vrf):
            _bound(neighbor, name, key)
            every[neighbor.vrf, neighbor.key] = neighbor
    except UNREADABLE as error:
        return unreadable(document, error)
    if len(every) > NEIGHBOR_LIMIT:
        return Unparsed(f"{len(every)} neighbors, more than {NEIGHBOR_LIMIT}")
    if not every and (words := warning(document)):
        return Unparsed(words)
    return list(every.values())


def _fast_items(found: dict[str, dict[str, Neighbor | Scalar]]) -> Iterator[tuple[str, str, Neighbor]]:
    for vrf, members in found.items():
        for key, member in members.items():
            if isinstance(member, Neighbor):
                yield vrf, key, member


def _lenient_items(document: bytes, vrf: str | None) -> Iterator[tuple[str, str, Neighbor]]:
    """The same where some value has not the type that FRR gives it: only that value is lost."""
    vrfs = {vrf: Raw(document)} if vrf is not None else _object.decode(document)
    for name, members in vrfs.items():
        if not _is_object(members):
            continue
        for key, member in _object.decode(members).items():
            if _is_object(member):
                yield name, key, lenient(member, Neighbor)


def _is_object(raw: Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"


def lenient(raw: bytes | Raw, kind: type[T]) -> T:
    """Decode an object; members of an unexpected type count as absent. Raises DecodeError if it is no JSON object."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError:
        members = _object.decode(raw)
    hints, values = get_type_hints(kind), {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in members:
            try:
                values[field.name] = msgspec.json.decode(members[field.encode_name], type=hints[field.name])
            except msgspec.ValidationError:
                continue
    return kind(**values)


def bfd_peers(document: bytes) -> list[BFDPeer] | Unparsed:
    """Read `show bfd peers json`, which names the VRF of every peer."""
    try:
        document = utf8(document)
        try:
            return _fast_bfd.decode(document)
        except msgspec.ValidationError:
            return [lenient(item, BFDPeer) for item in _array.decode(document) if _is_object(item)]
    except UNREADABLE as error:
        return unreadable(document, error)


def detail(document: bytes, vrf: str, key: str) -> NeighborDetail | None:
    """One neighbor in full from a document that `neighbors` has read; None if it is not in there."""
    try:
        members = _object.decode(_object.decode(utf8(document))[vrf])
        raw = next(value for name, value in members.items() if _is_object(value) and canonical(name) == key)
        found = lenient(raw, NeighborDetail)
        parts = _object.decode(raw)
        found.offered = _part(parts, "neighborCapabilities", dict[str, Any])
        found.statistics = _part(parts, "messageStats", dict[str, int])
    except (*UNREADABLE, KeyError, StopIteration):
        return None
    _bound(found, vrf, key)
    return found


def _part(parts: dict[str, Raw], name: str, kind: type[P]) -> P:
    try:
        return msgspec.json.decode(parts.get(name, Raw(b"{}")), type=kind)
    except msgspec.ValidationError:
        return kind()


def utf8(document: bytes) -> bytes:
    """FRR prints the bytes that a router sent (host name, shutdown message) as they are."""
    return document if document.isascii() else document.decode("utf-8", "replace").encode()


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


def warning(document: bytes) -> str:
    """FRR's own words if it answered `{"warning": …}` instead of what was asked, "" if it did not."""
    match = _WARNING.search(document[:2000])
    return first_line(match[1]) if match else ""


def unreadable(document: bytes, error: BaseException) -> Unparsed:
    if not document.lstrip().startswith((b"{", b"[")):
        return Unparsed(first_line(document) or "empty output")
    if words := warning(document):  # FRR 10.3 and 10.4.1 print { { "warning": … } }
        return Unparsed(words)
    return Unparsed(clean(f"not the JSON that FRR prints: {error or type(error).__name__}"))


@lru_cache(maxsize=16384)
def canonical(key: str) -> str:
    """A neighbor's name: an address in canonical text, else the interface as it stands."""
    try:
        return str(ipaddress.ip_address(key.removeprefix("*")))
    except ValueError:
        return clean(key, 100)


def asn(value: int | str | None) -> int | None:
    """An AS number, plain or asdot ("1.10", FRR as-notation dot and dot+); None if it is none or not known (0)."""
    if isinstance(value, str):
        high, dot, low = value.partition(".")
        digits = high + low if dot else high
        if not (digits.isascii() and digits.isdigit() and high and (low or not dot) and len(value) <= 11):
            return None
        value = (int(high) << 16) + int(low) if dot else int(high)
    return value if value is not None and 0 < value < 2**32 else None


def whole(value: int | None, most: int = 2**31 - 1) -> int | None:
    """A number that a column can hold; None for -1 and what else FRR uses for "none"."""
    return value if value is not None and 0 <= value <= most else None


_TEXTS = tuple(name for name, kind in get_type_hints(Neighbor).items() if kind is str and name not in ("vrf", "key"))


def _bound(neighbor: Neighbor, vrf: str, key: str) -> None:
    """Bound every text and number; name the neighbor."""
    neighbor.vrf, neighbor.key = clean(vrf, 63), canonical(key)
    for name in _TEXTS:
        if value := getattr(neighbor, name):
            setattr(neighbor, name, clean(value, 253))
    neighbor.address = neighbor.address.removeprefix("*")
    neighbor.families = {clean(name, 40): family for name, family in islice(neighbor.families.items(), _FAMILIES)}
    if neighbor.bfd is not None:
        neighbor.bfd.status = clean(neighbor.bfd.status, 20)
    neighbor.remote_as, neighbor.local_as = asn(neighbor.remote_as), asn(neighbor.local_as)
    neighbor.last_read = whole(neighbor.last_read, _MILLION_DAYS)
    neighbor.keepalive_time, neighbor.hold_time = whole(neighbor.keepalive_time), whole(neighbor.hold_time)
