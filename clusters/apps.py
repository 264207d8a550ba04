from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from clusters.clock import clock


class ClustersConfig(AppConfig):
    name = "clusters"

    def ready(self) -> None:
        connection_created.connect(clock.read)
