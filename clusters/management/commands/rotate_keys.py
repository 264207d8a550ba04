"""Encrypt what is stored encrypted with the first key of BGPUI_CREDENTIAL_KEYS; safe to repeat."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clusters.connecting.sealing import MAKE_KEY, NO_KEY, has_key, sealed_again, sealed_models


class Command(BaseCommand):
    help = (
        "Encrypt the stored credentials of clusters and the secrets of alarm routes anew, with the first key of "
        "BGPUI_CREDENTIAL_KEYS. To exchange a key: put a new one before it, start all processes again, run this, take "
        "the old one away, start again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new", action="store_true", help="Only print a new key.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        if not has_key():
            raise CommandError(f"{NO_KEY} {MAKE_KEY}")
        done, kept, lost = 0, 0, list[str]()
        for model, column in sealed_models().items():
            rows = model._default_manager.exclude(sealed="").order_by(column)  # noqa: SLF001  # Django's public name
            for pk, name, sealed in rows.values_list("pk", column, "sealed"):
                again = sealed_again(sealed)
                if again is None:
                    lost.append(name)
                elif not again:
                    kept += 1
                else:  # only if nobody has replaced it meanwhile
                    done += rows.filter(pk=pk, sealed=sealed).order_by().update(sealed=again)
        self.stdout.write(f"{done} encrypted anew, {kept} already with the first key")
        if lost:
            raise CommandError(f"no key opens what is stored of {', '.join(lost)}: add the key, or replace it")
