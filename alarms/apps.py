from __future__ import annotations

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    name = "alarms"

    def ready(self) -> None:
        """Entries of the history about its own rows have kinds of their own."""
        from alarms.services import KINDS
        from clusters.connecting.audit import own_kinds_register

        own_kinds_register("Alarm", *KINDS.values())
