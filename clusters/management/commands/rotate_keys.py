"""Encrypt stored credentials of clusters with the first key of BGPUI_CREDENTIAL_KEYS; safe to repeat."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clusters.connecting.sealing import MAKE_KEY, NO_KEY, access_of, access_seal, has_key, is_current
from clusters.kube.errors import Unreachable
from clusters.models import Credential


class Command(BaseCommand):
    help = (
        "Encrypt the stored credentials of clusters anew, with the first key of BGPUI_CREDENTIAL_KEYS. To exchange a "
        "key: put a new one before it, start all processes again, run this, take the old one away, start again."
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
        for credential in Credential.objects.select_related("cluster").order_by("cluster__name"):
            if is_current(credential):
                kept += 1
                continue
            try:
                sealed = access_seal(credential.cluster, access_of(credential))
            except Unreachable:
                lost.append(credential.cluster.name)
                continue
            # Only if nobody has replaced them meanwhile.
            done += Credential.objects.filter(pk=credential.pk, sealed=credential.sealed).update(sealed=sealed)
        self.stdout.write(f"{done} encrypted anew, {kept} already with the first key")
        if lost:
            raise CommandError(f"no key opens the credentials of {', '.join(lost)}: add the key, or replace them")
