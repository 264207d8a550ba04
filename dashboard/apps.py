from __future__ import annotations

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from clusters.kindpages import register_page
        from dashboard.pages import PEER_WITH_SESSIONS

        register_page(PEER_WITH_SESSIONS)
