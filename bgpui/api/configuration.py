"""How REST and its description are set up: settings that no installation changes."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "bgpui.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["clusters.api.permissions.ModelPermissions"],
    "DEFAULT_PAGINATION_CLASS": "clusters.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "bgpui.api.problems.handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        f"clusters.api.parsers.{name}" for name in ("DocumentParser", "MergePatchParser", "ManifestYAMLParser")
    ],
    "DEFAULT_FILTER_BACKENDS": ["clusters.api.filters.StrictFilterBackend", "clusters.api.filters.Ordering"],
    "PAGE_SIZE": 100,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "bgpui",
    "DESCRIPTION": "MetalLB's BGP on Kubernetes: what is configured, what should follow from it, and what FRR says.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "bgpui.api.openapi.problems_everywhere",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AlarmKindEnum": "alarms.models.Kind",
        "AlarmRouteKindEnum": "alarms.models.Route.Kind",
        "NoticeKindEnum": "alarms.models.Notice.Kind",
        "NoticeStateEnum": "alarms.models.Notice.State",
        "AlarmSeverityEnum": "alarms.models.Severity",
        "AlarmStateEnum": "alarms.models.Alarm.State",
        "SessionStateEnum": "speakers.models.Session.State",
        "StatusKindEnum": "intent.kinds.READ_KINDS",
        "MatcherNameEnum": "alarms.matchers.NAMES",
        "MatcherOpEnum": "alarms.matchers.OPS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
