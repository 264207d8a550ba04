from __future__ import annotations

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from clusters.changesets.signals import changeset_applied
        from clusters.kindpages import register_page
        from dashboard.guided.asking import ask_soon
        from dashboard.pages import PEER_WITH_SESSIONS

        register_page(PEER_WITH_SESSIONS)
        changeset_applied.connect(ask_soon, dispatch_uid="ask_soon")
