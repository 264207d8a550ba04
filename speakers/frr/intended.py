"""What the BGPPeer says about the settings that a cause is about; evidence beside FRR's own fields."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intent.sessions import IntendedSession

_REACHING = ("peerPort", "ebgpMultiHop", "sourceAddress")
# Which fields of the BGPPeer a cause is about; the longest beginning of its code counts.
_ABOUT: dict[str, tuple[str, ...]] = {
    "no-route": ("vrf", "ebgpMultiHop"),
    "not-connected": ("vrf", "ebgpMultiHop"),
    "no-answer": _REACHING,
    "no-answer-or-password": (*_REACHING, "password"),
    "no-connection": _REACHING,
    "dialling": _REACHING,
    "idle": _REACHING,
    "connection-rejected": ("sourceAddress",),
    "peer-closed": ("peerPort", "sourceAddress"),
    "vrf-missing": ("vrf",),
    "bad-peer-as": ("peerASN", "dynamicASN", "myASN", "localASN"),
    "bad-bgp-identifier": ("routerID",),
    "unsupported-capability": ("families",),
    "family-missing": ("families",),
    "no-address-family": ("families",),
    "hold-timer-expired": ("holdTime", "keepaliveTime"),
    "unacceptable-hold-time": ("holdTime",),
    "silent": ("holdTime", "keepaliveTime"),
    "bfd-down": ("bfdProfile",),
}


def configured(reason: str, intended: IntendedSession) -> dict[str, str | int | bool | list[str]]:
    """The fields by name, "BGPPeer peerASN"; what is not set is left out, but for switches that are off."""
    about = max((key for key in _ABOUT if reason.startswith(key)), key=len, default="")
    if not about:
        return {}
    values: dict[str, str | int | bool | list[str] | None] = {
        "vrf": intended.vrf,
        "peerPort": intended.port,
        "ebgpMultiHop": None if intended.internal else intended.multihop,
        "sourceAddress": intended.source_address,
        "password": "set" if intended.password else "not set",
        "peerASN": intended.peer_asn,
        "dynamicASN": intended.dynamic_asn,
        "myASN": intended.my_asn,
        "localASN": intended.local_asn,
        "routerID": intended.router_id,
        "families": list(intended.families),
        "holdTime": _words(intended.hold),
        "keepaliveTime": _words(intended.keepalive),
        "bfdProfile": intended.bfd_profile,
    }
    return {f"BGPPeer {name}": value for name in _ABOUT[about] if (value := values[name]) not in (None, "")}


def _words(time: timedelta | None) -> str:
    return "" if time is None else f"{time.total_seconds():g}s"
