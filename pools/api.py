"""/api/v1/ipaddresspools/, bgpadvertisements/, l2advertisements/ and communities/."""

from __future__ import annotations

from typing import Any

from clusters.api.kinds import resource_endpoint
from pools.models import BGPAdvertisement, Community, IPAddressPool, L2Advertisement


def _example(spec: dict[str, Any], name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "metallb-system"}, "spec": spec}


IPAddressPoolViewSet = resource_endpoint(
    IPAddressPool, _example({"addresses": ["203.0.113.0/24", "2001:db8::10-2001:db8::1f"]}, "blue")
)
BGPAdvertisementViewSet = resource_endpoint(
    BGPAdvertisement, _example({"ipAddressPools": ["blue"], "communities": ["65535:65282"]}, "blue-to-everybody")
)
L2AdvertisementViewSet = resource_endpoint(
    L2Advertisement, _example({"ipAddressPools": ["blue"], "interfaces": ["eth0"]}, "blue")
)
CommunityViewSet = resource_endpoint(
    Community, _example({"communities": [{"name": "no-advertise", "value": "65535:65282"}]}, "aliases")
)
