"""The first user of an installation, or one more; safe to repeat."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from bgpui.models import token_create, token_of
from bgpui.roles import ADMIN, ROLES, role_give

_STDIN = Path("-")


class Command(BaseCommand):
    help = (
        "Make sure that a user exists with this role, the password in one file and an API token in another. "
        "A token file that is missing, or whose token is no longer valid, is written anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--role", choices=ROLES, default=ADMIN)
        parser.add_argument("--password-file", type=Path, help="Its first line is the password; - = standard input.")
        parser.add_argument(
            "--token-file", type=Path, help="Where the key of an API token is kept, readable by you alone."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password_file: Path | None = options["password_file"]
        token_file: Path | None = options["token_file"]
        with transaction.atomic():
            user, created = User.objects.get_or_create(username=options["username"])
            if created:
                user.set_unusable_password()
                user.save(update_fields=["password"])
            role_give(user=user, role=options["role"])
            if password_file is not None:
                self._password(user, password_file)
            if token_file is not None:
                self._token(user, token_file)
        if options["verbosity"]:
            self.stdout.write(f"{user.username} is {options['role']}")

    def _password(self, user: User, path: Path) -> None:
        try:
            text = sys.stdin.read() if path == _STDIN else path.read_text()
            password = text.partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"the password file cannot be read: {error}") from error
        if not password:
            raise CommandError(f"{path} holds no password")
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])

    def _token(self, user: User, path: Path) -> None:
        known = token_of(path.read_text().strip()) if path.is_file() else None
        if known is not None and known.user == user:
            return
        _token, key = token_create(user=user, name="bootstrap")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{key}\n")
