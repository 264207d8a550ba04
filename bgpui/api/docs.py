"""The OpenAPI description, and Swagger UI from our own host, without inline script or style."""

from __future__ import annotations

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny, IsAuthenticated


class SchemaView(SpectacularAPIView):
    """The OpenAPI description, as YAML or JSON."""

    permission_classes = (IsAuthenticated,)


class SwaggerView(SpectacularSwaggerSplitView):
    """The page; at the same address with `?script=` what configures Swagger UI. The route asks for a login."""

    permission_classes = (AllowAny,)
    template_name = "api/swagger.html"
