"""Follow what changes in the clusters as it changes; runs until it is told to end."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from clusters.watching.process import watch_until_told


class Command(BaseCommand):
    help = (
        "Keep the rows within a second of the clusters, by their event streams, until SIGTERM. One such process is "
        "enough for all clusters; without it bgpui looks at them every few seconds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(watch_until_told())
