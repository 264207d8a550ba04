"""/api/v1/bgppeers/ and bfdprofiles/."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet

from clusters.api.filters import resource_filters, resource_ordering
from clusters.api.schema import documented_read, documented_write, resource_serializer
from clusters.api.viewsets import ReadResourceViewSet, ResourceViewSet
from peers.models import BFDProfile, BGPPeer

_BGPPEER = resource_serializer(BGPPeer.KIND, sessions=True)
_EXAMPLE = {
    "apiVersion": BGPPeer.KIND.api_version,
    "kind": BGPPeer.KIND.kind,
    "metadata": {"name": "rack-1", "namespace": "metallb-system"},
    "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1", "holdTime": "30s", "keepaliveTime": "10s"},
}
_AXIS = {
    "up": Q(sessions_intended__gt=0, sessions_up=F("sessions_intended")),
    "degraded": Q(sessions_degraded__gt=0),
    "down": Q(sessions_down__gt=0),
    "none": Q(sessions_intended=0),
}


class SessionAxisFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Peers whose sessions are all up, some degraded, some down, or none intended."""

    def __init__(self) -> None:
        super().__init__(choices=[(word, word) for word in _AXIS], label="Session axis", field_name="sessions_intended")

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows; all for no value."""
        return qs.filter(_AXIS[value]) if value in _AXIS else qs


@documented_read(BGPPeer.KIND)
@documented_write(BGPPeer.KIND, _BGPPEER, _EXAMPLE)
class BGPPeerViewSet(ResourceViewSet):
    """BGPPeers, with the session axis."""

    model = BGPPeer
    queryset = BGPPeer.objects.none()  # names the model whose permissions count
    serializer_class = _BGPPEER
    filterset_class = resource_filters(BGPPeer, sessions=SessionAxisFilter())
    ordering_fields = {
        **resource_ordering(BGPPeer.KIND),
        **{f"sessions.{axis}": f"sessions_{axis}" for axis in ("intended", "up", "degraded", "down")},
    }

    def represent(self, row: BGPPeer) -> dict[str, Any]:
        """The resource with its sessions."""
        axis = {word: getattr(row, f"sessions_{word}") for word in ("intended", "up", "degraded", "down", "at")}
        return {**super().represent(row), "sessions": axis}


@documented_read(BFDProfile.KIND)
class BFDProfileViewSet(ReadResourceViewSet):
    """BFDProfiles, read-only."""

    model = BFDProfile
    queryset = BFDProfile.objects.none()
    serializer_class = resource_serializer(BFDProfile.KIND)
    filterset_class = resource_filters(BFDProfile)
    ordering_fields = resource_ordering(BFDProfile.KIND)
