from __future__ import annotations

import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BgpuiConfig(AppConfig):
    name = "bgpui"

    def ready(self) -> None:
        # The rows that a process keeps are no garbage; looking through all of them as often as Python does by default
        # costs a third of a Review of a large cluster; looking as often through what is young, 3 % of a sweep.
        gc.set_threshold(20_000, 10, 10)
        # Loaded here, not in the package, so that `bgpui status` runs without Celery.
        from bgpui import celery  # noqa: F401
        from bgpui.roles import roles_write

        # The last app to migrate: by then every model has its permissions.
        post_migrate.connect(roles_write, sender=self)
