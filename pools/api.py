"""/api/v1/ipaddresspools/, bgpadvertisements/, l2advertisements/ and communities/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.kinds import resource_endpoint
from clusters.api.shapes import COUNT, NOT_UP, shape
from clusters.api.shared import SharedResourceViewSet
from clusters.edits.inforce import as_in_force
from clusters.selectors import resource_list
from pools.models import BGPAdvertisement, Community, IPAddressPool, L2Advertisement
from pools.over import announced_over, over_json
from pools.use import PoolUse, uses_of


def _example(spec: dict[str, Any], name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "metallb-system"}, "spec": spec}


class _Announced(SharedResourceViewSet):
    """Pools and advertisements; one of them with the sessions that it is meant over."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them, with these sessions and how many of them are up."""
        response = super().retrieve(request, *args, **kwargs)
        response.data["announcedOver"] = over_json(announced_over(self.get_object()))
        return response


class _WithUse(_Announced):
    """Pools with how much of each is in use."""

    def get_queryset(self) -> QuerySet[Any]:
        """With what MetalLB says of the use, which is in the object."""
        return resource_list(self.model.KIND.kind).defer("base")

    def represent(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """The resources with their use, in one query more."""
        used = uses_of(as_in_force(rows))
        return [
            {**resource, "use": _use(used[row.pk])} for row, resource in zip(rows, super().represent(rows), strict=True)
        ]


def _use(use: PoolUse) -> dict[str, Any]:
    families = {
        f"ipv{one.version}": {
            "total": one.total, "used": one.used, "free": one.left, "assigned": one.assigned, "available": one.available
        }
        for one in use.families
    }  # fmt: skip
    return {"services": use.services, "ipv4": None, "ipv6": None, **families}


_NUMBER = {"type": "integer", "minimum": 0}
_SAID = {"type": ["integer", "null"], "description": "As MetalLB says."}
_FAMILY = {
    "type": ["object", "null"],
    "description": "null for a pool without such addresses. IPv6 numbers may need more than 64 bits.",
    "properties": {
        **dict.fromkeys(("total", "used", "free"), _NUMBER),
        **dict.fromkeys(("assigned", "available"), _SAID),
    },
}
USE = {
    "type": "object",
    "readOnly": True,
    "description": "What Services have of the pool, and what is left.",
    "properties": {"services": _NUMBER, "ipv4": _FAMILY, "ipv6": _FAMILY},
}
OVER = shape(
    {
        "meant": COUNT,
        "up": COUNT,
        "notUp": NOT_UP,
        "differing": COUNT,
        "unclear": COUNT,
        "unsure": COUNT,
        "notAsMeant": NOT_UP,
    },
    readOnly=True,
    description="The sessions over which addresses of it are meant to be announced, and how many of these are up; told "
    "when one object is asked for.",
) | {"type": ["object", "null"]}
IPAddressPoolViewSet = resource_endpoint(
    IPAddressPool,
    _example({"addresses": ["203.0.113.0/24", "2001:db8::10-2001:db8::1f"]}, "blue"),
    base=_WithUse,
    beside={"use": USE, "announcedOver": OVER},
)
BGPAdvertisementViewSet = resource_endpoint(
    BGPAdvertisement,
    _example({"ipAddressPools": ["blue"], "communities": ["65535:65282"]}, "blue-to-everybody"),
    base=_Announced,
    beside={"announcedOver": OVER},
)
L2AdvertisementViewSet = resource_endpoint(
    L2Advertisement, _example({"ipAddressPools": ["blue"], "interfaces": ["eth0"]}, "blue")
)
CommunityViewSet = resource_endpoint(
    Community, _example({"communities": [{"name": "no-advertise", "value": "65535:65282"}]}, "aliases")
)
