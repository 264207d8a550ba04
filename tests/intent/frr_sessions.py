"""Reads the neighbors of a frr.conf back: what each session is told, by VRF and neighbor."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Told:
    """One neighbor as FRR is told to run it; None, "" and False where the text says nothing."""

    my_asn: int
    router_id: str = ""
    remote: str = ""
    interface: bool = False
    local_asn: int | None = None
    port: int | None = None
    timers: tuple[int, int] | None = None
    connect: int | None = None
    password: str = ""
    source: str = ""
    multihop: bool = False
    graceful_restart: bool = False
    bfd_profile: str = ""
    bfd: bool = False
    any_hop: bool = False
    families: list[str] = field(default_factory=list)


_TEXTS = {"password": "password", "update-source": "source"}
_FLAGS = {
    "bfd": "bfd",
    "ebgp-multihop": "multihop",
    "graceful-restart": "graceful_restart",
    "disable-connected-check": "any_hop",
}


def neighbors(text: str) -> dict[tuple[str, str], Told]:
    """All of them. A word that is not known is an error, as it would hide what a session is told."""
    found: dict[tuple[str, str], Told] = {}
    vrf, my_asn, router_id, family = "", 0, "", ""
    for line in text.splitlines():
        match line.split():
            case ["router", "bgp", number, *rest]:
                vrf, my_asn, router_id, family = (rest[1] if rest else "default"), int(number), "", ""
            case ["bgp", "router-id", value]:
                router_id = value
            case ["address-family", word, "unicast"]:
                family = word
            case ["neighbor", neighbor, "activate"]:
                found[vrf, neighbor].families.append(family)
            case ["neighbor", _, "route-map", _, "in" | "out"]:
                pass
            case ["neighbor", neighbor, *words]:
                _tell(found.setdefault((vrf, neighbor), Told(my_asn, router_id)), words)
    return found


def _tell(told: Told, words: list[str]) -> None:
    match words:
        case ["remote-as", number] | ["interface", "remote-as", number]:
            assert not told.remote, "two sessions with one neighbor"
            told.remote, told.interface = number, words[0] == "interface"
        case ["local-as", number, "no-prepend", "replace-as"]:
            told.local_asn = int(number)
        case ["port", number]:
            told.port = int(number)
        case ["timers", "connect", seconds]:
            told.connect = int(seconds)
        case ["timers", keepalive, hold]:
            told.timers = int(keepalive), int(hold)
        case ["bfd", "profile", name]:
            told.bfd_profile = name
        case ["password" | "update-source" as word, value]:
            setattr(told, _TEXTS[word], value)
        case [word]:
            setattr(told, _FLAGS[word], True)
        case _:
            raise AssertionError(words)
