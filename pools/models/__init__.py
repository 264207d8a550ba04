"""Rows that mirror MetalLB's pools, and what announces them."""

from __future__ import annotations

from pools.models.bgpadvertisement import BGPAdvertisement
from pools.models.community import Community
from pools.models.ipaddresspool import IPAddressPool
from pools.models.l2advertisement import L2Advertisement

__all__ = ["BGPAdvertisement", "Community", "IPAddressPool", "L2Advertisement"]
