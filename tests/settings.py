"""Settings of a test run: a fresh folder and Redis socket, nothing from the developer's shell."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

for _name in [name for name in os.environ if name.startswith("BGPUI_")]:
    del os.environ[_name]
RUN_DIR = Path(tempfile.mkdtemp(prefix="bgpui-test-"))
REDIS_SOCKET = RUN_DIR / "redis.sock"
os.environ["BGPUI_VAR_DIR"] = str(RUN_DIR)
os.environ["BGPUI_SECRET_KEY"] = secrets.token_urlsafe(48)
os.environ["BGPUI_REDIS_URL"] = os.environ.get("TEST_REDIS_URL", f"unix://{REDIS_SOCKET}")
if "TEST_DATABASE_URL" in os.environ:
    os.environ["BGPUI_DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from bgpui.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # logins in tests need not be slow
