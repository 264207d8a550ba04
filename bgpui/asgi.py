"""The ASGI application, for `uvicorn bgpui.asgi:application`."""

from __future__ import annotations

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgpui.settings")

# Static files are small, so WhiteNoise's synchronous reads do not hold up the loop; the event stream is asynchronous.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = get_asgi_application()
