"""WSGI entry point, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

from apps.common.requests import Utf8WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

application = get_wsgi_application()
application.request_class = Utf8WSGIRequest
