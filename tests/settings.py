"""Settings of a test run: a fresh folder and Redis socket, nothing from the developer's shell."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from lab.ports import free_port

for _name in [name for name in os.environ if name.startswith("BGPUI_")]:
    del os.environ[_name]
RUN_DIR = Path(tempfile.mkdtemp(prefix="bgpui-test-"))
if "REDIS_SERVER" in os.environ:  # an installed one, as installations reach it
    REDIS_URL = f"redis://:{secrets.token_urlsafe(16)}@127.0.0.1:{free_port()}/1"
else:
    REDIS_URL = f"unix://{RUN_DIR / 'redis.sock'}"
os.environ["BGPUI_VAR_DIR"] = str(RUN_DIR)
os.environ["BGPUI_SECRET_KEY"] = secrets.token_urlsafe(48)
os.environ["BGPUI_REDIS_URL"] = REDIS_URL
os.environ["BGPUI_CONFIRM_SESSIONS"] = "100"  # clusters of tests have one or two peers; tests of it say otherwise
if "TEST_DATABASE_URL" in os.environ:
    os.environ["BGPUI_DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from bgpui.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # logins in tests need not be slow
