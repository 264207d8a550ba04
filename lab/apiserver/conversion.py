"""Objects in another version of their type: what the API server does itself, and what it asks MetalLB's webhook for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from intent.durations import format_duration, parse_duration
from lab.apiserver.errors import internal
from lab.apiserver.resources import Manifest, Resource
from lab.apiserver.schema import prune

Spec = dict[str, Any]
_COPIED = (
    "myASN", "peerASN", "peerAddress", "sourceAddress", "peerPort", "routerID", "password", "bfdProfile",
    "ebgpMultiHop",
)  # fmt: skip
_WRITTEN = {
    "v1beta1": frozenset({"myASN", "peerASN", "peerAddress"}),
    "v1beta2": frozenset({"myASN"}),
}  # what Go writes even if it is the zero value
_ZERO: Mapping[str, Any] = {"myASN": 0, "peerASN": 0, "peerAddress": ""}


def converted(manifest: Manifest, target: Resource) -> Manifest:
    """A copy in the version of `target`: by MetalLB's conversion if there is one, else what the schemas share.

    ApiError 500 if the webhook could not read the object.
    """
    found: Manifest = msgspec.json.decode(msgspec.json.encode(manifest))
    convert = _WEBHOOKS.get(target.group_resource)
    if convert is not None:
        try:
            found |= {"spec": convert(found.get("spec") or {}, target.version), "status": {}}
        except ValueError as error:
            asked = f"conversion webhook for {manifest['apiVersion']}, Kind={manifest['kind']} failed"
            raise internal(f"{asked}: {error}") from None
    found["apiVersion"] = target.api_version
    prune(found, target.schema)
    return found


def _bgp_peer(spec: Spec, version: str) -> Spec:
    """BGPPeer as MetalLB converts it (api/v1beta1/bgppeer_conversion.go), written as Go's encoding/json does.

    Neither version passes more than the fields of v1beta1 on, and timers that were not set come out as 0s.
    """
    read = {**_ZERO, **{name: value for name, value in spec.items() if value is not None}}
    kept = {name: read[name] for name in _COPIED if read.get(name) or name in _WRITTEN[version]}
    timers = {name: _timer(spec.get(name)) for name in ("holdTime", "keepaliveTime")}
    selector = _selector if version == "v1beta2" else _legacy_selector
    selectors = [selector(each) for each in spec.get("nodeSelectors") or ()]
    found = {**kept, **timers, **({"nodeSelectors": selectors} if selectors else {})}
    return {**found, "passwordSecret": {}} if version == "v1beta2" else found


def _timer(text: str | None) -> str:
    """As Go prints the duration; ValueError if it is none."""
    try:
        return format_duration(timedelta(0) if text is None else parse_duration(text))
    except ValueError:
        raise ValueError(f'time: invalid duration "{text}"') from None


def _selector(each: Spec) -> Spec:
    wanted = [{name: value for name, value in one.items() if value} for one in each.get("matchExpressions") or ()]
    found = {"matchLabels": each.get("matchLabels"), "matchExpressions": wanted}
    return {name: value for name, value in found.items() if value}


def _legacy_selector(each: Spec) -> Spec:
    """Values are always there in v1beta1, be they none."""
    found = _selector(each)
    if "matchExpressions" in found:
        found["matchExpressions"] = [{"values": [], **one} for one in found["matchExpressions"]]
    return found


_WEBHOOKS: Mapping[str, Callable[[Spec, str], Spec]] = {"bgppeers.metallb.io": _bgp_peer}
