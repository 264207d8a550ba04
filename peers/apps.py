from __future__ import annotations

from django.apps import AppConfig


class PeersConfig(AppConfig):
    name = "peers"

    def ready(self) -> None:
        from clusters.registry import register
        from peers.models import BFDProfile, BGPPeer

        register(BGPPeer)
        register(BFDProfile)
