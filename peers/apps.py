from __future__ import annotations

from django.apps import AppConfig


class PeersConfig(AppConfig):
    name = "peers"

    def ready(self) -> None:
        from clusters.kindpages import register_page
        from clusters.registry import register
        from peers.pages import BFD_PROFILE, PEER

        for page in (PEER, BFD_PROFILE):
            register(page.model)
            register_page(page)
