"""BGPAdvertisement, metallb.io/v1beta1."""

from __future__ import annotations

from django.db import models

from clusters.models import Resource
from intent.kinds import KINDS


class BGPAdvertisement(Resource):
    """Announces the addresses of pools to BGP peers."""

    KIND = KINDS["BGPAdvertisement"]
    PAGE = "bgp-advertisement"

    ip_address_pools = models.JSONField(null=True)
    ip_address_pool_selectors = models.JSONField(null=True)
    peers = models.JSONField(null=True)
    node_selectors = models.JSONField(null=True)
    service_selectors = models.JSONField(null=True)
    aggregation_length = models.IntegerField(null=True)
    aggregation_length_v6 = models.IntegerField(null=True)
    local_pref = models.BigIntegerField(null=True)
    communities = models.JSONField(null=True)

    class Meta(Resource.Meta):
        verbose_name = "BGP advertisement"
