"""Settings of bgpui, all from the environment (docs/settings.md); the defaults run on SQLite and an embedded Redis."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from environs import Env, validate

from bgpui.api import configuration
from bgpui.env import known_names, mail_server, parse_clusters, parse_keys, public_url, read_files, reject_unknown
from bgpui.queues import ROUTES, schedule

django_stubs_ext.monkeypatch()

read_files(os.environ)
env = Env(expand_vars=False)
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("BGPUI_VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("BGPUI_DEBUG", False)
# Without a key of its own an installation gets a random one: sessions end with the process, nothing is guessable.
SECRET_KEY = env.str("BGPUI_SECRET_KEY", "", validate=lambda key: validate.Length(min=32)(key) if key else None) or (
    secrets.token_urlsafe(48)
)
ALLOWED_HOSTS = env.list("BGPUI_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("BGPUI_TRUSTED_ORIGINS", [])
HTTPS = env.bool("BGPUI_HTTPS", False)

BGPUI_CLUSTERS = parse_clusters(env.str("BGPUI_CLUSTERS", ""))
BGPUI_CREDENTIAL_KEYS = parse_keys(env.list("BGPUI_CREDENTIAL_KEYS", []))
BGPUI_INSECURE_CLUSTERS = env.bool("BGPUI_INSECURE_CLUSTERS", False)
BGPUI_SWEEP_INTERVAL = env.float("BGPUI_SWEEP_INTERVAL", 10.0, validate=validate.Range(min=1, max=600))
BGPUI_OBSERVE = env.str("BGPUI_OBSERVE", "sweep", validate=validate.OneOf(["sweep", "quiet", "no-exec"]))
BGPUI_RELIST_INTERVAL = env.float("BGPUI_RELIST_INTERVAL", 5.0, validate=validate.Range(min=1, max=3600))
BGPUI_SHARD_SIZE = env.int("BGPUI_SHARD_SIZE", 200, validate=validate.Range(min=1))
BGPUI_ZONE_LABEL = env.str("BGPUI_ZONE_LABEL", "topology.kubernetes.io/zone", validate=validate.Length(min=1, max=317))
BGPUI_COMPARE_INTERVAL = env.float("BGPUI_COMPARE_INTERVAL", 300.0, validate=validate.Range(min=10, max=86400))
BGPUI_EXEC_CONCURRENCY = env.int("BGPUI_EXEC_CONCURRENCY", 32, validate=validate.Range(min=1, max=512))
BGPUI_EXEC_TIMEOUT = env.float("BGPUI_EXEC_TIMEOUT", 5.0, validate=validate.Range(min=0.1, max=120))
BGPUI_API_TIMEOUT = env.float("BGPUI_API_TIMEOUT", 10.0, validate=validate.Range(min=0.1, max=120))
BGPUI_URL = public_url(env.str("BGPUI_URL", ""))
BGPUI_TRANSITION_DAYS = env.int("BGPUI_TRANSITION_DAYS", 90, validate=validate.Range(min=1))
BGPUI_COUNTER_DAYS = env.int("BGPUI_COUNTER_DAYS", 7, validate=validate.Range(min=1, max=90))
BGPUI_FLAP_COUNT = env.int("BGPUI_FLAP_COUNT", 3, validate=validate.Range(min=2, max=1000))
BGPUI_FLAP_WINDOW = env.int("BGPUI_FLAP_WINDOW", 900, validate=validate.Range(min=10, max=86_400))
BGPUI_CHANGE_DAYS = env.int("BGPUI_CHANGE_DAYS", 365, validate=validate.Range(min=1))
BGPUI_CHANGE_ADDRESS = env.bool("BGPUI_CHANGE_ADDRESS", False)
BGPUI_CONFIRM_SESSIONS = env.float("BGPUI_CONFIRM_SESSIONS", 25.0, validate=validate.Range(min=0, max=100))
BGPUI_SAFE_APPLY_GRACE = env.float("BGPUI_SAFE_APPLY_GRACE", 90.0, validate=validate.Range(min=0, max=3600))
BGPUI_METRICS_OPEN = env.bool("BGPUI_METRICS_OPEN", False)
BGPUI_METRICS_SESSIONS = env.bool("BGPUI_METRICS_SESSIONS", False)
BGPUI_SECRETS_BY_WORKER = env.bool("BGPUI_SECRETS_BY_WORKER", False)
BGPUI_ALIVE = env.str("BGPUI_ALIVE", "")
BGPUI_TEST_WORKLOADS = known_names(env.list("BGPUI_TEST_WORKLOADS", []), BGPUI_CLUSTERS)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "clusters",
    "peers",
    "pools",
    "speakers",
    "alarms",
    "dashboard",
    "bgpui",
]
MIDDLEWARE = [
    "bgpui.middleware.MachinesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "bgpui.middleware.NoNulMiddleware",
    "bgpui.middleware.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "bgpui.middleware.OriginMiddleware",
]
ROOT_URLCONF = "bgpui.urls"
ASGI_APPLICATION = "bgpui.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.chrome",
            ],
        },
    },
]

DATABASES = {"default": env.dj_db_url("BGPUI_DATABASE_URL", f"sqlite:///{VAR_DIR / 'bgpui.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers queue for the lock at BEGIN instead of failing in the middle of a transaction.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("BGPUI_REDIS_URL", f"unix://{VAR_DIR / 'redis.sock'}")
_BROKER = REDIS_URL.replace("unix://", "redis+socket://", 1)

CELERY_BROKER_URL = _BROKER
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 180,
    # A saved edit does not wait for a Redis that is away: beat gives it to a worker later.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "observe"
CELERY_TASK_ROUTES = ROUTES
# Nothing to remember: every period is of seconds, and a file that a crash cut short would keep beat from starting.
CELERY_BEAT_SCHEDULER = "bgpui.alive:Scheduler"
CELERY_BEAT_SCHEDULE = schedule(sweep=BGPUI_SWEEP_INTERVAL, relist=BGPUI_RELIST_INTERVAL)

_MAIL = mail_server(env.str("BGPUI_EMAIL_URL", ""))  # of alarms' routes
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL
DEFAULT_FROM_EMAIL = env.str("BGPUI_EMAIL_FROM", "bgpui@localhost")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
_COLLECTED = env.str("BGPUI_STATIC_ROOT", "")
STATIC_ROOT = Path(_COLLECTED) if _COLLECTED else VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not _COLLECTED
WHITENOISE_MAX_AGE = 3600

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "UserAttributeSimilarityValidator")
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Browsers tell cookies apart by host, not by port: two installations on one host keep their own sessions.
_COOKIE = env.str("BGPUI_COOKIE_NAME", "bgpui", validate=validate.Regexp(r"^[a-z0-9_-]{1,40}$"))
SESSION_COOKIE_NAME = f"__Host-{_COOKIE}" if HTTPS else _COOKIE
CSRF_COOKIE_NAME = f"{SESSION_COOKIE_NAME}-csrf"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

REST_FRAMEWORK, SPECTACULAR_SETTINGS = configuration.REST_FRAMEWORK, configuration.SPECTACULAR_SETTINGS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"refusals": {"()": "bgpui.logs.RefusalFilter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django.request": {"filters": ["refusals"]}},
    "root": {
        "handlers": ["stderr"],
        "level": env.str(
            "BGPUI_LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
        ),
    },
}

reject_unknown(env, dict(os.environ))
