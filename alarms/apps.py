from __future__ import annotations

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    name = "alarms"

    def ready(self) -> None:
        """Entries of the history about its own rows have kinds of their own, and what routes keep is encrypted."""
        from alarms.models import Route
        from alarms.services import KINDS
        from clusters.connecting.audit import own_kinds_register
        from clusters.connecting.sealing import sealed_keep

        own_kinds_register("Alarm", *KINDS.values())
        sealed_keep(Route, "name")
