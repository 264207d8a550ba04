"""One prefix, or the longest match of an address, in the BGP tables of a node: `show bgp vrf X ipv4 unicast P json`."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from speakers.frr import parse
from speakers.frr.parse import Unparsed
from speakers.frr.text import clean, first_line

PATHS = 20  # of one prefix that are kept


class FoundPath(Struct):
    """One path. peer "" = this node originates it."""

    peer: str = ""
    next_hop: str = ""
    as_path: str = ""
    origin: str = ""
    local_preference: int | None = None
    metric: int | None = None
    communities: str = ""
    best: bool = False
    valid: bool = False


class Found(Struct):
    """The prefix in one VRF. advertised_to: neighbors that are told of it."""

    vrf: str
    network: str
    paths: list[FoundPath]
    advertised_to: list[str]


def answers(stdout: bytes, vrfs: Sequence[str]) -> list[Found] | Unparsed:
    """Read the answers to the same question in several VRFs, in their order; those without the prefix are left out.

    Nothing separates them, but each is one JSON object, or one line of words: for a VRF that FRR does not have.
    """
    if len(stdout) > parse.DOCUMENT_LIMIT:
        return Unparsed(f"more than {parse.DOCUMENT_LIMIT >> 20} MiB of output")
    try:
        every = list(parts(stdout.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        return parse.unreadable(stdout, error)
    if len(every) != len(vrfs):
        return Unparsed(first_line(stdout) or "no answer")
    return [found(vrf, part) for vrf, part in zip(vrfs, every, strict=True) if part.get("paths")]


def parts(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in a row of answers; {} for a line of words. Raises ValueError."""
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        if text[place].isspace():
            place += 1
        elif text[place] == "{":
            part, place = decoder.raw_decode(text, place)
            yield part
        else:
            place = (text.find("\n", place) + 1) or len(text)
            yield {}


def found(vrf: str, part: dict[str, Any]) -> Found:
    """One answer that names paths."""
    told, paths = part.get("advertisedTo"), part["paths"]
    return Found(
        vrf=vrf,
        network=clean(part.get("prefix"), 60),
        paths=[_path(path) for path in paths[:PATHS] if isinstance(path, dict)] if isinstance(paths, list) else [],
        advertised_to=[parse.canonical(name) for name in list(told)[:100]] if isinstance(told, dict) else [],
    )


def _path(path: dict[str, Any]) -> FoundPath:
    peer, best = _inside(path, "peer"), path.get("bestpath")
    from_ = clean(peer.get("interface"), 40) or clean(peer.get("peerId"), 60)
    hops = [hop for hop in path.get("nexthops") or () if isinstance(hop, dict)]
    used = next((hop for hop in hops if hop.get("used")), hops[0] if hops else {})
    words = (clean(_inside(path, key).get("string"), 300) for key in ("community", "largeCommunity"))
    as_path = clean(_inside(path, "aspath").get("string"), 300)
    return FoundPath(
        peer="" if _is_own(from_) else from_,
        next_hop=clean(used.get("ip"), 60),
        as_path="" if as_path == "Local" else as_path,
        origin=clean(path.get("origin"), 20),
        local_preference=_number(path.get("locPrf")),
        metric=_number(path.get("metric")),
        communities=" ".join(filter(None, words)),
        best=isinstance(best, dict) and bool(best.get("overall")),
        valid=path.get("valid") is True,
    )


def _is_own(peer: str) -> bool:
    """Whether FRR means the node itself: it prints 0.0.0.0, ::, or words."""
    try:
        return ipaddress.ip_address(peer).is_unspecified
    except ValueError:
        return peer in {"", "(unspec)"}


def _inside(path: dict[str, Any], key: str) -> dict[str, Any]:
    value = path.get(key)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 else None
