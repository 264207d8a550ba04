"""IPAddressPool, metallb.io/v1beta1."""

from __future__ import annotations

from django.db import models

from clusters.models import Resource
from intent.kinds import KINDS


class IPAddressPool(Resource):
    """Addresses that MetalLB gives to services of type LoadBalancer."""

    KIND = KINDS["IPAddressPool"]
    PAGE = "pool"

    addresses = models.JSONField(null=True)
    auto_assign = models.BooleanField(null=True)
    avoid_buggy_ips = models.BooleanField(null=True)
    service_allocation = models.JSONField(null=True)

    class Meta(Resource.Meta):
        verbose_name = "address pool"
