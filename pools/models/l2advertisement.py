"""L2Advertisement, metallb.io/v1beta1."""

from __future__ import annotations

from django.db import models

from clusters.models import Resource
from intent.kinds import KINDS


class L2Advertisement(Resource):
    """Announces the addresses of pools with ARP and NDP."""

    KIND = KINDS["L2Advertisement"]
    PAGE = "l2-advertisement"

    ip_address_pools = models.JSONField(null=True)
    ip_address_pool_selectors = models.JSONField(null=True)
    node_selectors = models.JSONField(null=True)
    preferred_node_selectors = models.JSONField(null=True)
    interfaces = models.JSONField(null=True)
    service_selectors = models.JSONField(null=True)

    class Meta(Resource.Meta):
        verbose_name = "L2 advertisement"
