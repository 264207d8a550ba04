from __future__ import annotations

from django.apps import AppConfig


class SpeakersConfig(AppConfig):
    name = "speakers"

    def ready(self) -> None:
        from clusters.heard import register
        from speakers.heard import heard_of, print_of

        register(heard_of, print_of)
