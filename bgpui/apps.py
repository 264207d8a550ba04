from __future__ import annotations

from django.apps import AppConfig


class BgpuiConfig(AppConfig):
    name = "bgpui"

    def ready(self) -> None:
        # Loaded here, not in the package, so that `bgpui status` runs without Celery.
        from bgpui import celery  # noqa: F401
