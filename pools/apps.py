from __future__ import annotations

from django.apps import AppConfig


class PoolsConfig(AppConfig):
    name = "pools"

    def ready(self) -> None:
        from clusters.kindpages import register_page
        from clusters.registry import register
        from pools.pages import BGP_ADVERTISEMENT, COMMUNITY, L2_ADVERTISEMENT, POOL

        for page in (POOL, BGP_ADVERTISEMENT, L2_ADVERTISEMENT, COMMUNITY):
            register(page.model)
            register_page(page)
