"""Follow what changes in the clusters as it changes; runs until it is told to end."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clusters.watching.process import TAKEOVER, watch_until_told

_SHORTEST = 1.0


class Command(BaseCommand):
    help = (
        "Keep the rows within a second of the clusters, by their event streams, until SIGTERM. One such process does "
        "the work for all clusters; a second one waits, and takes over if the first falls silent. Without any bgpui "
        "looks at the clusters every few seconds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        text = f"Seconds of silence after which a waiting process takes over, {TAKEOVER:g} if not given."
        parser.add_argument("--takeover", type=float, default=TAKEOVER, help=f"{text} The same for all of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        takeover: float = options["takeover"]
        if not _SHORTEST <= takeover <= 3600:
            raise CommandError(f"--takeover must be {_SHORTEST:g} to 3600 seconds")
        asyncio.run(watch_until_told(takeover))
