"""BFDProfile, metallb.io/v1beta1."""

from __future__ import annotations

from django.db import models

from clusters.models import Resource
from intent.kinds import KINDS


class BFDProfile(Resource):
    """Timers of a BFD session (RFC 5880); intervals in milliseconds."""

    KIND = KINDS["BFDProfile"]
    PAGE = "bfd-profile"

    receive_interval = models.IntegerField(null=True)
    transmit_interval = models.IntegerField(null=True)
    detect_multiplier = models.IntegerField(null=True)
    echo_interval = models.IntegerField(null=True)
    echo_mode = models.BooleanField(null=True)
    passive_mode = models.BooleanField(null=True)
    minimum_ttl = models.IntegerField(null=True)

    class Meta(Resource.Meta):
        verbose_name = "BFD profile"
