"""Community, metallb.io/v1beta1."""

from __future__ import annotations

from django.db import models

from clusters.models import Resource
from intent.kinds import KINDS


class Community(Resource):
    """Names for BGP communities."""

    KIND = KINDS["Community"]
    PAGE = "community"

    communities = models.JSONField(null=True)

    class Meta(Resource.Meta):
        verbose_name = "community"
        verbose_name_plural = "communities"
