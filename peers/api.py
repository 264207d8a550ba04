"""/api/v1/bgppeers/ and bfdprofiles/."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from clusters.api.kinds import resource_endpoint
from clusters.api.passwords import PasswordEndpoint
from clusters.api.schema import documented_read, documented_write, resource_serializer
from clusters.api.shapes import SESSIONS
from clusters.api.spec_filters import resource_filters, resource_ordering
from peers.models import BFDProfile, BGPPeer
from peers.selectors import SESSIONS as AXIS
from peers.selectors import in_vrf

_BGPPEER = resource_serializer(BGPPeer.KIND, {"sessions": SESSIONS})
_EXAMPLE = {
    "apiVersion": BGPPeer.KIND.api_version,
    "kind": BGPPeer.KIND.kind,
    "metadata": {"name": "rack-1", "namespace": "metallb-system"},
    "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1", "holdTime": "30s", "keepaliveTime": "10s"},
}


class SessionAxisFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Peers whose sessions are all up, some degraded, some down, or none intended."""

    def __init__(self) -> None:
        super().__init__(choices=[(word, word) for word in AXIS], label="Session axis", field_name="sessions_intended")

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        return qs.filter(AXIS[value]) if value in AXIS else qs


class VrfFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Peers of a VRF, those without one under the name that their sessions have."""

    def __init__(self) -> None:
        super().__init__(field_name="vrf", label='VRF, "default" for none', strip=False)

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        return qs.filter(in_vrf(value)) if value else qs


@documented_read(BGPPeer.KIND)
@documented_write(BGPPeer.KIND, _BGPPEER, _EXAMPLE)
class BGPPeerViewSet(PasswordEndpoint):
    """BGPPeers; the session axis comes in where sessions are known, in `dashboard.rest`."""

    model = BGPPeer
    queryset = BGPPeer.objects.none()  # names the model whose permissions count
    serializer_class = _BGPPEER
    filterset_class = resource_filters(BGPPeer, vrf=VrfFilter(), sessions=SessionAxisFilter())
    ordering_fields = {
        **resource_ordering(BGPPeer.KIND),
        **{f"sessions.{axis}": f"sessions_{axis}" for axis in ("intended", "up", "degraded", "down")},
    }


BFDProfileViewSet = resource_endpoint(
    BFDProfile,
    {
        "metadata": {"name": "fast", "namespace": "metallb-system"},
        "spec": {"receiveInterval": 150, "transmitInterval": 150, "detectMultiplier": 3},
    },
)
