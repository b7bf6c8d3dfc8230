"""WSGI entry point, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

from apps.common.requests import Utf8WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

django = get_wsgi_application()
django.request_class = Utf8WSGIRequest

from apps.gateway.wsgi import Gateway  # noqa: E402 - it needs the apps to be ready

application = Gateway(django)
