"""ASGI entry point, for deployments that want it; WSGI is faster for what we serve."""

import os

from django.core.asgi import get_asgi_application

from apps.common.requests import Utf8ASGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

application = get_asgi_application()
application.request_class = Utf8ASGIRequest
